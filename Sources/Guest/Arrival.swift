internal import GuestProtocol
internal import Staging
internal import Unix

/// The user's files on their way into the machine, and the order that waits for them.
struct Arrival: ~Copyable {
    let launch: LaunchOrder
    let places: [OpenPlace]
    private let identity: Identity
    private var receiver: TreeReceiver

    /// Makes the places, the user's, where the image has none.
    static func prepare(_ stage: StageOrder, of launch: LaunchOrder, for identity: Identity)
        throws(AgentError)
        -> Arrival
    {
        var places: [OpenPlace] = []
        for place in stage.places {
            try Placement.makeDirectories(place.path, for: identity)
            let directory = try AgentError.during(place.path.text) { () throws(UnixError) in
                let directory = try FileSystemIdentity.with(identity) { () throws(UnixError) in
                    try place.path.open([.read, .directory])
                }
                let room = try directory.freeSpace()
                guard room > stage.size else { throw UnixError("fstatvfs", UnixError.noSpace) }
                return directory
            }
            places.append(OpenPlace(directory, names: place.names))
        }
        return Arrival(
            launch: launch, places: places, identity: identity,
            receiver: TreeReceiver(.sent, into: places, .new, remembersNames: stage.removes))
    }

    private init(
        launch: LaunchOrder, places: [OpenPlace], identity: Identity, receiver: consuming TreeReceiver
    ) {
        self.launch = launch
        self.places = places
        self.identity = identity
        self.receiver = receiver
    }

    /// Takes the body of a `sent` frame, with the user's rights.
    mutating func take(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        try FileSystemIdentity.with(identity) { () throws(ProtocolError) in
            try receiver.take(bytes, body)
        }
    }

    var isDone: Bool { receiver.isDone }
    /// What could not be made; a payload must not run without a part of its files.
    var failure: String? { receiver.complaints.lines.first }
    var known: KnownFiles { receiver.known }
}
