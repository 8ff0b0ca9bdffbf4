import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("An image that the kernel guards by fs-verity", .needsVerity, .serialized) struct VerityTests {
    private static func shell(_ script: String, _ words: String...) throws -> String {
        let outcome = try run("/bin/sh", ["-ec", script, "sh"] + words)
        guard outcome.status == 0 else { throw StoreFixture.Failure(text: outcome.errors) }
        return outcome.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A store on a file system of its own, and the device that this lies on.
    private static func with(_ body: (StoreFixture, _ device: String) throws -> Void) throws {
        try StoreFixture.with { fixture in
            let state = fixture.scratch + "/state"
            let device = try shell(
                """
                truncate -s 200M "$1"; mke2fs -q -t ext4 -b 4096 -O verity "$1"; mkdir "$2"
                device=$(losetup -f --show "$1"); mount "$device" "$2"; echo "$device"
                """, fixture.scratch + "/ext4", state)
            defer { _ = try? shell("umount \"$1\" || umount -l \"$1\"; losetup -d \"$2\"", state, device) }
            try body(fixture, device)
        }
    }

    /// Changes a block of the image on the disk, while the file system is away.
    private static func damage(_ digest: ImageDigest, _ fixture: StoreFixture, on device: String) throws {
        _ = try shell(
            """
            umount "$1"
            block=$(debugfs -R "bmap /images/$3/image 1" "$2" 2>/dev/null)
            [ "$block" -gt 0 ]
            printf damage | dd of="$2" bs=4096 seek="$block" conv=notrunc,fsync status=none
            mount "$2" "$1"
            """, fixture.scratch + "/state", device, digest.description)
    }

    @Test("is written to by nobody, and a start compares what the kernel measured")
    func guarded() throws {
        try Self.with { fixture, _ in
            let source = try fixture.source(StoreFixture.random(20_000))
            let image = try fixture.fetch(source)
            #expect(image.verity?.hasPrefix("sha256:") == true)
            let path = fixture.store.path(of: source.digest)
            for flags in [[.write], [.write, .append]] as [FileDescriptor.Flags] {
                let error = #expect(throws: UnixError.self) {
                    _ = try FileDescriptor.open(path, flags).rawValue
                }
                #expect(error?.code == EPERM)
            }
            #expect(try fixture.store.open(source.digest).image == image)
            // The same file, as far as its times tell, that the kernel measures otherwise.
            let entry = fixture.store.place(source.digest).entry
            let text = String(decoding: try Files.read(entry, limit: 4096), as: UTF8.self)
            try Files.write(text.replacing(try #require(image.verity), with: "sha256:0"), to: entry)
            #expect(refusal { _ = try fixture.store.open(source.digest) } == .ChecksumMismatch)
            #expect(try fixture.store.quarantined() == [source.digest])
        }
    }

    @Test(
        "whose disk gives other bytes is never read wrongly; verify and tick set it aside, and it comes anew",
        arguments: [false, true])
    func damaged(found byTick: Bool) throws {
        try Self.with { fixture, device in
            let bytes = StoreFixture.random(20_000)
            let source = try fixture.source(bytes)
            let image = try fixture.fetch(source)
            try Self.damage(source.digest, fixture, on: device)
            let opened = try fixture.store.open(source.digest)
            #expect(try opened.file.read(upTo: 4096, at: 0) == Array(bytes[..<4096]))
            let error = #expect(throws: UnixError.self) { try opened.file.read(upTo: 4096, at: 4096) }
            #expect(error?.code == EIO)
            if byTick {
                let outcomes = try IntegrityTests.rehash(
                    fixture.store, budget: 1 << 20, at: StoreFixture.now + 5000)
                guard case .damaged(image, let refusal) = outcomes.last else {
                    Issue.record("\(outcomes)")
                    return
                }
                #expect(refusal.name == .ChecksumMismatch)
            } else {
                #expect(refusal { _ = try fixture.store.verify(source.digest) } == .ChecksumMismatch)
            }
            #expect(try fixture.store.quarantined() == [source.digest])
            let again = try fixture.fetch(source)
            #expect(again.verity == image.verity)
            #expect(try fixture.store.verify(source.digest) == again)
        }
    }
}
