import Batch
import Job
import Site
import Unix

// OpenPBS's side of the node: the server gives the hook to MOM, who keeps it in files of its own.
extension Doctor {
    var openPBS: [Finding] {
        let home = "\(places.root)\(pbsHome)/mom_priv/hooks/\(OpenPBSSettings.hook)"
        guard let text = HookFiles.text(home + ".HK") else {
            return [
                .failure(
                    "Scheduler",
                    "\(home).HK is not there: the server gives no hook of ours to this node (qmgr "
                        + "<\(hookDirectory)/bivouac.qmgr)")
            ]
        }
        return [.ok("Scheduler", "OpenPBS: \(home).HK")] + imported(home)
            + [hook("\(hookDirectory)/job_starter", "job_starter")]
            + OpenPBSSettings(text).findings(for: site, server: try? QmgrSettings.ask())
    }

    /// Where `/etc/pbs.conf` puts OpenPBS.
    private var pbsHome: String {
        let lines = HookFiles.text(places.root + "/etc/pbs.conf")?.split(separator: "\n") ?? []
        return lines.last { $0.hasPrefix("PBS_HOME=") }.map { String($0.dropFirst(9)) } ?? "/var/spool/pbs"
    }

    /// What is wrong with the hook and its configuration as MOM has them.
    private func imported(_ home: String) -> [Finding] {
        let script = "\(hookDirectory)/bivouac.py"
        let configuration: String?
        do {
            configuration = try hookFiles(hookDirectory).settings[OpenPBSHookFiles.configuration]
        } catch {
            return [.failure("Hooks", "\(error)")]
        }
        var findings: [Finding] = []
        if HookFiles.text(script) == nil || HookFiles.text(script) != HookFiles.text(home + ".PY") {
            findings.append(.failure("Hooks", "\(home).PY is not \(script): import it again (bivouac.qmgr)"))
        }
        if configuration != HookFiles.text(home + ".CF") {
            findings.append(
                .failure(
                    "Hooks",
                    "\(home).CF does not fit site.toml: bivouac doctor --write-hooks \(hookDirectory), and import "
                        + "\(OpenPBSHookFiles.configuration) again (bivouac.qmgr)"))
        }
        return findings
    }
}
