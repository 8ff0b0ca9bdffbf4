import Foundation
import TestSupport
import Testing

@testable import Batch

@Suite("A node's properties in Torque")
struct TorqueNodeTests {
    @Test("are read from what pbsnodes shows, and whether the node is offline")
    func read() throws {
        func node(_ state: String, _ more: String) throws -> NodeFeatures? {
            try NodeFeatures(
                torque: "<Data><Node><name>n1</name><state>\(state)</state>\(more)</Node></Data>")
        }
        let busy = try #require(try node("job-exclusive", "<properties>gpu,bivouac_a</properties>"))
        #expect(busy.available == ["gpu", "bivouac_a"] && !busy.isDrained)
        let drained = try #require(try node("down,offline", ""))
        #expect(drained.available == [] && drained.isDrained)
        for text in ["<Data></Data>", "pbsnodes: Unknown node MSG=cannot locate specified node"] {
            #expect(try NodeFeatures(torque: text) == nil)
        }
    }

    /// Torque's commands for a server with one node, whose properties are the lines of a file.
    private static func with(_ body: (_ commands: TorqueCommand, _ directory: String) throws -> Void) throws {
        try withScratch { scratch in
            let programs = [
                "pbsnodes": """
                [ "$*" = "-x n1" ] || { echo "pbsnodes: Unknown node $2" >&2; exit 1; }
                list=$(paste -s -d , properties)
                echo "<Data><Node><name>n1</name><state>free</state><properties>$list</properties></Node></Data>"
                """,
                "qmgr": """
                [ ! -e closed ] || { echo "qmgr obj=n1 svr=default: Unauthorized Request" >&2; exit 2; }
                echo "$*" >>asked
                set -- $(echo "$3" | tr -d '"' | tr , ' ')
                [ "$1 $2 $3 $4" = "set node n1 properties" ] || exit 1
                sign=$5
                shift 5
                for name; do
                    grep -vx "$name" properties >new
                    [ "$sign" = -= ] || echo "$name" >>new
                    mv new properties
                done
                """,
            ]
            for (name, script) in programs {
                let path = "\(scratch)/\(name)"
                try Data("#!/bin/sh\ncd '\(scratch)'\n\(script)\n".utf8).write(to: URL(fileURLWithPath: path))
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
            }
            try Data("gpu\nbivouac_gone\n".utf8).write(to: URL(fileURLWithPath: scratch + "/properties"))
            try body(TorqueCommand(server: nil, seconds: 60, directories: [scratch]), scratch)
        }
    }

    @Test("get ours in place of ours by qmgr, once, and all others stay")
    func published() throws {
        try Self.with { (commands, directory) throws in
            #expect(try commands.publish(["bivouac_a", "bivouac_b"], of: "n1"))
            #expect(try commands.node("n1").available == ["gpu", "bivouac_a", "bivouac_b"])
            #expect(try !commands.publish(["bivouac_a", "bivouac_b"], of: "n1"))
            #expect(try commands.publish([], of: "n1"))
            #expect(try commands.node("n1").available == ["gpu"])
            #expect(
                try String(contentsOfFile: directory + "/asked", encoding: .utf8) == """
                    -a -c set node n1 properties -= "bivouac_gone"
                    -a -c set node n1 properties += "bivouac_a,bivouac_b"
                    -a -c set node n1 properties -= "bivouac_a,bivouac_b"

                    """)
        }
    }

    @Test("stay as they are where root of the node is no manager of the server, and that is told")
    func refused() throws {
        try Self.with { (commands, directory) throws in
            try Data().write(to: URL(fileURLWithPath: directory + "/closed"))
            let error = #expect(throws: BatchError.self) { try commands.publish(["bivouac_a"], of: "n1") }
            #expect(error?.description.contains("Unauthorized Request") == true)
            #expect(try commands.node("n1").available == ["gpu", "bivouac_gone"])
            #expect(throws: BatchError.self) { try commands.publish(["bivouac_a"], of: "n2") }
        }
    }
}
