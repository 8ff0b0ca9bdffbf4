internal import Batch
internal import Command
internal import ImageTrust
internal import Job
internal import Policy
internal import Site
internal import Unix

extension Verbs {
    static let verifyNotes = """
          --anchors DIR      CA certificates, CRLs and signing policies, as /etc/grid-security/certificates has them
          --endorser NAME    also that this endorser signed it: endorsers.d/NAME.toml (default: anybody whom the
                             anchors vouch for)
          --config-root DIR  where endorsers.d is (default: /etc/bivouac)
          --at TIME          the moment to judge for, YYYY-MM-DDThh:mm:ssZ (default: now)

        Without --endorser: signature, chain, revocation lists, document, freshness, and that the list names its
        signer. What a site remembers of earlier versions is not asked. --json: one object, {"accepted":true,
        "list":{...},"images":[...]}, where an image that is refused on its own carries "refusal", or
        {"accepted":false,"refusal":"CertRevoked","message":"..."}. Exit status 0 accepted, 65 refused.
        """

    /// Judges a file by the rules for lists alone: no state, no site but an endorser's file, no network.
    static func verifyList(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        guard let anchors = arguments["anchors"] else {
            throw Failure(ExitStatus.usage, "--anchors is missing: a directory of CA certificates and CRLs")
        }
        guard try Files.status(anchors + "/.")?.kind == .directory else {
            throw Failure(ExitStatus.usage, "--anchors \(anchors) is no directory")
        }
        let now = try arguments["at"].map(moment) ?? tool.now
        let endorsers = try arguments["endorser"].map { [try endorser($0, tool, arguments)] }
        let verdict = try judge(arguments.words[0], TrustAnchors(directory: anchors), endorsers, at: now)
        var output = OutputText()
        if tool.json { verdict.write { output.add($0) } } else { write(verdict) { output.add($0) } }
        output.flush()
        return verdict.accepted ? ExitStatus.success : ExitStatus.dataRefused
    }

    static func moment(_ text: String) throws -> Timestamp {
        guard let moment = Timestamp(text) else {
            throw Failure(ExitStatus.usage, "--at is a moment such as 2026-11-21T10:00:00Z, not '\(text)'")
        }
        return moment
    }

    private static func endorser(_ name: String, _ tool: Tool, _ arguments: Arguments) throws -> Endorser {
        let directory = arguments["config-root"] ?? tool.places.configuration
        let rule: EndorserRule?
        do throws(SiteFault) {
            rule = try EndorserRule.load(name, in: directory)
        } catch {
            throw Failure(ExitStatus.configuration, "\(error)")
        }
        guard let rule else {
            throw Failure(ExitStatus.configuration, "there is no \(directory)/endorsers.d/\(name).toml")
        }
        return try Endorser(rule)
    }

    private static func judge(
        _ path: String, _ anchors: TrustAnchors, _ endorsers: [Endorser]?, at now: Timestamp
    ) throws -> ListVerdict {
        let bytes: [UInt8]
        do throws(UnixError) {
            bytes = try Files.read(path, limit: SignedMessage.usualLimit)
        } catch {
            guard error.code == UnixError.tooLarge else {
                throw Failure(ExitStatus.usage, "the list cannot be read: \(error)")
            }
            return ListVerdict(
                Refusal(.TooLarge, "\(path) is longer than \(SignedMessage.usualLimit) bytes"))
        }
        do throws(Refusal) {
            let verified = try VerifiedList.verify(
                consume bytes, anchors: anchors, endorsers: endorsers, at: now)
            return ListVerdict(verified, at: now)
        } catch {
            return ListVerdict(error)
        }
    }

    private static func write(_ verdict: ListVerdict, _ put: (String) -> Void) {
        guard let list = verdict.list else {
            return put("refused: \(verdict.refusal?.rawValue ?? ""): \(verdict.message ?? "")\n")
        }
        put(
            "accepted: \(list.identifier) version \(plain(list.version.description)), '\(plain(list.title))'\n"
        )
        put("endorser: \(list.dn), by \(list.ca)\n")
        put("created:  \(list.created)\nexpires:  \(list.expires)\n")
        for warning in list.warnings { put("warning:  \(warning)\n") }
        for image in verdict.images ?? [] {
            let name = image.identifier?.description ?? "-"
            let fault = image.refusal.map { "refused: \($0.rawValue): \(image.message ?? "")" }
            put("image:    \(name) \(plain(image.title ?? "")): \(fault ?? "accepted")\n")
        }
    }
}
