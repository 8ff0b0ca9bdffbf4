// The static standard library comes without Testing, and a build of all targets compiles this one too.
#if canImport(Testing)
    import Foundation
    package import Testing

    extension Trait where Self == ConditionTrait {
        /// For what only root may do, such as giving a file away.
        package static var needsRoot: Self { .enabled(if: geteuid() == 0, "needs root") }
    }
#endif
