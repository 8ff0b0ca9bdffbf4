/// The account a job runs as, as the node's name service knows it.
package struct Account: Hashable, Sendable, Codable {
    /// A group that the account belongs to.
    package struct Group: Hashable, Sendable, Codable {
        package var name: String
        package var gid: UInt32

        package init(name: String, gid: UInt32) {
            self.name = name
            self.gid = gid
        }
    }

    package var name: String
    package var uid: UInt32
    package var gid: UInt32
    /// All groups, the primary one among them.
    package var groups: [Group]
    package var home: String
    package var shell: String

    package init(name: String, uid: UInt32, gid: UInt32, groups: [Group], home: String, shell: String) {
        self.name = name
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home
        self.shell = shell
    }
}
