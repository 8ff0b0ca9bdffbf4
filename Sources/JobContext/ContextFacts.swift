package import Job

/// What every contextualisation may know of a job.
package struct ContextFacts: Sendable {
    package var machine: MachineName
    /// The machine's UUID, lower case with hyphens.
    package var uuid: String
    package var hostname: String
    /// Name of the account that the job runs as.
    package var account: String
    package var queue: String
    package var project: String
    package var image: ImageName
    /// How long the machine may live from now on, in seconds; nil when nothing ends it.
    package var lifetime: Int64?

    package init(
        machine: MachineName, uuid: String, hostname: String, account: String, queue: String, project: String,
        image: ImageName, lifetime: Int64?
    ) {
        self.machine = machine
        self.uuid = uuid
        self.hostname = hostname
        self.account = account
        self.queue = queue
        self.project = project
        self.image = image
        self.lifetime = lifetime
    }

    /// What a job has to do with, as the words of context.sh and of cloud metadata; the job's user chose some of
    /// them.
    var words: [(name: String, value: String)] {
        [
            ("BIVOUAC_JOB", machine.key.description), ("BIVOUAC_ATTEMPT", String(machine.attempt)),
            ("BIVOUAC_ACCOUNT", account), ("BIVOUAC_QUEUE", queue), ("BIVOUAC_PROJECT", project),
            ("BIVOUAC_IMAGE", image.description),
        ]
    }

    /// The text of context.sh; VMID and TTL (in hours, rounded up) are HEPiX's own names.
    func shellText() throws(ContextError) -> String {
        var text = "# Sourced as root by the image's contextualisation before prolog.sh.\n"
        text += try ShellText.assignment("VMID", uuid)
        if let lifetime { text += try ShellText.assignment("TTL", String(max(0, lifetime + 3599) / 3600)) }
        for (name, value) in words { text += try ShellText.assignment(name, value) }
        return text
    }
}
