/// What the launcher may hear from an agent, and when.
package enum LauncherDialogue: Hashable, Sendable {
    case waiting
    case running
    /// The payload has ended and what it left in the working directory is coming.
    case returning
    case ended

    /// The dialogue after a frame; one at the wrong time is refused.
    package func after(_ kind: FrameKind) throws(ProtocolError) -> LauncherDialogue {
        switch (self, kind) {
        case (.waiting, .heartbeat): .waiting
        case (.waiting, .started): .running
        case (.waiting, .failed): .ended
        case (.running, .stdout), (.running, .stderr), (.running, .inputCredit), (.running, .inputClosed),
            (.running, .heartbeat), (.running, .remark):
            .running
        case (.running, .returned), (.returning, .returned), (.returning, .heartbeat), (.returning, .remark):
            .returning
        case (.running, .exited), (.running, .killed), (.returning, .exited), (.returning, .killed): .ended
        default: throw ProtocolError.outOfOrder(kind)
        }
    }
}

/// What an agent may hear from a launcher, and when.
package enum AgentDialogue: Hashable, Sendable {
    case idle
    /// The launch order, the script and the working directory are coming.
    case loading
    case running
    case ended

    /// The dialogue after a frame; one at the wrong time is refused.
    ///
    /// `loading` ends when everything is there and `running` when the payload does, neither by a frame.
    package func after(_ kind: FrameKind) throws(ProtocolError) -> AgentDialogue {
        switch (self, kind) {
        case (_, .heartbeat): self
        case (.idle, .begin): .loading
        case (.loading, .part), (.loading, .sent), (.loading, .signal), (.loading, .terminal): .loading
        case (.running, .stdin), (.running, .stdinEnd), (.running, .signal), (.running, .outputCredit),
            (.running, .outputClosed), (.running, .terminal), (.running, .enough):
            .running
        // What was under way when the payload ended.
        case (.ended, .stdin), (.ended, .stdinEnd), (.ended, .signal), (.ended, .outputCredit),
            (.ended, .outputClosed), (.ended, .terminal), (.ended, .part), (.ended, .sent), (.ended, .enough):
            .ended
        default: throw ProtocolError.outOfOrder(kind)
        }
    }
}
