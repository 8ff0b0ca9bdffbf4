/// A policy file that cannot be understood.
struct NamespaceFault: Error, Equatable {
    let line: Int
    let reason: String
}
