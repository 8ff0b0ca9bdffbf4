internal import CCurl

/// Takes what libcurl hands over: bounds it, keeps the validators, passes on the body of an answer 200.
@safe final class Receiver {
    private let sink: (UnsafeRawBufferPointer) -> Bool
    private let handle: UnsafeMutableRawPointer
    private let limit: Int64

    /// Bytes of all the header lines of an answer.
    private static let headerLimit = 1 << 16
    /// The longest validator that is kept.
    private static let validatorLimit = 1024

    /// Bytes of the body of another answer than 200; an error's or a redirection's words are read to their end,
    /// since libcurl tells the new address only then.
    private static let ignoredLimit = 1 << 16

    private var headerCount = 0
    private var ignored = 0
    private(set) var validators = Download.Validators()
    /// Bytes that went to the sink.
    private(set) var count: Int64 = 0
    private(set) var isOverLimit = false
    private(set) var isStopped = false
    /// Whether a transfer was ended since the body, which is of no interest, is long.
    private(set) var isIdle = false

    init(sink: @escaping (UnsafeRawBufferPointer) -> Bool, handle: UnsafeMutableRawPointer, limit: Int64) {
        unsafe self.sink = sink
        unsafe self.handle = handle
        self.limit = limit
    }

    /// `CURLOPT_WRITEFUNCTION`: any other number than the bytes offered ends the transfer.
    static let body: ccurl_receiver = { bytes, size, count, context in
        guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
        let receiver = unsafe Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
        let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
        return unsafe receiver.take(piece) ? size * count : 0
    }

    /// `CURLOPT_HEADERFUNCTION`.
    static let header: ccurl_receiver = { bytes, size, count, context in
        guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
        let receiver = unsafe Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
        let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
        return unsafe receiver.note(line) ? size * count : 0
    }

    private func take(_ piece: UnsafeRawBufferPointer) -> Bool {
        var status = 0
        _ = unsafe ccurl_easy_getinfo_long(handle, CURLINFO_RESPONSE_CODE, &status)
        guard status == 200 else {
            ignored += piece.count
            isIdle = ignored > Self.ignoredLimit
            return !isIdle
        }
        guard count + Int64(piece.count) <= limit else {
            isOverLimit = true
            return false
        }
        count += Int64(piece.count)
        isStopped = unsafe !sink(piece)
        return !isStopped
    }

    private func note(_ line: UnsafeRawBufferPointer) -> Bool {
        headerCount += line.count
        guard headerCount <= Self.headerLimit else { return false }
        let text = unsafe String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") { validators = Download.Validators() }
        guard let colon = text.firstIndex(of: ":") else { return true }
        let value = text[text.index(after: colon)...].filter { $0 != "\r\n" && $0 != "\r" && $0 != "\n" }
            .drop { $0 == " " || $0 == "\t" }
        guard value.utf8.count <= Self.validatorLimit, value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else { return true }
        switch text[..<colon].lowercased() {
        case "etag": validators.entityTag = String(value)
        case "last-modified": validators.lastModified = String(value)
        default: break
        }
        return true
    }
}
