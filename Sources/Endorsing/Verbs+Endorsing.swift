package import Command

extension Verbs {
    /// What an endorser does on a machine of his own, where there may be no node, no site and no libvirt.
    package static let endorsing = [
        Verb(
            "list", "verify", "FILE --anchors DIR [--endorser NAME] [--config-root DIR] [--at TIME]",
            "what every check says of a signed list; needs no site and no network, changes nothing",
            words: 1...1,
            options: ["anchors", "endorser", "config-root", "at"], notes: verifyNotes, run: verifyList),
        Verb(
            "list", "template", "IMAGE-FILE... --certificate CERT --uri URI [OPTION...]",
            "prints an unsigned list of image files, and how to sign it", words: 1...256,
            options: [
                "certificate", "key", "uri", "image-folder", "title", "version", "vo", "creator", "email",
                "identifier", "image-identifiers", "lifetime", "at",
            ], notes: templateNotes, run: listTemplate),
    ]
}
