import Job

extension Site {
    /// Reads the configuration below the root.
    ///
    /// A missing or broken `site.toml` is an error; a broken drop-in file is kept among the faults. Without its
    /// lists, which `addLists` adds, the cost does not grow with their number.
    package static func load(places: Places, withLists: Bool = true) throws(SiteError) -> Site {
        var site: Site
        do throws(SiteFault) {
            guard try ConfigurationFile.names(in: places.configuration) != nil,
                let bytes = try ConfigurationFile.read(places.siteFile)
            else {
                throw SiteFault(file: places.siteFile, message: "there is no such file: write it")
            }
            site = try Site(section(bytes, file: places.siteFile, keys: keys))
        } catch {
            throw .configuration(error)
        }
        try places.check(cluster: site.cluster)
        site.dropIns(places.endorsers) { (site, name, file, bytes) throws(SiteFault) in
            site.endorsers[name] = try EndorserRule(
                name: name, section(bytes, file: file, keys: EndorserRule.keys))
        }
        if withLists { site.addLists(from: places) }
        site.dropIns(places.snippets) { (site, name, file, bytes) throws(SiteFault) in
            let section = try section(bytes, file: file, keys: ContextSnippet.keys)
            try site.add(try ContextSnippet(name: name, section), file)
        }
        let before = site.faults.count
        site.dropIns(places.denials) { (site, _, file, bytes) throws(SiteFault) in
            site.denials.append(try Denial(section(bytes, file: file, keys: Denial.keys)))
        }
        site.denials += site.faults[before...].map { Denial($0) }
        return site
    }

    /// Adds all lists, or those of these names that there are.
    package mutating func addLists(_ names: [String]? = nil, from places: Places) {
        dropIns(places.lists, names: names?.map { $0 + ".toml" }) {
            (site, name, file, bytes) throws(SiteFault) in
            try site.add(list: name, Self.section(bytes, file: file, keys: ListRule.keys))
        }
    }

    private static func section(_ bytes: [UInt8], file: String, keys: [String]) throws(SiteFault) -> Section {
        try Section(file: file, entries: TomlDocument.parse(bytes, file: file), keys: keys)
    }

    /// Hands every `NAME.toml` of a directory to `take` and keeps what is wrong as faults.
    ///
    /// A directory that is not there is empty.
    private mutating func dropIns(
        _ directory: String, names wanted: [String]? = nil,
        take: (inout Site, String, String, [UInt8]) throws(SiteFault) -> Void
    ) {
        let names: [String]
        do throws(SiteFault) {
            names = try ConfigurationFile.names(in: directory, wanted)
        } catch {
            faults.append(error)
            return
        }
        for name in names where !name.hasPrefix(".") {
            let file = "\(directory)/\(name)"
            guard name.hasSuffix(".toml") else {
                ignored.append(file)
                continue
            }
            let stem = String(name.dropLast(5))
            do throws(SiteFault) {
                guard ImageName.isWord(stem) else {
                    throw SiteFault(
                        file: file,
                        message:
                            "the name is not 1 to 64 letters, digits, '.', '_' and '-' and .toml: rename it")
                }
                if let bytes = try ConfigurationFile.read(file) { try take(&self, stem, file, bytes) }
            } catch {
                faults.append(error)
            }
        }
    }

    /// Adds a snippet, whose files must have room beside those of the others, and paths of their own.
    private mutating func add(_ snippet: ContextSnippet, _ file: String) throws(SiteFault) {
        let all = snippets + [snippet]
        let bytes = all.flatMap(\.files.values).reduce(0) { $0 + $1.utf8.count }
        guard bytes <= ContextSnippet.limit else {
            throw SiteFault(file: file, message: "all snippets have more than \(ContextSnippet.limit) bytes")
        }
        let taken = Set(snippets.flatMap { Array($0.files.keys) + Array($0.environment.keys) })
        for key in Array(snippet.files.keys) + Array(snippet.environment.keys) where taken.contains(key) {
            throw SiteFault(file: file, message: "another snippet has '\(key)' already: drop one")
        }
        snippets = all
    }

    /// Adds a list less the endorsers that no file declares; a list that nobody may sign is left out.
    private mutating func add(list name: String, _ section: Section) throws(SiteFault) {
        var rule = try ListRule(name: name, section)
        for (endorser, place) in zip(rule.endorsers, section.places(in: "endorsers"))
        where endorsers[endorser] == nil {
            faults.append(
                section.fault(
                    place,
                    "there is no usable endorsers.d/\(endorser).toml: write or mend it, or drop '\(endorser)'"
                ))
        }
        rule.endorsers.removeAll { endorsers[$0] == nil }
        if !rule.endorsers.isEmpty { lists[name] = rule }
    }
}
