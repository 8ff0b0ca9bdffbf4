internal import Difference
internal import JSON
internal import Disk
internal import Unix

// Compares the disk open as 4 with the image open as 3 and writes the difference, as JSON, to standard output.
// What it reads was written by a guest: it gives up every right first but to read these two.
Process.end(run(Array(CommandLine.arguments.dropFirst())))

func run(_ arguments: [String]) -> Int32 {
    guard arguments.count == 1, ["raw", "qcow2"].contains(arguments[0]) else {
        Process.report("usage: bivouac-difference raw|qcow2 3<IMAGE 4<OVERLAY (run by bivouac evidence diff)")
        return 64
    }
    do {
        try Confinement.enter()
        let file = FileDescriptor(owning: 3)
        let base: any DiskImage = arguments[0] == "raw" ? try RawImage(file) : try QcowImage(file)
        let disk = try QcowImage(FileDescriptor(owning: 4), over: base)
        let difference = try Difference.between(base, disk)
        Process.print(difference.json.description + "\n")
        return 0
    } catch let error as UnixError {
        Process.report("could not give up rights: \(error)")
        return 69
    } catch {
        Process.report("\(error)")
        return 65
    }
}
