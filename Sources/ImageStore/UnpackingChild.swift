internal import Job
internal import Unix

/// The running `bivouac-unpack`, ended with the value.
final class UnpackingChild {
    private let program: String
    private let deadline: Deadline
    private let words: FileDescriptor
    private var process: SpawnedProcess
    private var said: [UInt8] = []

    /// What it may say beside the image's bytes.
    private static let wordLimit = 4096
    /// Status of a refusal; sysexits.h.
    private static let dataRefused: UInt8 = 65
    /// Status of qemu-img(1) when it did not succeed.
    private static let conversionFailed: UInt8 = 1

    /// Starts the program with these two open files.
    init(_ program: String, _ arguments: [String], input: Int32, output: Int32, deadline: Deadline)
        throws(ImageStoreError)
    {
        self.program = program
        self.deadline = deadline
        do throws(UnixError) {
            let pipe = try Pipe()
            process = try SpawnedProcess.start(
                program, [program] + arguments + ["\(max(1, deadline.seconds))"], environment: ["LC_ALL=C"],
                descriptors: [input, output, pipe.writer.rawValue])
            words = pipe.intoReader()
        } catch {
            throw .unpacker("\(program): \(error)")
        }
    }

    deinit {
        guard process.end() == nil else { return }
        Signals.send(Signals.kill, to: process.id)
        let patience = Deadline(seconds: 10)
        while process.end() == nil, !patience.isOver { Deadline.sleep(milliseconds: 1) }
    }

    /// Waits until there is something to be read, or, without a descriptor, until the program says no more.
    func wait(for descriptor: Int32?) throws(ImageStoreError) {
        var isOpen = true
        while true {
            var poll = Poll()
            if let descriptor { poll.add(descriptor, .readable) }
            if isOpen { poll.add(words.rawValue, .readable) }
            poll.wait(milliseconds: deadline.milliseconds)
            guard !deadline.isOver else {
                throw .refused(.ImageUnavailable, "the image was not unpacked when the time was over")
            }
            if isOpen, !poll.events(words.rawValue).isEmpty { isOpen = try listen() }
            if let descriptor {
                if !poll.events(descriptor).isEmpty { return }
            } else if !isOpen {
                return
            }
        }
    }

    private func listen() throws(ImageStoreError) -> Bool {
        let bytes = try ImageStore.files { () throws(UnixError) in try words.read(upTo: Self.wordLimit) }
        said += bytes.prefix(Self.wordLimit - said.count)
        return !bytes.isEmpty
    }

    /// Waits for its end; what it said in the end, or why it refuses the image.
    func end() throws(ImageStoreError) -> String {
        try wait(for: nil)
        while process.end() == nil, !deadline.isOver { Deadline.sleep(milliseconds: 1) }
        let text = String(decoding: said, as: UTF8.self).filter { !$0.isNewline }
        switch process.end() {
        case .exited(0): return text
        case .exited(Self.dataRefused):
            let parts = text.split(separator: ":", maxSplits: 1)
            let name = parts.first.flatMap { Refusal.Name(rawValue: String($0)) }
            guard parts.count == 2, let name, [.BadContainer, .TooLarge, .UnsafeImage].contains(name) else {
                throw .unpacker("\(program): \(text)")
            }
            throw .refused(name, String(parts[1].drop { $0 == " " }))
        case .exited(Self.conversionFailed):
            guard !text.contains("No space left") else {
                throw .file(UnixError("qemu-img", UnixError.noSpace))
            }
            throw .refused(.BadContainer, "the disk cannot be converted: \(text)")
        case .exited(let status): throw .unpacker("\(program) ended with status \(status): \(text)")
        case .killed(let signal):
            throw .refused(
                .BadContainer, "the image cannot be unpacked within the limits: ended by signal \(signal)")
        case nil: throw .refused(.ImageUnavailable, "the image was not unpacked when the time was over")
        }
    }
}
