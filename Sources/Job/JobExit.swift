/// How a job ended, as the batch system says it.
package struct JobExit: Hashable, Sendable, Codable {
    package let code: Int
    package let signal: Int

    package init(code: Int, signal: Int) {
        self.code = code
        self.signal = signal
    }
}
