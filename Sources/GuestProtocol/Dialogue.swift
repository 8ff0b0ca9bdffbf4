/// What the launcher may hear from an agent, and when.
package enum LauncherDialogue: Hashable, Sendable {
    case waiting
    case running
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
        case (.running, .exited), (.running, .killed): .ended
        default: throw ProtocolError.outOfOrder(kind)
        }
    }
}

/// What an agent may hear from a launcher, and when.
package enum AgentDialogue: Hashable, Sendable {
    case idle
    /// The launch order and the script are coming.
    case loading
    case running
    case ended

    /// The dialogue after a frame; one at the wrong time is refused.
    ///
    /// `loading` ends when all parts are there and `running` when the payload does, neither by a frame.
    package func after(_ kind: FrameKind) throws(ProtocolError) -> AgentDialogue {
        switch (self, kind) {
        case (_, .heartbeat): self
        case (.idle, .begin): .loading
        case (.loading, .part), (.loading, .signal), (.loading, .terminal): .loading
        case (.running, .stdin), (.running, .stdinEnd), (.running, .signal), (.running, .outputCredit),
            (.running, .outputClosed), (.running, .terminal):
            .running
        // What was under way when the payload ended.
        case (.ended, .stdin), (.ended, .stdinEnd), (.ended, .signal), (.ended, .outputCredit),
            (.ended, .outputClosed), (.ended, .terminal), (.ended, .part):
            .ended
        default: throw ProtocolError.outOfOrder(kind)
        }
    }
}
