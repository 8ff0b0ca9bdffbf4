package import Job
internal import Glibc

/// The node's passwd and group databases, through the C library and so through whatever the site uses.
///
/// Only for dynamically linked programs: a static program has no name service.
package enum NameService {
    /// The account of a user id with all of its groups; nil when the id has no account.
    ///
    /// The corresponding C functions are `getpwuid_r`, `getgrouplist` and `getgrgid_r`.
    package static func account(uid: UInt32) -> Account? {
        unsafe entry(withGroups: true) { record, buffer, size, found in
            unsafe getpwuid_r(uid, record, buffer, size, found)
        }
    }

    /// The account of a name; nil when there is none.
    ///
    /// Its groups can take a name service its time: only where they are wanted. The corresponding C function is
    /// `getpwnam_r`.
    package static func account(named name: String, withGroups: Bool = true) -> Account? {
        unsafe entry(withGroups: withGroups) { record, buffer, size, found in
            unsafe getpwnam_r(name, record, buffer, size, found)
        }
    }

    private typealias Lookup = (
        UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
        UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32

    private static func entry(withGroups: Bool, _ lookUp: Lookup) -> Account? {
        var record = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        // Large enough for any entry that a login could use; a larger one counts as missing.
        var buffer = [CChar](repeating: 0, count: 1 << 16)
        return unsafe buffer.withUnsafeMutableBufferPointer { buffer -> Account? in
            guard let base = buffer.baseAddress, unsafe lookUp(&record, base, buffer.count, &found) == 0,
                unsafe found != nil
            else { return nil }
            let name = unsafe String(cString: record.pw_name)
            return unsafe Account(
                name: name, uid: record.pw_uid, gid: record.pw_gid,
                groups: withGroups ? groups(of: name, primary: record.pw_gid) : [],
                home: String(cString: record.pw_dir),
                shell: String(cString: record.pw_shell))
        }
    }

    private static func groups(of name: String, primary: gid_t) -> [Account.Group] {
        var count: Int32 = 256
        var ids = [gid_t](repeating: 0, count: Int(count))
        if unsafe getgrouplist(name, primary, &ids, &count) < 0 {
            ids = [gid_t](repeating: 0, count: Int(max(count, 1)))
            guard unsafe getgrouplist(name, primary, &ids, &count) >= 0 else {
                return [Account.Group(name: groupName(primary), gid: primary)]
            }
        }
        return ids.prefix(Int(count)).map { Account.Group(name: groupName($0), gid: $0) }
    }

    private static func groupName(_ gid: gid_t) -> String {
        var record = unsafe group()
        var found: UnsafeMutablePointer<group>?
        var buffer = [CChar](repeating: 0, count: 1 << 20)
        return unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress,
                unsafe getgrgid_r(gid, &record, base, buffer.count, &found) == 0, unsafe found != nil
            else { return "group\(gid)" }
            return unsafe String(cString: record.gr_name)
        }
    }
}
