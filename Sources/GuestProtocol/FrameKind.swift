/// What a frame says; the number is its first byte.
///
/// A frame is one byte of kind, the length of the body in four bytes, little endian, and the body. Kinds below
/// 0x40 go to the agent, kinds from 0x40 on come from it; heartbeats go both ways.
package enum FrameKind: UInt8, CaseIterable, Sendable {
    // Launcher to agent, payload port.

    /// A payload follows: `Begin`.
    case begin = 0x01
    /// The next bytes of the launch order, then of the script.
    case part = 0x02
    /// Bytes for the payload's standard input.
    case stdin = 0x03
    /// The end of the payload's standard input; no body.
    case stdinEnd = 0x04
    /// One byte: a signal of signal(7) that the launcher got.
    case signal = 0x05
    /// Room for more of a stream that the agent sends: `Credit`.
    case outputCredit = 0x06
    /// One byte, a `PayloadStream`: nobody reads it any more.
    case outputClosed = 0x07
    /// The launcher's terminal has this size, `TerminalSize`; before the payload is there also: it is to have a
    /// terminal.
    case terminal = 0x08

    /// Entries of the working directory: `TreeRecord`s.
    case sent = 0x10
    /// No more `returned` is wanted; no body.
    case enough = 0x11

    // Host to agent, control port.

    /// Whoever has connected wants to see `ready` again; no body.
    case hello = 0x20
    /// News of the machine's lifetime: `Notice`.
    case notice = 0x21
    /// The host's time, for a machine that stood still: `Clock`.
    case clock = 0x22
    /// The host wants to see the guest's processes; no body.
    case top = 0x23

    /// Either side is alive; no body.
    case heartbeat = 0x30

    // Agent to launcher, payload port.

    /// The payload's process is there; no body.
    case started = 0x41
    /// Bytes the payload wrote to its standard output.
    case stdout = 0x42
    /// Bytes the payload wrote to its standard error.
    case stderr = 0x43
    /// Room for more standard input: `Credit`.
    case inputCredit = 0x44
    /// Nobody reads the payload's standard input any more; no body.
    case inputClosed = 0x45
    /// The payload ended by itself; one byte, its exit code.
    case exited = 0x46
    /// A signal ended the payload; one byte, its number.
    case killed = 0x47
    /// The payload could not be started: `StartFailure`.
    case failed = 0x48
    /// A line for the job's standard error: `Remark`.
    case remark = 0x49

    /// Entries of the working directory as the payload left them: `TreeRecord`s.
    case returned = 0x50

    // Agent to host, control port.

    /// The machine waits for its payload: `Ready`.
    case ready = 0x60
    /// The guest's clock goes as the last `clock` said; no body.
    case clockSet = 0x61
    /// What runs in the guest: `ProcessList`.
    case processes = 0x62
    /// The payload can read what the last `notice` said; no body.
    case noticed = 0x63

    /// The least and the greatest length of the body, in bytes.
    package var lengths: ClosedRange<Int> {
        switch self {
        case .stdinEnd, .hello, .top, .heartbeat, .started, .inputClosed, .clockSet, .noticed, .enough:
            0...0
        case .signal, .outputClosed, .exited, .killed: 1...1
        case .outputCredit, .inputCredit: 5...5
        case .terminal: 4...4
        case .begin: Begin.length...Begin.length
        case .part, .stdin, .stdout, .stderr, .sent, .returned: 1...FrameHeader.longestBody
        case .failed: 8...StartFailure.longest
        case .notice: Notice.shortest...Notice.longest
        case .remark: 4...Remark.longest
        case .clock: Clock.length...Clock.length
        case .ready: Ready.shortest...Ready.longest
        case .processes: 8...FrameHeader.longestBody
        }
    }
}

/// The five bytes in front of each body.
package enum FrameHeader {
    package static let length = 5
    /// Longest body of any frame: with its header it fills the 32 KiB that one write to a virtio-serial port
    /// takes at most.
    package static let longestBody = 32_768 - length
}

/// The three streams of a payload, by their descriptor numbers.
package enum PayloadStream: UInt8, CaseIterable, Sendable {
    case stdin = 0
    case stdout = 1
    case stderr = 2
}
