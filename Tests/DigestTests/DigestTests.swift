import Digest
import Testing

@Suite("Digests") struct DigestTests {
    @Test(
        "SHA-512 of the examples of FIPS 180 is what the standard says",
        arguments: [
            (
                "",
                "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                    + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
            ),
            (
                "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ])
    func sha512(text: String, digest: String) {
        #expect(Sha512.digest(Array(text.utf8)).description == digest)
    }

    @Test(
        "SHA-256 of the examples of FIPS 180 is what the standard says",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ])
    func sha256(text: String, digest: String) {
        #expect(Sha256.hex(Array(text.utf8)) == digest)
    }

    @Test("bytes in pieces have the digest of the whole")
    func pieces() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hash = Sha512()
        for start in stride(from: 0, to: bytes.count, by: 777) {
            hash.update(Array(bytes[start..<min(start + 777, bytes.count)]))
        }
        let inPieces = hash.finish()
        #expect(inPieces == Sha512.digest(bytes))
    }

    @Test("an image digest is 128 hexadecimal digits, and upper case is folded")
    func imageDigest() {
        let digits = String(repeating: "0123456789ABCDEF", count: 8)
        #expect(ImageDigest(digits)?.description == digits.lowercased())
        #expect(ImageDigest(digits.dropLast()) == nil)
        #expect(ImageDigest(digits.dropLast() + "g") == nil)
        #expect(ImageDigest(digits + "00") == nil)
        #expect(ImageDigest("../" + digits.dropFirst(3)) == nil)
    }

    @Test("hexadecimal text reads back as the bytes it was made of")
    func hexadecimal() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Hexadecimal.bytes(Hexadecimal.text(bytes)) == bytes)
        #expect(Hexadecimal.bytes("abc") == nil)
        #expect(Hexadecimal.bytes("0x") == nil)
        #expect(Hexadecimal.bytes("") == [])
    }
}

@Suite("SHA-512 that is interrupted") struct ResumableSha512Tests {
    @Test("and taken up again at any byte has the digest of the whole")
    func resumed() throws {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for cut in [0, 1, 111, 112, 127, 128, 129, 500, 1000] {
            var first = ResumableSha512()
            first.update(Array(bytes[..<cut]))
            var second = try #require(ResumableSha512(first.saved))
            second.update(Array(bytes[cut...]))
            #expect(second.finish() == Sha512.digest(bytes), "\(cut)")
        }
    }

    @Test("is not taken up from anything else", arguments: ["", ":", "1:00", "x:y"])
    func nonsense(text: String) {
        #expect(ResumableSha512(text) == nil)
        let saved = ResumableSha512().saved
        #expect(ResumableSha512(String(saved.dropLast(2))) == nil)
        #expect(ResumableSha512("1" + saved) == nil)
    }
}
