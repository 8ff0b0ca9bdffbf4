internal import GuestProtocol
internal import Unix

extension TreeReceiver {
    /// A directory on the way down.
    final class Level {
        let name: FileName?
        let directory: FileDescriptor
        let attributes: TreeRecord.Attributes
        let status: FileStatus?
        /// What was sent of it before.
        let sent: SentDirectory?

        init(
            _ name: FileName?, _ directory: consuming FileDescriptor, _ attributes: TreeRecord.Attributes,
            _ sent: SentDirectory?
        ) {
            self.sent = sent
            self.name = name
            status = try? directory.status()
            self.directory = directory
            self.attributes = attributes
        }
    }

    /// A file whose bytes are coming.
    final class Writing {
        let name: FileName
        let attributes: TreeRecord.Attributes
        /// What it is called meanwhile.
        let temporary: FileName
        let file: FileDescriptor
        /// Who else may use the file that it replaces.
        let group: UInt32?
        var end: Int64 = 0

        init(
            _ name: FileName, _ attributes: TreeRecord.Attributes, _ temporary: FileName,
            _ file: consuming FileDescriptor, group: UInt32?
        ) {
            self.name = name
            self.attributes = attributes
            self.temporary = temporary
            self.file = file
            self.group = group
        }
    }
}
