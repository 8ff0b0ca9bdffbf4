/// A version as libvirt numbers it: 1,000,000 times the major, 1,000 times the minor number, and the release.
package struct Version: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number as libvirt gives it.
    package let number: UInt

    /// Reads libvirt's number.
    package init(_ number: UInt) { self.number = number }

    package static func < (left: Version, right: Version) -> Bool { left.number < right.number }

    package var description: String { "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)" }
}
