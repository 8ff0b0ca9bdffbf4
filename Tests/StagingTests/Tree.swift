import Foundation
import GuestProtocol
import Staging
import TestSupport
import Unix

/// A directory of a test's, and what is done with trees below it.
struct Tree {
    let path: String

    init(_ path: String) throws {
        self.path = path
        try Files.makeDirectory(path, mode: 0o755)
    }

    func place(_ names: [String]? = nil, keepsHidden: Bool = false) throws -> OpenPlace {
        OpenPlace(
            try FileDescriptor.open(path, [.read, .directory]),
            names: names?.compactMap { FileName(Array($0.utf8)) }, keepsHidden: keepsHidden)
    }

    /// Runs a line of the shell in it.
    @discardableResult
    func sh(_ line: String) throws -> String {
        let run = try run("/bin/bash", ["-c", "cd \"$0\" && \(line)", path])
        guard run.status == 0 else { throw UnixError("bash", 0, "\(line): \(run.errors)") }
        return run.text
    }

    /// Everything in it but contents: names, kinds, permissions, times of files and links, lengths and targets.
    func listing() throws -> String {
        try sh(
            "find . -mindepth 1 \\( -type d -printf '%P|d|%m\\0' -o -printf '%P|%y|%m|%T@|%s|%l\\0' \\) "
                + "| sort -z | tr '\\0\\n' '\\n?'")
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Files.read("\(path)/\(name)", limit: 1 << 20), as: UTF8.self)
    }

    /// Names that we left behind.
    func leftovers() throws -> String { try sh("find . -name '.bivouac-*'") }

    /// Whether another tree holds the same, contents included.
    func equals(_ other: Tree) throws -> Bool {
        guard try listing() == other.listing() else { return false }
        return try run("/usr/bin/diff", ["-r", "--no-dereference", path, other.path]).status == 0
    }
}

/// Carries from one side to the other what a sender tells, in frames of any size.
func carry(_ sender: inout TreeSender, _ receiver: inout TreeReceiver, room: Int = FrameHeader.longestBody)
    throws
{
    var bytes = [UInt8](repeating: 0, count: FrameHeader.longestBody)
    while !sender.isDone {
        let count = sender.fill(&bytes, 0..<room)
        try receiver.take(bytes, 0..<count)
    }
}

/// Copies a tree as into a machine; what the machine then knows.
@discardableResult
func send(_ source: Tree, _ target: Tree, sent: SentTree? = nil) throws -> KnownFiles {
    var sender = TreeSender([try source.place()], notingIn: sent)
    var receiver = TreeReceiver(.sent, into: [try target.place()], .new, remembersNames: sent != nil)
    try carry(&sender, &receiver)
    guard receiver.isDone, receiver.complaints.count == 0, sender.complaints.count == 0 else {
        throw UnixError("send", 0, "\(receiver.complaints) \(sender.complaints)")
    }
    WallClock.awaitTick()
    return receiver.known
}

/// Brings back what has changed; what was complained of, and bytes that came.
@discardableResult
func bringBack(
    _ source: Tree, _ target: Tree, since known: KnownFiles, sent: SentTree? = nil, limit: Int64 = .max
)
    throws -> (complaints: Complaints, content: Int64)
{
    var sender = TreeSender([try source.place()], since: known)
    var receiver = TreeReceiver(.returned, into: [try target.place()], .aside, limit: limit, removing: sent)
    try carry(&sender, &receiver)
    return (receiver.complaints, receiver.content)
}

/// A body of records, as a machine could make it.
func body(_ records: [TreeRecord], data: [UInt8] = []) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    var writer = TreeRecordWriter(bytes.indices)
    for record in records {
        if case .data(let offset, _) = record {
            _ = try? writer.addData(offset: offset, upTo: Int64(data.count), to: &bytes) {
                bytes, start, most in
                bytes.replaceSubrange(start..<start + data.count, with: data)
                return data.count
            }
        } else {
            writer.add(record, to: &bytes)
        }
    }
    return Array(bytes.prefix(writer.count))
}

func name(_ text: String) -> FileName {
    guard let name = FileName(Array(text.utf8)) else { preconditionFailure("'\(text)' is no name") }
    return name
}

func withTrees(_ count: Int, _ body: ([Tree]) throws -> Void) throws {
    try withScratch { scratch in try body((0..<count).map { try Tree("\(scratch)/tree\($0)") }) }
}
