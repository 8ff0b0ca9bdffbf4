package import Disk
package import Unix

extension Difference.Part {
    /// Fills in what differs between two tar archives of a file system, for one that is not read block by block.
    ///
    /// What a tar archive does not tell is not compared: sockets, and the flags of lsattr(1). `report` is told
    /// how far it is.
    package mutating func compare(
        before: consuming FileDescriptor, after: consuming FileDescriptor, report: (String) -> Void
    ) throws(DiskError) {
        let list = ChangeList()
        let old = try Tree(before) { report("the image: \($0) names") }.nodes
        let new = try Tree(after) { report("the machine's disk: \($0) names") }.nodes
        for (path, node) in old {
            if let now = new[path] {
                let aspects = Self.aspects(node, now)
                // A directory's own time follows from what is in it.
                if aspects.isEmpty || now.facts.type == "directory" && aspects == [.time] { continue }
                list.add(Self.change(path, .changed, aspects, node.facts, now.facts), to: &self)
            } else {
                list.add(Self.change(path, .deleted, [], node.facts, nil), to: &self)
            }
        }
        for (path, node) in new where old[path] == nil {
            list.add(Self.change(path, .added, [], nil, node.facts), to: &self)
        }
        changes.sort { $0.path < $1.path }
    }

    private static func aspects(_ old: Tree.Node, _ now: Tree.Node) -> [Change.Aspect] {
        var found: [Change.Aspect] = []
        if old.facts.type != now.facts.type { found.append(.type) }
        if old.facts.mode != now.facts.mode { found.append(.mode) }
        if old.facts.uid != now.facts.uid || old.facts.gid != now.facts.gid { found.append(.owner) }
        if old.facts.type == now.facts.type {
            if old.facts.device != now.facts.device { found.append(.device) }
            if old.content != now.content { found.append(old.facts.type == "link" ? .target : .content) }
        }
        if old.attributes != now.attributes { found.append(.attributes) }
        if found.isEmpty, old.facts.modified != now.facts.modified { found.append(.time) }
        return found
    }

    private static func change(
        _ path: [UInt8], _ kind: Change.Kind, _ aspects: [Change.Aspect], _ before: Change.Facts?,
        _ after: Change.Facts?
    ) -> Change {
        Change(
            path: "/" + PrintableName.text(path), kind: kind, aspects: aspects, before: before, after: after)
    }
}
