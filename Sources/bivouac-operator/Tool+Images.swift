import Command
import JobMachine
import Site

extension Tool {
    /// The images of this node.
    func images(_ site: Site) -> NodeImages {
        NodeImages(site: site, places: places, clock: { now })
    }
}
