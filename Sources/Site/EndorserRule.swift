internal import Job

/// Somebody whose signature under image lists a site accepts: `endorsers.d/NAME.toml`.
package struct EndorserRule: Hashable, Sendable {
    /// The name of the file, without `.toml`.
    package var name: String
    /// The subject of the endorser's certificate, `/DC=.../CN=...`.
    package var dn: String
    /// The subject of the authority that issued it.
    package var ca: String
    /// The virtual organisation that the endorser speaks for.
    package var vo: String

    /// An endorser known by the subject and issuer of the certificate.
    package init(name: String, dn: String, ca: String, vo: String) {
        self.name = name
        self.dn = dn
        self.ca = ca
        self.vo = vo
    }
}

extension EndorserRule {
    /// The file of one endorser below a directory that stands for `/etc/bivouac`; nil if there is no such file.
    package static func load(_ name: String, in configuration: String) throws(SiteFault) -> EndorserRule? {
        let file = "\(configuration)/endorsers.d/\(name).toml"
        guard ImageName.isWord(name), let bytes = try ConfigurationFile.read(file) else { return nil }
        return try EndorserRule(
            name: name, Section(file: file, entries: TomlDocument.parse(bytes, file: file), keys: keys))
    }

    static let keys = ["dn", "ca", "vo"]

    init(name: String, _ section: Section) throws(SiteFault) {
        func subject(_ key: String) throws(SiteFault) -> String {
            let rule = "a distinguished name like /DC=org/CN=Name"
            let text = try section.string(key, rule: rule) {
                $0.hasPrefix("/") && $0.contains("=") && Section.isLine($0, limit: 1024)
            }
            return try section.required(key, text, example: "\"/DC=org/CN=Name\"")
        }
        let vo = try section.string("vo", rule: "a name of 1 to 128 characters without white space") {
            Section.isVisible($0, limit: 128)
        }
        self.init(
            name: name, dn: try subject("dn"), ca: try subject("ca"),
            vo: try section.required("vo", vo, example: "\"NAME\""))
    }
}
