/// The table of nouns and verbs; each noun adds its own, and each program says which it has.
package enum Verbs {
    /// Somebody else's words on one line of 200 characters: they must not drive the terminal.
    package static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(200).filter {
                    $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
                }))
    }
}
