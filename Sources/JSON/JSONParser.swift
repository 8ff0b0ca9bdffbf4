extension JSON {
    /// How much a document may hold before it is refused; what comes from outside is never unbounded.
    package struct Limits: Sendable {
        /// Length of the document in bytes.
        package var bytes: Int
        /// How deep arrays and objects may nest.
        package var depth: Int
        /// Values in the whole document.
        package var values: Int
        /// Members of one object.
        package var members: Int

        package init(bytes: Int = 1 << 20, depth: Int = 32, values: Int = 1 << 18, members: Int = 1 << 16) {
            self.bytes = bytes
            self.depth = depth
            self.values = values
            self.members = members
        }
    }

    /// Reads one document, strictly by RFC 8259: valid UTF-8, no duplicate names, no lone surrogates, nothing
    /// behind the value.
    package init(parsing bytes: [UInt8], limits: Limits = Limits()) throws(JSONError) {
        guard bytes.count <= limits.bytes else {
            throw JSONError(.tooLarge(limit: limits.bytes), in: bytes, at: bytes.count)
        }
        var parser = JSONParser(bytes: bytes, limits: limits)
        self = try parser.document()
    }

    /// Reads a document without ever holding all of a long array: the elements of the array called `name`, in
    /// an object one level below the document, are handed over one by one, and the array itself is empty in
    /// the value.
    ///
    /// Elements come before it is known whether the rest of the document is sound.
    package init(
        parsing bytes: [UInt8], limits: Limits = Limits(), elementsOf name: String,
        each consume: (JSON) -> Void
    ) throws(JSONError) {
        guard bytes.count <= limits.bytes else {
            throw JSONError(.tooLarge(limit: limits.bytes), in: bytes, at: bytes.count)
        }
        let result = withoutActuallyEscaping(consume) { consume in
            Result { () throws(JSONError) in
                var parser = JSONParser(bytes: bytes, limits: limits)
                parser.stream = (name, consume)
                return try parser.document()
            }
        }
        self = try result.get()
    }
}

/// A recursive descent over the bytes of one document; depth is bounded by the limits.
struct JSONParser {
    let bytes: [UInt8]
    let limits: JSON.Limits
    var position = 0
    var values = 0
    /// The array whose elements are not kept but handed over.
    var stream: (name: String, consume: (JSON) -> Void)?

    init(bytes: [UInt8], limits: JSON.Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSON {
        skipSpace()
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw failure(.trailingText) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        guard depth <= limits.depth else { throw failure(.tooDeep(limit: limits.depth)) }
        values += 1
        guard values <= limits.values else { throw failure(.tooManyValues(limit: limits.values)) }
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"): return try number()
        case nil: throw failure(.syntax("the text ends where a value should be"))
        default:
            if digit { return try number() }
            throw failure(.syntax("not the start of a value"))
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        position += 1
        var members: [JSON.Member] = []
        var names: Set<[UInt8]> = []
        skipSpace()
        if take("}") { return .object([]) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw failure(.syntax("a member name must be a string")) }
            guard members.count < limits.members else {
                throw failure(.tooManyMembers(limit: limits.members))
            }
            let start = position
            let name = try string()
            // Compared as bytes: canonically equivalent spellings are different names.
            guard names.insert(Array(name.utf8)).inserted else {
                throw JSONError(.duplicateName(name), in: bytes, at: start)
            }
            skipSpace()
            guard take(":") else { throw failure(.syntax("a colon must follow a member name")) }
            skipSpace()
            if depth == 1, let stream, stream.name == name, peek == UInt8(ascii: "[") {
                _ = try array(depth: depth + 1, consume: stream.consume)
                members.append(JSON.Member(name, .array([])))
            } else {
                members.append(JSON.Member(name, try value(depth: depth + 1)))
            }
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw failure(.syntax("a comma or a closing brace is missing")) }
        }
    }

    private mutating func array(depth: Int, consume: ((JSON) -> Void)? = nil) throws(JSONError) -> JSON {
        position += 1
        var elements: [JSON] = []
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            skipSpace()
            let element = try value(depth: depth + 1)
            if let consume { consume(element) } else { elements.append(element) }
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw failure(.syntax("a comma or a closing bracket is missing")) }
        }
    }

    private mutating func word(_ text: String, _ value: JSON) throws(JSONError) -> JSON {
        guard bytes[position...].starts(with: text.utf8) else {
            throw failure(.syntax("not the start of a value"))
        }
        position += text.utf8.count
        return value
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = position
        var whole = true
        _ = take("-")
        if take("0") {
            if digit { throw failure(.syntax("a number must not begin with a zero")) }
        } else {
            try digits()
        }
        if take(".") {
            whole = false
            try digits()
        }
        if take("e") || take("E") {
            whole = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if whole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw JSONError(.syntax("the number is out of range"), in: bytes, at: start)
        }
        return .number(value)
    }

    private mutating func digits() throws(JSONError) {
        guard digit else { throw failure(.syntax("a digit is missing")) }
        while digit { position += 1 }
    }

    private var digit: Bool {
        peek.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
    }

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    func failure(_ reason: JSONError.Reason) -> JSONError { JSONError(reason, in: bytes, at: position) }
}
