import Foundation
import Job
import Site
import TestSupport
import Testing

@testable import bivouac_operator

extension HookTests {
    @Suite("What a guest prints on its serial line")
    struct ConsoleTextTests {
        private func all(_ console: inout ConsoleText) throws -> String {
            var text = ""
            while let more = try console.next() { text += more }
            return text
        }

        private func append(_ bytes: [UInt8], to path: String) throws {
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: bytes)
            try file.close()
        }

        @Test(
            "hides nothing of what comes later, whatever it is",
            arguments: [[0x00], [0x1B, 0x5B], [0xF0] + Array(repeating: 0x80, count: 4095), [0x80], [0xE2]]
                as [[UInt8]])
        func blinded(_ bytes: [UInt8]) throws {
            try withScratch { scratch in
                let path = scratch + "/console.log"
                let junk = [UInt8](repeatElement(bytes, count: (3 << 20) / bytes.count).joined())
                try Data("before\n".utf8 + junk + "after".utf8).write(to: URL(fileURLWithPath: path))
                var console = ConsoleText(path)
                let text = try all(&console)
                #expect(text.hasPrefix("before\n") && text.hasSuffix("after"))
                #expect(!text.contains("\0") && !text.contains("\u{1B}"))
                try append(Array("more".utf8), to: path)
                #expect(try console.next() == "more")
                #expect(try console.next() == nil)
            }
        }

        @Test("is shown character by character as far as it is complete", arguments: ["é", "日", "🙂", "é日🙂"])
        func incomplete(_ text: String) throws {
            try withScratch { scratch in
                let path = scratch + "/console.log"
                try Data().write(to: URL(fileURLWithPath: path))
                var (console, shown) = (ConsoleText(path), "")
                for byte in text.utf8 {
                    try append([byte], to: path)
                    shown += try console.next() ?? ""
                }
                #expect(shown == text)
                // It begins a character that never goes on: three bytes are the most that wait for the next.
                try append([0xF0, 0x9F, 0x99], to: path)
                #expect(try console.next() == "")
                try append([0x80, 0x80, 0x80, 0x80], to: path)
                #expect(try console.next()?.isEmpty == false)
            }
        }

        @Test("is printed to its end and marked untrusted")
        func verb() throws {
            let node = try Node()
            try node.configure(queue: ["classes": "[1]"])
            #expect(try node.prologue().status == 0)
            let file = Places(root: node.root).machine(try #require(MachineName("t-4711.0"))).console
            let path = String(file.dropFirst(node.root.count + 1))
            try node.write(
                path, "first\n" + String(repeating: "\0", count: 2 << 20) + "\u{202E}last\u{1B}[2J\n")
            let heading = "(untrusted: what the guest printed)\n"
            #expect(try node.bivouac("job", "console", "4711").text == heading + "first\nlast[2J\n")
            #expect(try node.bivouac("job", "console", "4711", "--lines", "2").text == heading + "last[2J\n")
            let json = try node.bivouac("job", "console", "4711", "--json").text
            #expect(json == "{\"untrusted\":\"first\\nlast[2J\\n\"}\n")
        }
    }
}
