import Glibc

/// What is asked of the parser to try, by the word in `BIVOUAC_FUZZ`.
private let fault: @Sendable ([UInt8]) -> String? = {
    let word = getenv("BIVOUAC_FUZZ").map { String(cString: $0) } ?? ""
    if let property = Property(rawValue: word) { return { property.fault($0) } }
    if let property = FrameProperty(rawValue: word) { return { property.fault($0) } }
    let names = Property.allCases.map(\.rawValue) + FrameProperty.allCases.map(\.rawValue)
    fatalError("BIVOUAC_FUZZ must be one of \(names.joined(separator: ", "))")
}()

/// Called by libFuzzer with each input; what ends the program is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    if let fault = fault(Array(UnsafeBufferPointer(start: start, count: count))) {
        fatalError(fault)
    }
    return 0
}
