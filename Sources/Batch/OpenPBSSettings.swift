package import Job
package import Site

/// Our hook of OpenPBS, as its attributes stand in `mom_priv/hooks/bivouac.HK` of a node or in a script of qmgr.
package struct OpenPBSSettings: Sendable {
    /// The hook's name.
    package static let hook = "bivouac"
    private static let events = [
        "runjob", "execjob_prologue", "execjob_launch", "execjob_preterm", "execjob_epilogue", "execjob_end",
        "exechost_periodic",
    ]

    private let values: [String: String]

    /// The attributes in a text with `name=value` lines.
    package init(_ text: String) {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let sides = line.split(separator: "=", maxSplits: 1)
            if sides.count == 2 { values[String(sides[0])] = sides[1].filter { $0 != "\"" } }
        }
        self.values = values
    }

    /// The attributes that a script of qmgr sets.
    package init(_ settings: QmgrSettings) { values = settings.hook(Self.hook) }

    /// What the hook relies on, each with what is wrong with it; `server` is what the server says, if it was asked.
    package func findings(for site: Site, server: QmgrSettings?) -> [Finding] {
        [
            registered, timeouts(site), failAction, .killDelay(of: site, in: server, otherwise: 10),
        ]
    }

    private var registered: Finding {
        guard values["enabled"]?.lowercased() == "true" else {
            return .failure(
                "Hooks", "the hook \(Self.hook) is not enabled: jobs of our queues run on the node itself")
        }
        let events = (values["event"] ?? "").split { $0 == "," || $0 == " " }.map(String.init)
        let missing = Self.events.filter { !events.contains($0) }
        guard missing.isEmpty else {
            return .failure(
                "Hooks", "the hook \(Self.hook) is not called for \(missing.joined(separator: ", "))")
        }
        guard (values["user"] ?? "pbsadmin") == "pbsadmin" else {
            return .failure("Hooks", "the hook \(Self.hook) does not run as root: user = pbsadmin")
        }
        return .ok("Hooks", "the hook \(Self.hook) is called for \(events.count) events")
    }

    private func timeouts(_ site: Site) -> Finding {
        let alarm = values["alarm"].flatMap { Int($0) } ?? 30
        guard alarm > site.prologueTimeout else {
            return .failure(
                "Timeouts",
                "alarm (\(alarm) s) of the hook \(Self.hook) is not above prologue_timeout (\(site.prologueTimeout) s): "
                    + "OpenPBS kills a prologue that still has time, and takes the node out of service")
        }
        return .ok("Timeouts", "prologue_timeout \(site.prologueTimeout) s < alarm \(alarm) s")
    }

    private var failAction: Finding {
        (values["fail_action"] ?? "").contains("offline_vnodes")
            ? .ok("FailAction", "a node that is broken gets no more jobs")
            : .warning(
                "FailAction",
                "fail_action of the hook \(Self.hook) lacks offline_vnodes: a broken node takes every job")
    }
}
