/// The batch systems whose hooks there are.
package enum BatchSystem: String, Hashable, Sendable, CaseIterable {
    case slurm, torque, openpbs, gridengine, htcondor
}
