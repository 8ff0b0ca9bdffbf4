package import Unix

/// Which of the user's files a machine gets, and may give back.
package struct StageOrder: Hashable, Sendable {
    /// Places of one job, at most.
    package static let most = 64
    private static let longestPath = 4096

    /// A directory under the path that it has on the host.
    package struct Place: Hashable, Sendable {
        /// Absolute.
        package var path: BytePath
        /// What is in it of the job's; nil for everything.
        package var names: [FileName]?

        package init(path: BytePath, names: [FileName]?) {
            self.path = path
            self.names = names
        }
    }

    package var places: [Place]
    /// Bytes of content that are to come, as far as one can know.
    package var size: Int64
    /// Whether what the payload removes is to be removed on the host too.
    package var removes: Bool

    package init(places: [Place], size: Int64, removes: Bool) {
        self.places = places
        self.size = size
        self.removes = removes
    }
}

extension StageOrder {
    static func read(_ reader: inout FieldReader) throws(FieldReader.Malformed) -> StageOrder? {
        let count = try reader.count(ofSize: 9)
        guard count > 0 else { return nil }
        guard count <= most else { throw .init(what: "\(count) places") }
        let size = try reader.number(Int64.self)
        guard size >= 0 else { throw .init(what: "a negative size") }
        let removes = try reader.number(UInt8.self) == 1
        var places: [Place] = []
        for _ in 0..<count {
            guard let path = BytePath(try reader.string(limit: longestPath)), path.isAbsolute,
                path.names != nil
            else { throw .init(what: "a place that is no absolute path") }
            places.append(Place(path: path, names: try names(&reader)))
        }
        return StageOrder(places: places, size: size, removes: removes)
    }

    /// The count is one more than there are names; 0 stands for everything.
    private static func names(_ reader: inout FieldReader) throws(FieldReader.Malformed) -> [FileName]? {
        let count = Int(try reader.number(UInt8.self))
        guard count > 0 else { return nil }
        var names: [FileName] = []
        for _ in 1..<count {
            guard let name = FileName(try reader.string(limit: FileName.longest)) else {
                throw .init(what: "a name that is none")
            }
            names.append(name)
        }
        return names
    }

    static func write(_ order: StageOrder?, to writer: inout FieldWriter) {
        writer.number(UInt32(order?.places.count ?? 0))
        guard let order else { return }
        writer.number(order.size)
        writer.number(UInt8(order.removes ? 1 : 0))
        for place in order.places {
            writer.string(place.path.bytes)
            writer.number(UInt8((place.names?.count ?? -1) + 1))
            for name in place.names ?? [] { writer.string(Array(name.bytes)) }
        }
    }
}
