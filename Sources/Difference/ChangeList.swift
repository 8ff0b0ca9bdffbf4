/// The changes of a disk as they are found, and what could not be read, no more than can be told.
///
/// What a concern is about has room of its own, and so has what belongs to root: whoever makes a hundred thousand
/// files hides nothing that only root may do, and root hides nothing that makes something run with files that do
/// not.
final class ChangeList {
    private struct Kind: Hashable {
        let concern: Concern?
        let isRoots: Bool
    }

    /// Bytes for each kind of change; with all of them used up the whole stays below what may be printed.
    private let room: (concern: Int, other: Int)
    private var used: [Kind: Int] = [:]
    private var faults = 0

    private static let faultBytes = 4 << 20

    init(concern: Int = 3 << 19, other: Int = 16 << 20) { room = (concern, other) }

    /// Puts a change into the list of its part; where none of its kinds has room left, the part is cut.
    func add(_ change: Change, to part: inout Difference.Part) {
        let isRoots = [change.before, change.after].contains { $0?.uid == 0 }
        let concerns: [Concern?] = change.concerns.isEmpty ? [nil] : change.concerns
        let bytes = change.printedBytes
        for concern in concerns {
            let kind = Kind(concern: concern, isRoots: isRoots)
            guard used[kind, default: 0] + bytes <= (concern == nil ? room.other : room.concern) else {
                continue
            }
            used[kind, default: 0] += bytes
            part.changes.append(change)
            return
        }
        part.isCut = true
    }

    /// Says of a part what could not be read.
    func add(unread what: String, to part: inout Difference.Part) {
        let bytes = 3 + 2 * what.utf8.count
        guard faults + bytes <= Self.faultBytes else {
            part.isCut = true
            return
        }
        faults += bytes
        part.unread.append(what)
    }
}

extension Change {
    /// The most bytes that it takes as JSON: text there is at most doubled.
    var printedBytes: Int {
        (aspects.map(\.rawValue) + concerns.map(\.rawValue)).reduce(100 + 2 * path.utf8.count) {
            $0 + $1.utf8.count + 3
        } + [before, after].reduce(0) { $0 + ($1?.printedBytes ?? 0) }
    }
}

extension Change.Facts {
    fileprivate var printedBytes: Int {
        ([type, target ?? "", device ?? ""] + attributes).reduce(190) { $0 + 2 * $1.utf8.count + 3 }
    }
}
