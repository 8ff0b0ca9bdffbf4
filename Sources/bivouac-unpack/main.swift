internal import Job
internal import Unix

Process.end(run(Array(CommandLine.arguments.dropFirst())))

/// Gives up all rights, then reads standard input and writes standard output; what is to be said of the image
/// goes to standard error in one line.
func run(_ arguments: [String]) -> Int32 {
    guard let errand = Errand(arguments) else {
        Process.report(Errand.usage)
        return 64
    }
    do throws(UnixError) {
        try Confinement(seconds: errand.seconds, fileSize: errand.fileSize).enter()
    } catch {
        Process.report("\(error)")
        return 69
    }
    do throws(Refusal) {
        return try errand.run()
    } catch {
        Process.report("\(error)")
        return 65
    }
}
