import Compression
import Foundation
import TestSupport
import Testing

@Suite("Compression")
struct CompressionTests {
    @Test("packs and unpacks any bytes", arguments: [0, 1, 100_000])
    func roundTrip(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        let packed = try #require(Deflation.gzip(bytes))
        #expect(Inflation.bytes(packed, .gzip, limit: 100_000) == bytes)
        #expect(Deflation.gzip(bytes) == packed)
    }

    @Test("makes what gzip reads")
    func gunzip() throws {
        try withScratch { scratch in
            let packed = try #require(Deflation.gzip(Array("volume\n".utf8)))
            try Data(packed).write(to: URL(fileURLWithPath: scratch + "/file.gz"))
            let gzip = Process()
            gzip.executableURL = URL(fileURLWithPath: "/bin/gzip")
            gzip.arguments = ["-d", scratch + "/file.gz"]
            try gzip.run()
            gzip.waitUntilExit()
            #expect(try String(contentsOfFile: scratch + "/file", encoding: .utf8) == "volume\n")
        }
    }

    @Test("unpacks nothing of more than the limit, of damaged bytes, or of a cut file")
    func refusals() throws {
        let packed = try #require(Deflation.gzip([UInt8](repeating: 7, count: 1000)))
        #expect(Inflation.bytes(packed, .gzip, limit: 999) == nil)
        #expect(Inflation.bytes(packed.dropLast(4) + [0, 0, 0, 0], .gzip, limit: 1000) == nil)
        #expect(Inflation.bytes(Array(packed.dropLast()), .gzip, limit: 1000) == nil)
        #expect(Inflation.bytes([], .gzip, limit: 1000) == nil)
    }
}
