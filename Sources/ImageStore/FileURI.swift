/// A `file:` URI of this host (RFC 8089) as an absolute path.
struct FileURI {
    let path: String

    /// Nil for another scheme, another host, a relative path, a query, a fragment, `..` or a bad escape.
    init?(_ uri: String) {
        guard uri.utf8.count <= 4096, uri.lowercased().hasPrefix("file:") else { return nil }
        var rest = uri.dropFirst("file:".count)
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let host = rest.prefix { $0 != "/" }
            guard host.isEmpty || host.lowercased() == "localhost" else { return nil }
            rest = rest.dropFirst(host.count)
        }
        var bytes: [UInt8] = []
        var source = Array(rest.utf8)[...]
        while let byte = source.popFirst() {
            guard byte != UInt8(ascii: "?"), byte != UInt8(ascii: "#") else { return nil }
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard source.count >= 2, let value = Self.byte(source.prefix(2)) else { return nil }
            source = source.dropFirst(2)
            bytes.append(value)
        }
        guard bytes.first == UInt8(ascii: "/"), !bytes.contains(0),
            !bytes.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }),
            let path = String(validating: bytes, as: UTF8.self)
        else { return nil }
        self.path = path
    }

    private static func byte(_ digits: ArraySlice<UInt8>) -> UInt8? {
        let text = String(decoding: digits, as: UTF8.self)
        guard text.allSatisfy(\.isHexDigit), text.utf8.count == 2 else { return nil }
        return UInt8(text, radix: 16)
    }
}
