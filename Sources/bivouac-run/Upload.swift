internal import GuestProtocol
internal import Unix

/// The launch order and the script on their way to the agent, a frame at a time.
struct Upload: ~Copyable {
    let begin: Begin
    private var order: ArraySlice<UInt8>
    private var scriptLeft: Int
    private let script: FileDescriptor?

    private init(_ order: [UInt8], _ scriptLength: Int, _ script: consuming FileDescriptor?) {
        self.order = order[...]
        scriptLeft = scriptLength
        begin = Begin(orderLength: order.count, scriptLength: scriptLength)
        self.script = script
    }

    /// Opens the script, if there is one, where its own first line ends.
    static func prepare(_ order: LaunchOrder, _ script: Script?) throws(Failure) -> Upload {
        let bytes = order.bytes
        guard bytes.count <= Begin.longestOrder else {
            throw Failure(.configuration, "the job's arguments and environment are too long for a machine")
        }
        return Upload(bytes, script?.length ?? 0, try open(script))
    }

    private static func open(_ script: Script?) throws(Failure) -> FileDescriptor? {
        guard let script else { return nil }
        do throws(UnixError) {
            let file = try script.path.open(.read)
            var left = script.offset
            while left > 0 {
                let skipped = try file.read(upTo: left)
                guard !skipped.isEmpty else { throw UnixError("read", UnixError.invalid, script.path.text) }
                left -= skipped.count
            }
            return file
        } catch { throw Failure(.configuration, "the script cannot be read: \(error)") }
    }

    var isDone: Bool { order.isEmpty && scriptLeft == 0 }

    /// Adds the next frame, when there is one.
    mutating func next(into writer: inout FrameWriter) throws(UnixError) {
        if !order.isEmpty {
            let part = order.prefix(FrameHeader.longestBody)
            writer.append(.part, Array(part))
            order = order.dropFirst(part.count)
        } else if scriptLeft > 0 {
            let count = try append(to: &writer)
            guard count > 0 else { throw UnixError("read", UnixError.invalid, "the script became shorter") }
            scriptLeft -= count
        }
    }

    private func append(to writer: inout FrameWriter) throws(UnixError) -> Int {
        switch script {
        case .some(let script):
            let outcome = try writer.append(.part, from: script.rawValue, limit: scriptLeft)
            if case .bytes(let count) = outcome { return count }
            return 0
        case nil: return 0
        }
    }
}
