import GuestProtocol
import Testing
import Unix

@Suite("Whatever the other side sends is taken for what it is or refused")
struct FrameFuzzTests {
    private func name(_ text: String) throws -> FileName { try #require(FileName(Array(text.utf8))) }

    private func seed(_ property: FrameProperty) throws -> [UInt8] {
        let attributes = TreeRecord.Attributes(mode: 0o751, modified: -5)
        let path = try #require(BytePath(Array("/home/alice/run".utf8)))
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var writer = TreeRecordWriter(bytes.indices)
        let records: [TreeRecord] = [
            .place(0, attributes), .directory(try name("d"), attributes), .file(try name("f"), attributes),
            .close(length: 7), .leave, .link(try name("l"), target: path, modified: 1), .gone(try name("g")),
            .drop, .end(isWhole: false),
        ]
        for record in records { writer.add(record, to: &bytes) }
        _ = try writer.addData(offset: 4096, upTo: 9, to: &bytes) { _, _, most in most }
        let tree = Array(bytes.prefix(writer.count))
        switch property {
        case .tree: return tree
        case .order:
            return LaunchOrder(
                arguments: [Array("/script".utf8), []], environment: [Array("A=1".utf8)], directory: path,
                umask: 0o22,
                limits: [], scriptMode: 0o700,
                stage: StageOrder(
                    places: [.init(path: path, names: nil), .init(path: path, names: [try name("in")])],
                    size: 99,
                    removes: true)
            ).bytes
        case .frames:
            var frames = FrameWriter()
            frames.append(.started)
            frames.append(.stdout, [1, 2, 3])
            frames.append(.returned, tree)
            frames.append(.exited, [0])
            return frames.take()
        }
    }

    @Test("with changed bytes anywhere", arguments: FrameProperty.allCases)
    func mutations(property: FrameProperty) throws {
        let seed = try seed(property)
        #expect(property.fault(seed) == nil)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0...Int.random(in: 0..<5, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
                default: bytes.removeSubrange(index..<min(bytes.count, index + 5))
                }
                if bytes.isEmpty { bytes = [0] }
            }
            if let fault = property.fault(bytes) {
                Issue.record("\(fault): \(bytes)")
                return
            }
        }
    }

    @Test("an order with places keeps them")
    func places() throws {
        let order = try LaunchOrder(parsing: try seed(.order))
        #expect(order.stage?.places.count == 2)
        #expect(order.stage?.places.last?.names == [try name("in")])
        #expect(order.stage?.removes == true)
        #expect(order.stage?.size == 99)
    }
}
