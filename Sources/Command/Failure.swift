/// A failure that is told in one line and ends the program with a status.
package struct Failure: Error {
    package let status: Int32
    package let message: String

    package init(_ status: Int32, _ message: String) {
        self.status = status
        self.message = message
    }
}
