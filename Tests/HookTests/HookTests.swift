import TestSupport
import Testing

/// The programs as slurmd and users start them, on a node made of files: no Slurm, no machine.
///
/// One after the other, since what is under test is processes and this machine may run others' tests too.
@Suite("The built programs", .serialized, .needsRoot, .surroundings)
struct HookTests {}
