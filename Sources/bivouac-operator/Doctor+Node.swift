import Digest
import ImageTrust
import Job
import JobMachine
import NameService
import Site
import Unix

// What is installed and set up on the node.
extension Doctor {
    var configuration: Finding {
        if let fault = site.faults.first {
            let more = site.faults.count > 1 ? " (and \(site.faults.count - 1) more)" : ""
            return .failure("Configuration", "\(fault)\(more): mend the file")
        }
        if let ignored = site.ignored.first {
            return .warning("Configuration", "\(ignored) is not read: its name does not end in .toml")
        }
        guard !site.queues.isEmpty else {
            return .failure("Configuration", "\(places.siteFile) has no [queue.NAME]: no job gets a machine")
        }
        return .ok(
            "Configuration",
            "\(places.siteFile): \(site.queues.count) queues, \(site.lists.count) lists, "
                + "\(site.denials.count) denials")
    }

    /// Every program is root's and as it was installed.
    var installed: Finding {
        let directory = programs.directory
        var above = directory
        while above != "/" {
            if let fault = Self.fault(ofRoots: above, .directory, sharing: above != directory) {
                return .failure("Programs", fault)
            }
            above = Files.parent(above)
        }
        guard let sums = try? Files.read(directory + "/SHA256SUMS", limit: 1 << 16) else {
            return .failure("Programs", "\(directory)/SHA256SUMS is not there: run hooks/install")
        }
        var count = 0
        for line in String(decoding: sums, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2 else { return .failure("Programs", "SHA256SUMS cannot be read") }
            let path = "\(directory)/\(words[1])"
            if let fault = Self.fault(ofRoots: path, .regular, mode: 0o755) {
                return .failure("Programs", "\(fault), or run hooks/install again")
            }
            guard let digest = Self.digest(path), digest == words[0] else {
                return .failure("Programs", "\(path) is not what was installed: run hooks/install again")
            }
            count += 1
        }
        for name in ["bivouac-run", "bivouac-guest"] where !Self.isStatic("\(directory)/\(name)") {
            return .failure(
                "Programs", "\(directory)/\(name) is not a static program: build with --static-swift-stdlib")
        }
        guard Files.exists("/usr/bin/qemu-img") else {
            return .warning(
                "Programs", "/usr/bin/qemu-img is not there (qemu-utils): no image in VMDK comes")
        }
        return .ok("Programs", "\(count) programs in \(directory), release \(Programs.version)")
    }

    private static func digest(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(path, [.read, .noFollow]) else { return nil }
        var hash = Sha256()
        guard (try? file.pieces { hash.update($0) }) != nil else { return nil }
        return Hexadecimal.text(hash.finish())
    }

    /// Whether a program asks for no loader: its ELF header lists no segment of type PT_INTERP, see elf(5).
    static func isStatic(_ path: String) -> Bool {
        guard let file = try? FileDescriptor.open(path, [.read, .noFollow]),
            let head = try? file.read(upTo: 4096), head.count >= 64,
            head.starts(with: Array("\u{7F}ELF".utf8))
        else { return false }
        func number(_ offset: Int, _ width: Int) -> Int {
            guard offset + width <= head.count else { return -1 }
            return (0..<width).reversed().reduce(0) { $0 << 8 | Int(head[offset + $1]) }
        }
        let (table, size, count) = (number(32, 4), number(54, 2), number(56, 2))
        let kinds = (0..<count).map { number(table + $0 * size, 4) }
        return count > 0 && !kinds.contains(3) && !kinds.contains(-1)
    }

    /// What holds evidence and the node's state is root's; what nobody else may read has that mode.
    var directories: Finding {
        let directories = [
            places.configuration, places.endorsers, places.lists, places.denials, places.snippets, places.run,
            places.jobs, places.state, places.machines, places.replays, places.looks, places.images,
            places.listStates, places.tools, places.userDisks,
        ]
        let secret = [places.unlogged, places.evidence, Files.parent(places.auditLog)]
        let wanted: [(path: String, kind: FileStatus.Kind, mode: UInt32?)] =
            directories.map { ($0, .directory, nil) } + secret.map { ($0, .directory, 0o700) }
            + [(places.siteFile, .regular, nil), (places.accounts, .regular, 0o600)]
        // What is not there yet is made, as it has to be, by whoever needs it.
        for (path, kind, mode) in wanted where path == places.configuration || Files.exists(path) {
            if let fault = Self.fault(ofRoots: path, kind, mode: mode) {
                return .failure("Directories", fault)
            }
        }
        return .ok("Directories", "all that must be root's alone is")
    }

    /// The accounts of machines.
    var pool: [Account] {
        let name = site.qemuAccounts
        return Array(
            sequence(state: 0) { (number: inout Int) -> Account? in
                defer { number += 1 }
                return NameService.account(named: "\(name)\(number)", withGroups: false)
            })
    }

    var accounts: Finding {
        let count = pool.count
        if let root = pool.first(where: { $0.uid == 0 }) {
            return .failure("Accounts", "\(root.name) is root: machines must run as anybody else")
        }
        guard count > 0 else {
            return .failure(
                "Accounts", "there is no account \(site.qemuAccounts)0: run hooks/install --accounts N")
        }
        let wanted = Process.allowedCPUs.count
        return count < wanted
            ? .warning("Accounts", "\(count) accounts for \(wanted) CPUs: more jobs than that drain the node")
            : .ok("Accounts", "\(count) machines can run at a time")
    }

    var space: Finding {
        do throws(UnixError) {
            let place = Files.exists(places.state) ? places.state : "/"
            let free = try Files.freeSpace(place) >> 20
            let total = try Files.totalSpace(place) >> 20
            let text = "\(free) MiB are free below \(places.state)"
            if free < 2048 { return .failure("Space", "\(text): jobs drain the node when it is full") }
            let limits = site.store.limit.mebibytes + site.evidence.limit.mebibytes
            return limits > total
                ? .warning(
                    "Space",
                    "[store] and [evidence] limit are \(limits) MiB together, the file system has \(total): lower "
                        + "them")
                : .ok("Space", text)
        } catch {
            return .failure("Space", "\(error)")
        }
    }

    /// Certificates, lists and evidence are judged by the clock.
    var clock: Finding {
        let newest = stored.flatMap { [$0.accepted, $0.refreshed] }.max()
        if let newest, newest - now > 300 {
            return .failure(
                "Clock", "it is \(now) here, and a list came in at \(newest): set the clock")
        }
        switch WallClock.isKeptRight {
        case true?: return .ok("Clock", "\(now), kept right")
        case false?:
            return .warning("Clock", "nothing keeps it right (chrony, ntpd): lists and CRLs are judged by it")
        case nil: return .unknown("Clock", "the kernel does not say whether anything keeps it right")
        }
    }
}
