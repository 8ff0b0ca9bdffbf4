/// What a site adds to every machine it starts: `context.d/NAME.toml`, files under `[files]` and variables under
/// `[environment]`.
///
/// It is data and never a program, and only of these kinds: a site gives an image its logging, certificates,
/// names, mounts and proxies, and leaves compilers, interpreters, kernels, packages and everything that could make
/// somebody root as they were endorsed.
package struct ContextSnippet: Hashable, Sendable {
    static let keys = ["files", "environment"]
    /// Bytes of all files of a site, at most.
    package static let limit = 128 << 10

    /// Where a snippet may put files: whole paths, and directories that end in a slash.
    package static let places = [
        "/etc/rsyslog.d/", "/etc/syslog-ng/conf.d/", "/etc/systemd/journald.conf.d/",
        "/etc/grid-security/certificates/", "/etc/grid-security/vomsdir/", "/etc/vomses/",
        "/usr/local/share/ca-certificates/", "/etc/pki/ca-trust/source/anchors/", "/etc/resolv.conf",
        "/etc/krb5.conf", "/etc/krb5.conf.d/", "/etc/chrony/sources.d/", "/etc/auto.master.d/",
        "/etc/cvmfs/default.local", "/etc/cvmfs/config.d/", "/etc/cvmfs/domain.d/", "/etc/cvmfs/keys/",
    ]
    /// Variables that a payload may be given: whole names, and beginnings that end in `_`.
    package static let variables = [
        "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY",
        "NO_PROXY", "X509_CERT_DIR", "X509_VOMS_DIR", "VOMS_USERCONF", "FRONTIER_SERVER", "FRONTIER_PROXY",
        "TZ", "SITE_", "CVMFS_",
    ]

    package let name: String
    /// Content by path.
    package let files: [String: String]
    package let environment: [String: String]

    init(name: String, _ section: Section) throws(SiteFault) {
        self.name = name
        var files: [String: String] = [:]
        if let table = try section.section("files", keys: nil) {
            for path in table.names {
                guard Self.allows(path: path) else {
                    throw table.fault(
                        at: path,
                        "is no file that a context may touch (ContextNotAllowed): it must lie in one of "
                            + Self.places.joined(separator: ", "))
                }
                files[path] = try table.string(path, rule: "text of at most \(Self.limit) bytes") {
                    $0.utf8.count <= Self.limit && !$0.utf8.contains(0)
                }
            }
        }
        var environment: [String: String] = [:]
        if let table = try section.section("environment", keys: nil) {
            for variable in table.names {
                guard Self.allows(variable: variable) else {
                    throw table.fault(
                        at: variable,
                        "is no variable that a context may set (ContextNotAllowed): it must be one of "
                            + Self.variables.joined(separator: ", "))
                }
                environment[variable] = try table.string(variable, rule: "a line of at most 1024 bytes") {
                    Self.isLine($0)
                }
            }
        }
        self.files = files
        self.environment = environment
    }

    private static func isLine(_ text: String) -> Bool {
        text.utf8.count <= 1024 && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    /// Whether a file may be put there; a path is taken as it stands, without `.`, `..` or hidden names.
    package static func allows(path: String) -> Bool {
        guard path.hasPrefix("/"), path.utf8.count <= 256,
            path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().allSatisfy({ isName($0) }
            )
        else { return false }
        return places.contains { $0.hasSuffix("/") ? path.hasPrefix($0) : path == $0 }
    }

    private static func isName(_ name: Substring) -> Bool {
        !name.isEmpty && !name.hasPrefix(".")
            && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }
    }

    /// Whether a payload may be given the variable.
    package static func allows(variable: String) -> Bool {
        let isWord =
            (1...64).contains(variable.utf8.count)
            && variable.utf8.allSatisfy {
                (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
                    || $0 == 0x5F
            }
        return isWord && variables.contains { $0.hasSuffix("_") ? variable.hasPrefix($0) : variable == $0 }
    }
}
