internal import GuestProtocol
internal import Unix

/// What is done on disk.
extension TreeReceiver {
    mutating func enterPlace(_ index: Int, _ attributes: TreeRecord.Attributes) throws(ProtocolError) {
        leavePlace()
        guard (nextPlace..<places.count).contains(index) else { throw malformed("place \(index)") }
        nextPlace = index + 1
        do throws(UnixError) {
            stack = [
                Level(nil, try places[index].directory.duplicate(), attributes, removable?.places[index])
            ]
        } catch {
            fail([], error)
            skipped = 1
        }
    }

    mutating func leavePlace() {
        while !stack.isEmpty { leave() }
        skipped = 0
    }

    mutating func enter(_ name: FileName, _ attributes: TreeRecord.Attributes, in level: Level)
        throws(UnixError)
    {
        guard stack.count <= TreeSender.deepest else { throw UnixError("mkdirat", UnixError.loop, name.text) }
        _ = try level.directory.makeDirectory(name, mode: 0o700)
        let directory = try level.directory.open(name, [.path, .directory])
        remember(name, nil, in: level)
        stack.append(Level(name, directory, attributes, level.sent?.directories[name]))
    }

    /// What a directory is like is set last: what is written to it changes it, and it may then be read-only.
    mutating func leave() {
        guard let level = stack.popLast() else { return }
        guard level.name != nil || places[nextPlace - 1].names == nil else { return }
        let mode = level.status?.mode ?? 0
        // A group's directory stays one.
        let wanted = mode & 0o7000 | level.attributes.mode
        try? level.directory.setAttributes(
            mode: mode == wanted ? nil : wanted, modified: level.attributes.modified)
        remember(try? level.directory.status(), of: level)
    }

    func open(_ name: FileName, _ attributes: TreeRecord.Attributes, in level: Level)
        throws(UnixError) -> Writing
    {
        let flags: FileDescriptor.Flags = [.write, .create, .exclusive]
        if manner == .new {
            do throws(UnixError) {
                let file = try level.directory.open(name, flags, mode: attributes.mode)
                return Writing(name, attributes, name, file, group: nil)
            } catch {
                guard error.code == UnixError.exists else { throw error }
                try level.directory.remove(name)
                let file = try level.directory.open(name, flags, mode: attributes.mode)
                return Writing(name, attributes, name, file, group: nil)
            }
        }
        let old = try replaceable(name, in: level)
        let temporary = try temporaryName()
        let file = try level.directory.open(temporary, flags, mode: 0o600)
        return Writing(name, attributes, temporary, file, group: old?.gid)
    }

    /// What has the name, which is nothing that must stay.
    private func replaceable(_ name: FileName, in level: Level) throws(UnixError) -> FileStatus? {
        guard let old = try level.directory.status(of: name) else { return nil }
        guard old.kind != .directory else { throw UnixError("renameat", UnixError.isDirectory, name.text) }
        guard !kept.contains(FileKey(old)) else { throw UnixError("renameat", UnixError.busy, name.text) }
        return old
    }

    private func temporaryName() throws(UnixError) -> FileName {
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        guard let name = FileName(TreeSender.temporaryPrefix + Array(digits.utf8)) else {
            throw UnixError("open", UnixError.invalid)
        }
        return name
    }

    mutating func write(_ bytes: [UInt8], _ range: Range<Int>, at offset: Int64) throws(ProtocolError) {
        guard isInFile else { throw malformed("bytes of no file") }
        guard let writing else { return }
        guard offset >= writing.end else { throw malformed("bytes twice") }
        charge(Int64(range.count))
        guard stop == nil else { return abandon(nil) }
        do throws(UnixError) {
            try writing.file.write(bytes, range, at: offset)
            writing.end = offset + Int64(range.count)
            content += Int64(range.count)
        } catch { abandon(error) }
    }

    mutating func close(_ length: Int64) throws(ProtocolError) {
        guard isInFile else { throw malformed("the end of no file") }
        isInFile = false
        guard let writing, let level = stack.last else { return }
        guard length >= writing.end else { throw malformed("a length of \(length)") }
        do throws(UnixError) {
            let file = writing.attributes
            if length > writing.end { try writing.file.truncate(to: length) }
            if manner == .aside {
                if let group = writing.group { try? writing.file.changeOwner(uid: .max, gid: group) }
                try writing.file.changeMode(file.mode)
            } else if file.mode & mask != 0 {
                try writing.file.changeMode(file.mode)
            }
            try writing.file.setModified(file.modified)
            switch manner {
            case .new: remember(writing.name, try writing.file.status(), in: level)
            case .aside: try level.directory.rename(writing.temporary, to: writing.name)
            }
            self.writing = nil
        } catch { abandon(error) }
    }

    /// Forgets the file that is coming; what had its name before is still there.
    mutating func abandon(_ error: UnixError?) {
        guard let writing, let level = stack.last else { return }
        try? level.directory.remove(writing.temporary)
        self.writing = nil
        if let error { fail(path + [writing.name], error) }
    }

    mutating func link(_ name: FileName, _ target: BytePath, _ modified: Int64, in level: Level)
        throws(UnixError)
    {
        var made = name
        if manner == .aside {
            _ = try replaceable(name, in: level)
            made = try temporaryName()
            try level.directory.makeLink(made, to: target)
        } else if (try? level.directory.makeLink(name, to: target)) == nil {
            try level.directory.remove(name)
            try level.directory.makeLink(name, to: target)
        }
        do throws(UnixError) {
            try level.directory.setModified(made, modified)
            if manner == .aside { try level.directory.rename(made, to: name) }
        } catch {
            try? level.directory.remove(made)
            throw error
        }
        if manner == .new { remember(name, try level.directory.status(of: name), in: level) }
    }

    func remove(_ name: FileName, in level: Level) throws(UnixError) {
        guard let sent = level.sent else { throw UnixError("unlinkat", UnixError.notPermitted, name.text) }
        try sent.remove(name, from: level.directory)
    }
}
