/// Why a launcher ends without its payload's end, and the exit status that says so.
struct Failure: Error {
    /// sysexits.h; never 0.
    enum Status: Int32 {
        case usage = 64
        /// The machine ended, fell silent or could not start the payload.
        case unavailable = 69
        /// What the job left in its working directory could not be brought back.
        case incomplete = 74
        /// What came from the machine is no frame.
        case malformed = 76
        /// There is no machine for this job, or it was refused.
        case configuration = 78
    }

    let status: Status
    /// One line without the program's name.
    let message: String

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }
}
