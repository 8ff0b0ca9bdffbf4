package import Evidence
package import Job
package import Site

/// What is known of a job on this node; the truth that prologue, launcher, epilogue, tick and operator share.
///
/// It is readable by everybody on the node, so nothing in it is secret; the launcher reads `phase`, `refusal`,
/// `uid` and `silence`.
package struct Record: Codable, Sendable {
    /// What the machine was given.
    package struct Machine: Codable, Sendable {
        /// The account of the pool that QEMU runs as.
        package var account: String
        package var uid: UInt32
        package var gid: UInt32
        /// Host CPUs the guest's CPUs are pinned to, one each.
        package var cpus: [Int]
        /// The guest's memory, which is the grant less QEMU's own need.
        package var memory: ByteCount
        /// `kvm` or `qemu` (TCG, which is no security boundary), and why.
        package var virtualization: String
        package var reason: String
    }

    /// What the machine boots, as the admission said.
    package struct Image: Codable, Sendable {
        package var name: String
        package var sha512: String
        package var identifier: String
        package var version: String
        package var list: String
        package var listVersion: String
        package var endorser: String
        package var vo: String
        package var `class`: Int
    }

    package var key: String
    package var attempt: Int
    package var phase: Phase
    package var refusal: Refusal?
    /// Why the image would not be admitted any more; nil as long as it would.
    package var revoked: Refusal?
    /// The most that was done about that by the site's rule.
    package var revokedAction: RevokedRule?
    /// Since when the machine is kept for a look, whatever the site keeps otherwise; nil when it is not.
    package var quarantine: Timestamp?
    /// Since when the machine stands still, its disk having taken nothing more; nil when it does not.
    ///
    /// The launcher reads it.
    package var stalled: Timestamp?
    package var user: String
    package var uid: UInt32
    package var queue: String
    package var project: String
    package var cpus: Int
    package var memory: ByteCount
    /// The scheduler's end of the job in UNIX seconds.
    package var end: Int64?
    /// Seconds of the agent's silence after which the launcher gives the machine up.
    package var silence: Int?
    /// What the payload is told of its end; nil before the job is admitted.
    package var lifetime: Lifetime?
    /// `image` when the image brings the payload; the launcher reads it.
    package var payload: PayloadSource?
    /// Variables of the job that name credentials; the launcher reads it.
    package var credentials: [String]?
    /// Whether its user's disk is this machine's as long as there may be one.
    package var userDisk: Bool?
    /// The user's files that go into the machine; nil when none do; the launcher reads it.
    package var stage: StageRequest?
    package var domain: String
    package var uuid: String
    package var image: Image?
    /// When its overlay is kept, as the site said at admission.
    package var endState: EvidenceRule.EndState?
    package var machine: Machine?
    /// How the machine ends, as far as that is known; nil until it is being ended.
    package var ending: EndState?
    /// Directory of the start state below the evidence directory.
    package var evidence: String?
    /// Whom to ask about the job later.
    package var origin: JobOrigin?
    /// Where a batch system that gives a shell the path of the job's script has put it; the launcher reads it.
    package var script: String?
    /// When each phase began; a phase that was entered twice has its last moment.
    ///
    /// Beside them stand when the job was `submitted`, the last `notice`, the last time that a paused machine was
    /// `resumed`, and of an ending when the button was pressed, `power`, the guest went `off` by it, and there was no
    /// machine any more, `stopped`.
    package var times: [String: Timestamp]

    /// The record of a job that has just arrived.
    package init(job: Job, attempt: Int, now: Timestamp) {
        let name = MachineName(key: job.key, attempt: attempt)
        key = job.key.description
        self.attempt = attempt
        phase = .received
        user = job.account.name
        uid = job.account.uid
        queue = job.queue
        project = job.project
        cpus = job.resources.cpus
        memory = job.resources.memory
        end = job.resources.end?.seconds
        domain = name.domain
        uuid = MachineIdentity.uuid(of: name)
        origin = job.origin
        script = job.script
        times = [Phase.received.rawValue: now]
        times["submitted"] = job.submitted
    }

    /// The machine's name; nil in a record that we did not write.
    package var machineName: MachineName? {
        JobKey(key).map { MachineName(key: $0, attempt: attempt) }
    }
}
