internal import Batch
internal import Command
internal import ImageTrust
internal import Job
internal import Unix

extension Verbs {
    static let templateNotes = """
          --certificate CERT  yours, PEM: its names go into the list
          --key KEY           its key's file, for the printed command (default: userkey.pem)
          --uri URI           where the signed list will be published
          --image-folder URI  where the image files will be (default: beside the list)
          --identifier UUID   of the list; keep it for all its versions (default: a new one)
          --image-identifiers UUID,UUID...  one for each file; keep them for all versions (default: new ones)
          --version TEXT      it must grow with each list (default: 1)
          --lifetime DAYS     such as 28d (default: 28d); --at TIME: created then (default: now)
          --title TEXT, --vo NAME, --creator NAME, --email ADDRESS  what the list says of itself and of you

        The list goes to standard output, the command that signs it to standard error. --json prints both.
        """

    private struct Template: Encodable {
        let list: String
        let command: String
    }

    /// Prints the list on standard output and the command that signs it on standard error, so that the one can
    /// go straight into a file.
    static func listTemplate(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        guard let certificate = arguments["certificate"], let uri = arguments["uri"] else {
            throw Failure(
                ExitStatus.usage,
                "--certificate (yours, PEM) and --uri (where the signed list will be) are needed")
        }
        guard let names = CertificateNames(reading: try Files.read(certificate, limit: 1 << 20)) else {
            throw Failure(ExitStatus.dataRefused, "\(certificate) holds no certificate")
        }
        guard ListURI(uri) != nil else {
            throw Refusal(.BadURI, "--uri '\(uri)' is no http, https or file URI")
        }
        let folder =
            arguments["image-folder"]
            ?? uri.split(separator: "/", omittingEmptySubsequences: false)
            .dropLast().joined(separator: "/")
        let created = try arguments["at"].map(moment) ?? tool.now
        let creator = arguments["creator"] ?? names.subject.description
        let template = ListTemplate(
            identifier: try identifier(arguments["identifier"]), title: arguments["title"] ?? "Images",
            version: arguments["version"] ?? "1", uri: uri, imageFolder: folder, vo: arguments["vo"] ?? "",
            creator: creator, email: arguments["email"] ?? "", dn: names.subject, ca: names.issuer,
            created: created, expires: created + (try lifetime(arguments["lifetime"])))
        let known = (arguments["image-identifiers"] ?? "").split(separator: ",").map(String.init)
        guard known.isEmpty || known.count == arguments.words.count else {
            throw Failure(
                ExitStatus.usage, "--image-identifiers takes one UUID for each file, divided by commas")
        }
        let files = try arguments.words.enumerated().map { index, path in
            let file = try ImageFile.reading(path)
            guard ListURI("\(folder)/\(file.name)") != nil else {
                throw Refusal(.BadURI, "'\(folder)/\(file.name)' is no URI: rename the file")
            }
            return (file: file, identifier: try identifier(known.isEmpty ? nil : known[index]))
        }
        let text = template.text(files)
        let command = ListTemplate.signingCommand(
            certificate: certificate, key: arguments["key"] ?? "userkey.pem")
        try tool.show(Template(list: text, command: command), text)
        if !tool.json {
            Process.report("bivouac: save the list as list.json, look it through, and sign it:")
            Process.report(command)
        }
        return ExitStatus.success
    }

    private static func identifier(_ text: String?) throws -> ImageIdentifier {
        guard let text else { return .random() }
        guard let identifier = ImageIdentifier(text) else {
            throw Refusal(.BadIdentifier, "'\(text)' is no UUID")
        }
        return identifier
    }

    private static func lifetime(_ text: String?) throws -> Int64 {
        guard let text else { return ListTemplate.usualLifetime }
        guard let days = Int64(text.hasSuffix("d") ? text.dropLast() : text[...]), (1...3650).contains(days)
        else {
            throw Failure(ExitStatus.usage, "--lifetime is a number of days, such as 28d")
        }
        return days * 86_400
    }
}
