internal import CCurl
internal import Download

/// Takes what libcurl hands over: bounds it, keeps the validators, passes on the body in pieces.
@safe final class Receiver {
    private let sink: ([UInt8], Int64) -> Bool
    private let handle: UnsafeMutableRawPointer
    private let download: Download

    /// Bytes of all the header lines of an answer.
    private static let headerLimit = 1 << 16
    /// The longest header value that is kept.
    private static let valueLimit = 1024

    /// Bytes of the body of another answer than the one asked for; an error's or a redirection's words are read
    /// to their end, since libcurl tells the new address only then.
    private static let ignoredLimit = 1 << 16
    /// Bytes of the body that go to the sink at once.
    private static let pieceSize = 1 << 20

    private var pace: Pace?
    private var headerCount = 0
    private var ignored = 0
    private var range: ContentRange?
    private var piece: [UInt8] = []
    /// Whether the body has begun.
    private var hasBegun = false
    private(set) var validators = Download.Validators()
    /// Where the body ends so far; what was here before counts.
    private(set) var end: Int64 = 0
    private(set) var isOverLimit = false
    private(set) var isStopped = false
    /// Why a part of the body is not the one that was asked for.
    private(set) var wrongPart: String?
    /// Whether a transfer was ended since the body, which is of no interest, is long.
    private(set) var isIdle = false

    init(
        sink: @escaping ([UInt8], Int64) -> Bool, handle: UnsafeMutableRawPointer, _ download: Download
    ) {
        self.sink = sink
        unsafe self.handle = handle
        self.download = download
        pace = download.rate.map { Pace(rate: $0) }
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

    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var status = 0
        _ = unsafe ccurl_easy_getinfo_long(handle, CURLINFO_RESPONSE_CODE, &status)
        guard status == 200 || status == 206 && download.offset > 0 else {
            ignored += bytes.count
            isIdle = ignored > Self.ignoredLimit
            return !isIdle
        }
        if !hasBegun {
            hasBegun = true
            if status == 206 {
                wrongPart = ContentRange.fault(range, asked: download)
                end = download.offset
            }
        }
        guard wrongPart == nil else { return false }
        guard bytes.count <= download.limit - end else {
            isOverLimit = true
            return false
        }
        end += Int64(bytes.count)
        pace?.take(bytes.count)
        unsafe piece.append(contentsOf: bytes)
        if piece.count >= Self.pieceSize { flush() }
        return !isStopped
    }

    /// Hands over what has gathered.
    func flush() {
        guard !piece.isEmpty, !isStopped else { return }
        isStopped = !sink(piece, end - Int64(piece.count))
        piece.removeAll(keepingCapacity: true)
    }

    private func note(_ line: UnsafeRawBufferPointer) -> Bool {
        headerCount += line.count
        guard headerCount <= Self.headerLimit else { return false }
        let text = unsafe String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            validators = Download.Validators()
            range = nil
        }
        guard let colon = text.firstIndex(of: ":") else { return true }
        let value = text[text.index(after: colon)...].filter { $0 != "\r\n" && $0 != "\r" && $0 != "\n" }
            .drop { $0 == " " || $0 == "\t" }
        guard value.utf8.count <= Self.valueLimit, value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else { return true }
        switch text[..<colon].lowercased() {
        case "etag": validators.entityTag = String(value)
        case "last-modified": validators.lastModified = String(value)
        case "content-range": range = ContentRange(value)
        default: break
        }
        return true
    }
}
