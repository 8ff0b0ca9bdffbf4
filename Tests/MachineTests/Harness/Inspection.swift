import Foundation
import Job

/// One job that looks around in its machine; what it saw is read by many tests.
struct Inspection: Sendable {
    let job: SlurmJob
    let state: JobState
    /// What the job's script printed, by the heading above it.
    let sections: [String: String]
    let cluster: Cluster

    static let arguments = ["a b", "", "it's \"so\" $(id) `id` \\", "línea\nsegunda", "-x", "--"]
    static let variables = [
        "PLAIN_QUOTES=it's \"so\" $(id) `id` \\", "PLAIN_LINES=one\ntwo\n\nfour\n",
        "PLAIN_UTF8=Größe 日本 🙂", "PLAIN_EMPTY=", "PLAIN_EQUALS=a=b=c",
    ]
    /// It is dangerous wherever somebody does not quote it.
    static let name = "bivouac-test $(touch /tmp/x)'\";`id` <&> \\"

    private static let preparation = Task.detached {
        try await Scope.run(.busy) {
            let cluster = try await Cluster.ready()
            var submission = Submission(script, ["--job-name=" + name, "--comment=" + name])
            submission.arguments = arguments
            submission.environment = variables
            submission.umask = "027"
            let (job, state) = try await submission.run()
            return Inspection(job: job, state: state, sections: parse(job.text), cluster: cluster)
        }
    }

    static func report() async throws -> Inspection { try await preparation.value }

    static func section(_ name: String) async throws -> String {
        let report = try await report()
        guard let section = report.sections[name] else {
            throw HarnessError(
                "the inspecting job printed no '\(name)': \(report.state) \(report.job.errors)")
        }
        return section
    }

    /// The lines of a section.
    static func lines(_ name: String) async throws -> [String] {
        try await section(name).split(separator: "\n").map(String.init)
    }

    /// What a line `NAME: VALUE` of a section says.
    static func field(_ name: String, of section: String) async throws -> String? {
        try await lines(section).first { $0.hasPrefix(name + ":") }
            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    private static func parse(_ text: String) -> [String: String] {
        var sections: [String: String] = [:]
        for part in text.components(separatedBy: "\n=== ").dropFirst() {
            guard let end = part.firstIndex(of: "\n") else { continue }
            sections[String(part[..<end])] = String(part[part.index(after: end)...])
        }
        return sections
    }

    private static let script = #"""
        section() { printf '\n=== %s\n' "$1"; }
        # Prints whether a command of the shell succeeded.
        try() {
            name=$1; shift
            if (eval "$*") >/dev/null 2>&1 </dev/null; then echo "$name: yes"; else echo "$name: no"; fi
        }
        section arguments; printf '<%s>' "$@"
        section environment; cat /proc/$$/environ
        section umask; umask
        section directory; pwd; ls -A
        section script; echo "$0"; head -n 1 "$0"; stat -c '%U %a' "$0"
        section account; id -u; id -g; id -G; id -un; id -gn; grep "^$(id -un):" /etc/passwd
        section status; cat /proc/self/status
        section session; cut -d' ' -f5,6 /proc/$$/stat; echo $$
        section limits; ulimit -a
        section setuid; find / -xdev -type f -perm -4000 2>/dev/null
        section su; su root -c 'id -u' </dev/null 2>&1; echo "status: $?"
        section sudo; sudo -n id -u </dev/null 2>&1; echo "status: $?"
        section machine; hostname; uname -r; cat /proc/cmdline; cat /proc/sys/kernel/random/boot_id
        section disks
        for disk in vda vdb vdc; do
            try "$disk exists" "[ -b /dev/$disk ]"
            try "$disk read" "head -c 1 /dev/$disk"
            try "$disk written" "echo x >/dev/$disk"
        done
        section context
        found=$(find / -name context.sh -not -path '/proc/*' 2>/dev/null | head -n 1)
        echo "found: $found"
        directory=${found%/*}
        try "append" "echo x >>$found"
        try "create" "touch $directory/new"
        try "remove" "rm -f $found"
        try "remount" "mount -o remount,rw $directory"
        try "bind" "mount --bind /tmp $directory"
        section ports
        for port in /sys/class/virtio-ports/*; do
            device=/dev/${port##*/}
            echo "name: $(cat "$port/name")"
            try "$(cat "$port/name") exists" "[ -c $device ]"
            try "$(cat "$port/name") read" "head -c 1 $device"
            try "$(cat "$port/name") written" "echo x >$device"
        done
        section agent
        for process in /proc/[0-9]*; do
            case "$(tr '\0' ' ' <"$process/cmdline" 2>/dev/null)" in
            *bivouac-guest*) echo "pid: ${process#/proc/}" ;;
            esac
        done
        agent=$(for process in /proc/[0-9]*; do
            case "$(tr '\0' ' ' <"$process/cmdline" 2>/dev/null)" in *bivouac-guest*) echo "${process#/proc/}"; break ;; esac
        done)
        try "killed" "kill -9 $agent"
        try "memory read" "head -c 1 /proc/$agent/mem"
        try "environment read" "[ -n \"\$(cat /proc/$agent/environ)\" ]"
        try "descriptors listed" "ls /proc/$agent/fd"
        section root
        try "passwd written" "echo x >>/etc/passwd"
        try "root written" "touch /new"
        try "module loaded" "modprobe dummy"
        try "device made" "mknod /tmp/device b 254 0"
        try "memory" "head -c 1 /dev/mem"
        try "kernel log" "echo x >/dev/kmsg"
        try "console" "echo x >/dev/ttyS0"
        try "kernel told" "echo 1 >/proc/sys/kernel/panic"
        try "powered off" "poweroff -f"
        try "namespace" "unshare -r true"
        section network; sed -n '3,$s/:.*//p' /proc/net/dev | tr -d ' '
        section features
        for file in "$MACHINEFEATURES"/* "$JOBFEATURES"/*; do echo "${file##*/}: $(cat "$file")"; done
        echo "newlines: $(cat "$MACHINEFEATURES"/* "$JOBFEATURES"/* | wc -l)"
        try "feature written" "echo 1 >$JOBFEATURES/allocated_cpu"
        try "feature made" "touch $JOBFEATURES/new"
        section end
        """#
}
