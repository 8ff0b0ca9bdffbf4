import Audit
import Job
import JobMachine
import Site
import Unix

// What the node keeps of jobs that were and are.
extension Doctor {
    var auditLog: Finding {
        let path = places.auditLog
        guard Files.exists(path) else {
            let days = ((try? Files.names(in: places.evidence)) ?? []).filter { $0.hasPrefix("20") }
            return days.isEmpty
                ? .ok("AuditLog", "\(path) begins with the first job")
                : .failure("AuditLog", "\(path) is gone, and \(places.evidence) tells of jobs")
        }
        if let fault = Self.fault(ofRoots: path, .regular, mode: 0o600) { return .failure("AuditLog", fault) }
        do throws(AuditError) {
            guard let head = try AuditLog(path: path).head(before: Deadline(seconds: 5)) else {
                return .ok("AuditLog", "\(path) is empty")
            }
            return .ok(
                "AuditLog", "line \(head.sequence) is intact; all of it is read by bivouac audit verify")
        } catch {
            return .failure("AuditLog", "no job starts: \(error)")
        }
    }

    var leftovers: Finding {
        do throws(MachineFault) {
            let strays = try Reaper(ending).strays()
            return strays.isEmpty
                ? .ok("Leftovers", "every machine has its job")
                : .warning(
                    "Leftovers",
                    "no live job speaks of \(strays.joined(separator: ", ")): bivouac tick ends what is over")
        } catch {
            return .unknown("Leftovers", "\(error)")
        }
    }

    /// Seconds after which a tick is overdue: three of the longest interval that Slurm's fragment of ours has.
    private static let patience: Int64 = 900

    var tick: Finding {
        guard let status = try? Files.status(places.ticked) else {
            return .warning("Tick", "bivouac tick has not run since the node started: \(Self.whoTicks)")
        }
        let age = now.seconds - status.modified / 1_000_000_000
        guard age < Self.patience else {
            return .warning("Tick", "bivouac tick ended last \(age / 60) min ago: \(Self.whoTicks)")
        }
        let word = (try? Files.read(places.ticked, limit: 16)).map { String(decoding: $0, as: UTF8.self) }
        return word == "0\n"
            ? .ok("Tick", "bivouac tick ended well \(max(0, age)) s ago")
            : .warning(
                "Tick", "the last bivouac tick could not do all it should: run it, and read what it says")
    }

    private static let whoTicks =
        "HealthCheckProgram, node_check_script, the periodic hook or a timer has to call it"
}
