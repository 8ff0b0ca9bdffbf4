internal import Unix

// What it reads was written by a guest: it gives up every right first but to read what is open.
Process.end(run(Array(CommandLine.arguments.dropFirst())))

func run(_ arguments: [String]) -> Int32 {
    guard let errand = Errand(arguments) else {
        Process.report(Errand.usage)
        return 64
    }
    do {
        return try errand.run()
    } catch let error as UnixError {
        Process.report("could not give up rights: \(error)")
        return 69
    } catch {
        Process.report("\(error)")
        return 65
    }
}
