internal import Job

/// The two parts of an S/MIME `multipart/signed` file as endorsers publish it (RFC 8551), taken apart by a
/// stricter rule than any MIME reader has.
///
/// Everything between the first two boundary lines is signed, less the line end before the second; the content
/// part has no header of its own, since the tools that make such files write none.
struct MultipartSigned {
    /// The signed octets with every line end as CRLF.
    let content: [UInt8]
    /// The CMS structure.
    let signature: [UInt8]
    /// What the header says of the digest, in lower case; nobody has signed this word.
    let micalg: String?

    init(parsing bytes: consuming [UInt8]) throws(Refusal) {
        let parts: (content: Range<Int>, signature: Range<Int>)
        (micalg, parts) = try Self.parts(of: bytes)
        try Self.checkStart(of: bytes[parts.content])
        signature = try Self.signature(bytes[parts.signature])
        content = Self.canonical(consume bytes, parts.content)
    }

    /// Where the parts are, and what the header says of the digest.
    private static func parts(
        of bytes: [UInt8]
    ) throws(Refusal) -> (micalg: String?, (content: Range<Int>, signature: Range<Int>)) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let file = bytes.starts(with: mark) ? bytes[mark.count...] : bytes[...]
        var reader = LineReader(file)
        guard let fields = HeaderField.block(&reader) else { throw headerRefusal(file) }
        let (boundary, micalg) = try boundary(fields, file)
        return (micalg, try parts(of: &reader, divided: boundary))
    }

    /// Reads the header of the whole.
    private static func boundary(
        _ fields: [HeaderField], _ file: ArraySlice<UInt8>
    ) throws(Refusal) -> (boundary: [UInt8], micalg: String?) {
        let types = fields.filter { $0.name == "content-type" }
        guard let type = types.first else { throw headerRefusal(file) }
        guard types.count == 1 else {
            throw Refusal(.MalformedMIME, "the header has more than one Content-Type")
        }
        guard let (value, parameters) = type.parameters else {
            throw Refusal(.MalformedMIME, "the Content-Type cannot be read")
        }
        switch value {
        case "multipart/signed": break
        case "application/pkcs7-mime", "application/x-pkcs7-mime":
            throw Refusal(
                .UnsupportedContainer,
                "an opaque or encrypted S/MIME file: sign it detached, without -nodetach"
            )
        default: throw Refusal(.NotSMIME, "the Content-Type is not multipart/signed")
        }
        guard fields.only("mime-version")?.body == "1.0" else {
            throw Refusal(.MalformedMIME, "the header does not have one 'MIME-Version: 1.0'")
        }
        guard signatureTypes.contains((parameters["protocol"] ?? signatureTypes[0]).lowercased()) else {
            throw Refusal(.UnsupportedContainer, "the protocol of the signature is not PKCS #7")
        }
        guard let boundary = parameters["boundary"], (1...70).contains(boundary.utf8.count),
            boundary.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), boundary.last != " "
        else { throw Refusal(.MalformedMIME, "the Content-Type has no usable boundary") }
        return (Array("--\(boundary)".utf8), parameters["micalg"]?.lowercased())
    }

    private static let signatureTypes = ["application/pkcs7-signature", "application/x-pkcs7-signature"]

    /// A file without a MIME header is something else, or a signed file with something in front.
    private static func headerRefusal(_ file: ArraySlice<UInt8>) -> Refusal {
        var reader = LineReader(file)
        for _ in 0..<1000 {
            guard let line = reader.next() else { break }
            let text = String(decoding: line.prefix(80), as: UTF8.self).lowercased()
            if text.contains("multipart/signed") {
                return Refusal(.MalformedMIME, "the file does not begin with an intact MIME header")
            }
        }
        return Refusal(.NotSMIME, "the file is not an S/MIME signed message")
    }

    private static func parts(
        of reader: inout LineReader, divided boundary: [UInt8]
    ) throws(Refusal) -> (content: Range<Int>, signature: Range<Int>) {
        // Where each part begins, and where the line end in front of the next boundary begins.
        var starts: [Int] = []
        var ends: [Int] = []
        var lineStart = reader.position
        var closed = false
        while let line = reader.next() {
            defer { lineStart = reader.position }
            if closed {
                guard line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else {
                    throw Refusal(.TrailingData, "something stands behind the closing boundary")
                }
                continue
            }
            guard line.starts(with: boundary) else { continue }
            var rest = line.dropFirst(boundary.count)
            while let last = rest.last, last == 0x20 || last == 0x09 || last == 0x0D { rest.removeLast() }
            let closes = rest.elementsEqual("--".utf8)
            guard closes || rest.isEmpty else {
                throw Refusal(.MalformedMIME, "a line begins like the boundary but is none")
            }
            if !starts.isEmpty { ends.append(lineStart) }
            if closes {
                closed = true
            } else {
                starts.append(reader.position)
            }
            guard starts.count <= 2 else { throw Refusal(.MalformedMIME, "more than two parts") }
        }
        guard closed, starts.count == 2, ends.count == 2 else {
            throw Refusal(
                .MalformedMIME,
                closed ? "there are not two parts" : "the closing boundary is missing: a truncated file?")
        }
        return (starts[0]..<ends[0], starts[1]..<ends[1])
    }

    /// The octets that are digested: lines divided by CRLF, without the line end in front of the boundary.
    ///
    /// Most files have such line ends; those octets stay where they are, since a list may be long.
    private static func canonical(_ bytes: consuming [UInt8], _ part: Range<Int>) -> [UInt8] {
        guard isCanonical(bytes[part]) else { return joined(bytes[part]) }
        bytes.removeSubrange(max(part.lowerBound, part.upperBound - 2)...)
        bytes.removeFirst(part.lowerBound)
        return bytes
    }

    /// Whether one CR, and not several, stands before each LF.
    private static func isCanonical(_ part: ArraySlice<UInt8>) -> Bool {
        var (last, before): (UInt8, UInt8) = (0, 0)
        for byte in part {
            if byte == 0x0A, last != 0x0D || before == 0x0D { return false }
            (before, last) = (last, byte)
        }
        return true
    }

    private static func joined(_ part: ArraySlice<UInt8>) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(part.count + part.count { $0 == 0x0A })
        var reader = LineReader(part)
        while let line = reader.next() {
            if line.startIndex > part.startIndex { content += [0x0D, 0x0A] }
            content += line
        }
        return content
    }

    /// Refuses a content part that begins with a header of its own, as `openssl smime -text` writes it.
    private static func checkStart(of part: ArraySlice<UInt8>) throws(Refusal) {
        var reader = LineReader(part)
        guard let line = reader.next(), line.first != UInt8(ascii: "{"),
            let text = String(validating: line.prefix(200), as: UTF8.self),
            let field = HeaderField(line: text), field.name.hasPrefix("content-")
        else { return }
        throw Refusal(
            .UnexpectedPartHeaders, "the signed part begins with MIME headers: sign it without -text")
    }

    /// One signer and his chain take a few thousand bytes.
    private static let signatureLimit = 1 << 20

    private static func signature(_ part: ArraySlice<UInt8>) throws(Refusal) -> [UInt8] {
        guard part.count <= signatureLimit else {
            throw Refusal(.TooComplex, "the signature is longer than \(signatureLimit) bytes")
        }
        var reader = LineReader(part)
        guard let fields = HeaderField.block(&reader),
            let type = fields.only("content-type")?.parameters?.value, signatureTypes.contains(type)
        else {
            throw Refusal(.MalformedMIME, "the second part is not headed as a PKCS #7 signature")
        }
        guard fields.only("content-transfer-encoding")?.body.lowercased() == "base64",
            let bytes = Base64.bytes(part[reader.position...]), !bytes.isEmpty
        else { throw Refusal(.MalformedMIME, "the signature is not base64") }
        return bytes
    }
}
