import GuestProtocol
import Testing

/// Agents that a hostile image might run: scripts of the guest's shell that speak on both ports.
enum HostileAgent {
    struct Nonsense: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
    }

    /// What an agent says when it waits for its payload.
    static var ready: [UInt8] {
        frame(.ready, Ready(agent: "bivouac-test", kernel: "hostile", uptime: 1).body)
    }

    static let nonsense = [
        Nonsense(testDescription: "a kind of frame that there is not", bytes: [0xEE, 1, 0, 0, 0, 0]),
        Nonsense(
            testDescription: "a frame longer than any",
            bytes: [FrameKind.stdout.rawValue, 0xFF, 0xFF, 0xFF, 0x7F]),
        Nonsense(testDescription: "an end before the start", bytes: frame(.exited, [0])),
        Nonsense(testDescription: "a frame for the agent", bytes: frame(.stdinEnd, [])),
    ]

    private static func frame(_ kind: FrameKind, _ body: [UInt8]) -> [UInt8] {
        var writer = FrameWriter()
        writer.append(kind, body)
        return writer.take()
    }

    /// Says the one on the control port, and the other on the payload port when the launcher is there.
    static func script(control: [UInt8], payload: [UInt8]) -> String {
        """
        #!/bin/sh
        for port in /sys/class/virtio-ports/*; do
            case $(cat "$port/name") in
            org.bivouac.control) control=/dev/${port##*/} ;;
            org.bivouac.payload) payload=/dev/${port##*/} ;;
            esac
        done
        exec 3<>"$control"
        exec 4<>"$payload"
        printf '\(octal(control))' >&3
        head -c 1 <&4 >/dev/null
        printf '\(octal(payload))' >&4
        sleep 1000

        """
    }

    private static func octal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 8)
            return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }.joined()
    }
}
