internal import Unix

/// A directory of certificate authorities as grid sites have it: `<hash>.0`, `<hash>.r0`,
/// `<hash>.signing_policy` and `<hash>.namespaces`.
///
/// Files are found by the hash of the authority's name, which costs the same whatever else is there; only when
/// there is none of that name is the directory searched. Nothing is kept: what is on disk at the moment of the
/// question is what counts.
package struct TrustAnchors: Hashable, Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    private static let certificateLimit = 1 << 20
    private static let listLimit = 64 << 20
    private static let policyLimit = 1 << 20
    /// Files with one hash: `.0`, `.1`, ...
    private static let collisionLimit = 10
    private static let searchLimit = 4096

    /// An authority and the name of its file without the suffix.
    struct Authority {
        let certificate: Certificate
        let stem: String
    }

    /// The certificates that bear the name of the certificate's issuer.
    func issuers(of certificate: Certificate) -> [Authority] {
        let suffixes = (0..<Self.collisionLimit).map { ".\($0)" }
        let found = read(certificate.issuerHashes, suffixes, limit: Self.certificateLimit)
        let authorities = named(by: certificate, in: found)
        if !authorities.isEmpty { return authorities }
        return named(
            by: certificate,
            in: search(limit: Self.certificateLimit) { $0 == "pem" || $0 == "crt" || Int($0) != nil })
    }

    /// All authorities of the directory.
    func everyone() -> [Authority] {
        search(limit: Self.certificateLimit) { $0 == "pem" || $0 == "crt" || Int($0) != nil }
            .flatMap { file in
                Certificate.reading(file: file.bytes).map { Authority(certificate: $0, stem: file.stem) }
            }
    }

    /// The revocation lists in the name of an authority; nil stands for a file that is none.
    func revocationLists(of authority: Certificate) -> [RevocationList?] {
        let suffixes = (0..<Self.collisionLimit).map { ".r\($0)" }
        let files = read(authority.subjectHashes, suffixes, limit: Self.listLimit)
        if !files.isEmpty {
            return files.map { RevocationList.reading(file: $0.bytes) }
                .filter { $0?.isIssued(inNameOf: authority) ?? true }
        }
        return search(limit: Self.listLimit) { $0 == "crl" || $0.first == "r" && Int($0.dropFirst()) != nil }
            .compactMap { RevocationList.reading(file: $0.bytes) }
            .filter { $0.isIssued(inNameOf: authority) }
    }

    /// What a policy file says, or why it cannot be understood.
    struct Policy {
        let path: String
        let rules: Result<[NamespaceRule], NamespaceFault>
    }

    /// The policy files that may be about an authority, by kind.
    func policies(of authority: Authority) -> [[Policy]] {
        var stems = authority.certificate.subjectHashes
        if !stems.contains(authority.stem) { stems.append(authority.stem) }
        return [".signing_policy", ".namespaces"].map { suffix in
            var files = read(stems, [suffix], limit: Self.policyLimit)
            if files.isEmpty { files = search(limit: Self.policyLimit) { "." + $0 == suffix } }
            return files.map { file in
                let text = String(decoding: file.bytes, as: UTF8.self)
                return Policy(
                    path: file.path,
                    rules: Result { () throws(NamespaceFault) in
                        suffix == ".namespaces"
                            ? try Namespaces.rules(text) : try SigningPolicy.rules(text)
                    })
            }
        }
    }

    /// What all policy files say, as far as they can be understood.
    func allRules() -> [NamespaceRule] {
        search(limit: Self.policyLimit) { $0 == "signing_policy" || $0 == "namespaces" }.flatMap { file in
            let text = String(decoding: file.bytes, as: UTF8.self)
            return
                (file.path.hasSuffix(".namespaces")
                ? try? Namespaces.rules(text) : try? SigningPolicy.rules(text)) ?? []
        }
    }

    private struct File {
        let path: String
        let stem: String
        let bytes: [UInt8]
    }

    private func named(by certificate: Certificate, in files: [File]) -> [Authority] {
        files.flatMap { file in
            Certificate.reading(file: file.bytes).filter { certificate.namesAsIssuer($0) }
                .map { Authority(certificate: $0, stem: file.stem) }
        }
    }

    /// The files of these names; both hashes of one authority usually lead to the same file.
    private func read(_ stems: [String], _ suffixes: [String], limit: Int) -> [File] {
        var files: [File] = []
        for stem in stems {
            for suffix in suffixes {
                let path = "\(directory)/\(stem)\(suffix)"
                guard let bytes = try? Files.read(path, limit: limit) else { break }
                guard !files.contains(where: { $0.bytes == bytes }) else { continue }
                files.append(File(path: path, stem: stem, bytes: bytes))
            }
        }
        return files
    }

    /// All files of the directory whose suffix is wanted.
    private func search(limit: Int, suffix wanted: (Substring) -> Bool) -> [File] {
        let names = (try? Files.names(in: directory)) ?? []
        return names.prefix(Self.searchLimit).compactMap { name in
            guard let dot = name.lastIndex(of: "."), wanted(name[name.index(after: dot)...]),
                let bytes = try? Files.read("\(directory)/\(name)", limit: limit)
            else { return nil }
            return File(path: "\(directory)/\(name)", stem: String(name[..<dot]), bytes: bytes)
        }
    }
}
