package import Job

/// The volumes that tell one machine who it is, each in the form that some images look for.
package enum ContextVolume {
    /// Bytes of an assignment.
    package static let assignmentLimit = 1 << 20

    /// A volume for each form, in the order given; the first one also has the agent's own assignment.json, which
    /// is the JSON text that the agent parses.
    package static func make(
        facts: ContextFacts, assignment: [UInt8], forms: [ContextForm] = ContextForm.allCases
    ) throws(ContextError) -> [Volume] {
        guard assignment.count <= assignmentLimit else {
            throw .tooLarge("bytes of assignment.json", limit: assignmentLimit)
        }
        var volumes: [Volume] = []
        for form in forms {
            var files = try files(form, facts)
            if volumes.isEmpty { files.append(Volume.File("assignment.json", .bytes(assignment))) }
            volumes.append(try Volume(label: form.label, files: files))
        }
        return volumes
    }

    private static func files(_ form: ContextForm, _ facts: ContextFacts) throws(ContextError)
        -> [Volume.File]
    {
        let files: [(String, [UInt8])] =
            switch form {
            case .hepix:
                [
                    ("context.sh", Array(try (facts.shellText() + startScript()).utf8)),
                    ("prolog.sh", Array(ContextScripts.prolog.utf8)),
                    // OpenNebula runs this one, HEPiX where there is no other.
                    ("init.sh", Array(ContextScripts.prolog.utf8)),
                    ("epilog.sh", Array(ContextScripts.epilog.utf8)),
                ]
            case .cidata:
                [("user-data", CloudData.userData), ("meta-data", try CloudData.metaData(facts))]
            case .configDrive:
                [
                    ("openstack/latest/meta_data.json", try CloudData.openStack(facts)),
                    ("openstack/latest/user_data", CloudData.userData),
                    ("ec2/latest/meta-data.json", CloudData.ec2(facts)),
                    ("ec2/latest/user-data", CloudData.userData),
                ]
            }
        return files.map { Volume.File($0.0, .bytes($0.1)) }
    }

    /// OpenNebula's other way to name what is run, for images that know no init.sh.
    private static func startScript() throws(ContextError) -> String {
        try ShellText.assignment("START_SCRIPT", ContextScripts.prolog)
    }
}

extension ContextForm {
    /// What an image finds the volume by.
    var label: String {
        switch self {
        case .hepix: "CONTEXT"
        case .cidata: "cidata"
        case .configDrive: "config-2"
        }
    }
}
