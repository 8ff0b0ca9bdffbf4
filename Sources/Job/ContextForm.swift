/// How an image wants to be told what it is for.
package enum ContextForm: String, Hashable, Sendable, Codable, CaseIterable {
    /// HEPiX, CernVM and OpenNebula: a volume labelled CONTEXT with scripts that are sourced as root.
    case hepix
    /// cloud-init's NoCloud: a volume labelled cidata.
    case cidata
    /// The configuration drive of OpenStack, which carries EC2's paths too.
    case configDrive = "config-2"
}
