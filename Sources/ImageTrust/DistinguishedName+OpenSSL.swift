internal import COpenSSL

extension DistinguishedName {
    /// Reads the name out of a certificate; nil when a value has no text form or all of
    /// it is too long.
    ///
    /// The corresponding C functions are `X509_NAME_get_entry` and `ASN1_STRING_to_UTF8`.
    init?(_ name: OpaquePointer?) {
        guard let name = unsafe name else { return nil }
        var relativeNames: [[Attribute]] = []
        var set: Int32 = -1
        let count = unsafe X509_NAME_entry_count(name)
        for index in 0..<max(0, count) {
            guard let entry = unsafe X509_NAME_get_entry(name, index),
                let type = unsafe Self.identifier(X509_NAME_ENTRY_get_object(entry)),
                let value = unsafe Self.characters(X509_NAME_ENTRY_get_data(entry))
            else { return nil }
            let attribute = Attribute(type: AttributeType(identifier: type), value: value)
            if !relativeNames.isEmpty, unsafe X509_NAME_ENTRY_set(entry) == set {
                relativeNames[relativeNames.count - 1].append(attribute)
            } else {
                relativeNames.append([attribute])
            }
            set = unsafe X509_NAME_ENTRY_set(entry)
        }
        self.init(relativeNames)
    }

    /// The corresponding C function is `OBJ_obj2txt`.
    private static func identifier(_ object: OpaquePointer?) -> String? {
        var text = [CChar](repeating: 0, count: 128)
        let length = unsafe OBJ_obj2txt(&text, Int32(text.count), object, 1)
        guard length > 0, Int(length) < text.count else { return nil }
        return String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func characters(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8]? {
        var bytes: UnsafeMutablePointer<UInt8>?
        let length = unsafe ASN1_STRING_to_UTF8(&bytes, string)
        guard length >= 0, let bytes = unsafe bytes else {
            OpenSSLErrors.clear()
            return nil
        }
        defer { unsafe openssl_OPENSSL_free(bytes) }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: Int(length)))
    }
}
