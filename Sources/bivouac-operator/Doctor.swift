import Command
import ImageStore
import ImageTrust
import Job
import JobMachine
import Libvirt
import ListStore
import NameService
import Policy
import Site
import Unix

/// Whether this node will run machines, as a list of questions; each answer is one line with what to do.
struct Doctor {
    /// One answer; the name is stable.
    struct Finding: Encodable {
        enum Verdict: String, Encodable { case ok, warning, failure }

        let name: String
        let verdict: Verdict
        let message: String

        static func ok(_ name: String, _ message: String) -> Finding {
            Finding(name: name, verdict: .ok, message: message)
        }

        static func warning(_ name: String, _ message: String) -> Finding {
            Finding(name: name, verdict: .warning, message: message)
        }

        static func failure(_ name: String, _ message: String) -> Finding {
            Finding(name: name, verdict: .failure, message: message)
        }
    }

    let site: Site
    let places: Places
    let now: Timestamp

    func examine() -> [Finding] {
        [configuration, virtualization, libvirt, accounts] + lists + images + [space] + scheduler
    }

    private var configuration: Finding {
        site.faults.isEmpty
            ? .ok(
                "Configuration", "\(places.siteFile): \(site.queues.count) queues, \(site.lists.count) lists")
            : .failure(
                "Configuration", "\(site.faults[0]) (and \(site.faults.count - 1) more): mend the file")
    }

    private var virtualization: Finding {
        do throws(MachineFault) {
            let verdict = try Hypervisor(site: site, places: places).choose()
            return verdict.kind == .kvm
                ? .ok("Virtualization", "KVM: \(verdict.reason)")
                : .warning("Virtualization", "TCG, which is slow and no security boundary: \(verdict.reason)")
        } catch {
            return .failure("Virtualization", "\(error)")
        }
    }

    private var libvirt: Finding {
        do throws(LibvirtError) {
            let connection = try Connection.open(site.libvirt, limit: site.libvirtTimeout * 1000)
            let versions = (try connection.libraryVersion(), try connection.hypervisorVersion())
            return .ok("Libvirt", "libvirt \(versions.0), QEMU \(versions.1)")
        } catch {
            return .failure("Libvirt", "\(site.libvirt): \(error): is libvirtd running, and virtlogd?")
        }
    }

    private var accounts: Finding {
        var count = 0
        while NameService.account(named: "\(site.qemuAccounts)\(count)", withGroups: false) != nil {
            count += 1
        }
        let wanted = Process.allowedCPUs.count
        if count == 0 {
            return .failure(
                "Accounts", "there is no account \(site.qemuAccounts)0: run hooks/install --accounts N")
        }
        return count < wanted
            ? .warning("Accounts", "\(count) accounts for \(wanted) CPUs: more jobs than that drain the node")
            : .ok("Accounts", "\(count) machines can run at a time")
    }

    private var lists: [Finding] {
        if site.lists.isEmpty { return [.failure("Lists", "no list in \(places.lists): no job can run")] }
        return site.lists.keys.sorted().map { name in
            do {
                guard let list = try ListStore(places).load(name) else {
                    return .failure("Lists", "\(name) was never accepted here: bivouac list refresh \(name)")
                }
                let standing = list.standing(
                    anchors: site.trustAnchors, maximumAge: site.maximumListAge, at: now)
                if let refusal = standing.refusal { return .failure("Lists", "\(name): \(refusal)") }
                let end = min(list.expires, list.created + site.maximumListAge)
                return end - now < 3 * 86_400
                    ? .warning("Lists", "\(name) is good until \(end) only: is a newer one published?")
                    : .ok("Lists", "\(name): version \(list.version), good until \(end)")
            } catch {
                return .failure("Lists", "\(error)")
            }
        }
    }

    /// The images that queues boot when a job names none.
    private var images: [Finding] {
        site.queues.values.sorted { $0.name < $1.name }.compactMap { queue -> Finding? in
            guard let name = queue.image, let rule = site.lists[name.list],
                let list = try? ListStore(places).load(name.list),
                let identifier = ImageIdentifier(rule.images[name.image] ?? name.image),
                let entry = list.image(identifier)?.entry
            else {
                return queue.image.map {
                    .failure("Images", "queue \(queue.name): \($0) is in no accepted list")
                }
            }
            let isHere = (try? ImageStore(directory: places.images).find(entry.sha512)) != nil
            return isHere
                ? .ok("Images", "queue \(queue.name): \(name) is on this node")
                : .warning(
                    "Images",
                    "queue \(queue.name): \(name) is fetched by its first job: bivouac image fetch \(name)")
        }
    }

    private var space: Finding {
        do throws(UnixError) {
            let free = ByteCount(try Files.freeSpace(Files.exists(places.state) ? places.state : "/"))
            return free < .mebibytes(2048)
                ? .failure("Space", "\(free.mebibytes) MiB are free below \(places.state)")
                : .ok("Space", "\(free.mebibytes) MiB are free below \(places.state)")
        } catch {
            return .failure("Space", "\(error)")
        }
    }
}
