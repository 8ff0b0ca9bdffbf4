internal import GuestProtocol
internal import Job
internal import Unix

/// The user's credentials that the site lets into machines: files that variables of the launcher's name and that
/// the launcher, being the user, may read.
enum CredentialFiles {
    /// Reads those whose variables are set; one that is named and cannot be read ends the job here, not later and
    /// for no clear reason.
    static func read(_ variables: [String]) throws(Failure) -> [Credential] {
        var credentials: [Credential] = []
        for name in variables.prefix(Credential.most) where Credential.isVariable(name) {
            guard let value = Process.environment(name), !value.isEmpty else { continue }
            // Kerberos writes which kind of store it is in front.
            let path = value.hasPrefix("FILE:") ? String(value.dropFirst(5)) : value
            do throws(UnixError) {
                let bytes = try Files.read(path, limit: Credential.longest)
                credentials.append(Credential(variable: name, content: Secret(bytes)))
            } catch {
                throw Failure(.configuration, "the credential that \(name) names cannot be read: \(error)")
            }
        }
        return credentials
    }
}
