internal import CLinux

/// A set of descriptors to wait for, made anew for each wait.
///
/// The corresponding C function is `poll`.
package struct Poll {
    /// What is waited for and what has happened, see poll(2).
    package struct Events: OptionSet, Hashable, Sendable {
        package let rawValue: Int16
        package init(rawValue: Int16) { self.rawValue = rawValue }
        package static let readable = Events(rawValue: Int16(POLLIN))
        package static let writable = Events(rawValue: Int16(POLLOUT))
        package static let hangUp = Events(rawValue: Int16(POLLHUP))
        package static let error = Events(rawValue: Int16(POLLERR))
        package static let invalid = Events(rawValue: Int16(POLLNVAL))
        /// What ends a reader's waiting: bytes, the end of them, or a failure that read(2) will name.
        package static let anyInput: Events = [.readable, .hangUp, .error]
    }

    private var set: [pollfd] = []

    package init() { set.reserveCapacity(8) }

    /// Forgets all descriptors and keeps the room.
    package mutating func removeAll() { set.removeAll(keepingCapacity: true) }

    /// Waits for these events on the descriptor too; hang-up and error are always waited for.
    package mutating func add(_ descriptor: Int32, _ events: Events) {
        set.append(pollfd(fd: descriptor, events: events.rawValue, revents: 0))
    }

    /// Waits until something happens or the time is over; -1 waits for ever.
    ///
    /// An interrupted wait ends early.
    package mutating func wait(milliseconds: Int) {
        for index in set.indices { set[index].revents = 0 }
        let count = unsafe poll(&set, UInt(set.count), Int32(clamping: milliseconds))
        if count < 0 { for index in set.indices { set[index].revents = 0 } }
    }

    /// What happened on a descriptor; nothing for one that was not added.
    package func events(_ descriptor: Int32) -> Events {
        Events(rawValue: set.first { $0.fd == descriptor }?.revents ?? 0)
    }

    /// What is true of one descriptor at this moment.
    package static func now(_ descriptor: Int32, _ events: Events) -> Events {
        var poll = Poll()
        poll.add(descriptor, events)
        poll.wait(milliseconds: 0)
        return poll.events(descriptor)
    }
}

/// Tells when the state of one descriptor changes, and not again while it stays as it is: a port nobody is
/// connected to counts as hung up for poll(2), which would never wait for it.
package struct ChangeWatch: ~Copyable {
    private let epoll: FileDescriptor

    /// The corresponding C function is `epoll_ctl` with `EPOLLET`.
    package init(_ descriptor: Int32) throws(UnixError) {
        let epoll = FileDescriptor(owning: try checked("epoll_create1") { linux_epoll_create1(O_CLOEXEC) })
        let raw = epoll.rawValue
        try checked("epoll_ctl") {
            // EPOLL_CTL_ADD. A port somebody connects to becomes writable, and nothing else changes.
            linux_epoll_ctl(raw, 1, descriptor, UInt32(POLLIN) | UInt32(POLLOUT) | linux_epollet)
        }
        self.epoll = epoll
    }

    /// To be polled for `readable`.
    package var rawValue: Int32 { epoll.rawValue }

    /// Takes note of the changes so far.
    ///
    /// The corresponding C function is `epoll_wait`.
    package func clear() { while linux_epoll_wait(epoll.rawValue, 0) > 0 {} }
}
