package import Job

/// A stored list that was checked again; only `StoredList.standing` makes one, so nobody can forget to.
package struct ListStanding: Hashable, Sendable {
    package let list: StoredList
    /// Why its images must not boot now; nil when they may.
    package let refusal: Refusal?

    init(list: StoredList, refusal: Refusal?) {
        self.list = list
        self.refusal = refusal
    }
}
