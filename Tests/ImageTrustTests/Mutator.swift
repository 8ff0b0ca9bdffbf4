/// Changes inputs at random, in ways that parsers of texts find hard; the same seed gives the same changes.
struct Mutator: RandomNumberGenerator {
    private var state: UInt64
    /// What is worth inserting.
    let words: [[UInt8]]

    init(seed: UInt64, words: [String]) {
        state = seed | 1
        self.words = words.map { Array($0.utf8) }
    }

    /// xorshift64*.
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func mutated(_ input: [UInt8]) -> [UInt8] {
        var bytes = input
        for _ in 0..<Int.random(in: 1...3, using: &self) {
            let start = Int.random(in: 0...bytes.count, using: &self)
            let length = min(Int.random(in: 1...40, using: &self), bytes.count - start)
            switch Int.random(in: 0..<8, using: &self) {
            case 0 where start < bytes.count: bytes[start] ^= 1 << UInt8.random(in: 0...7, using: &self)
            case 1 where start < bytes.count: bytes[start] = UInt8.random(in: 0...255, using: &self)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &self), at: start)
            case 3: bytes.removeSubrange(start..<(start + length))
            case 4: bytes.insert(contentsOf: Array(bytes[start..<(start + length)]), at: start)
            case 5:
                let target = Int.random(in: 0...bytes.count, using: &self)
                bytes.insert(contentsOf: Array(bytes[start..<(start + length)]), at: target)
            case 6 where Int.random(in: 0..<8, using: &self) == 0: bytes.removeSubrange(start...)
            default:
                if let word = words.randomElement(using: &self) { bytes.insert(contentsOf: word, at: start) }
            }
        }
        return bytes
    }
}
