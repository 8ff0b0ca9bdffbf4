import Glibc

/// The parser to try: the word in `BIVOUAC_FUZZ`.
private let property: Property = {
    guard let word = getenv("BIVOUAC_FUZZ"), let property = Property(rawValue: String(cString: word)) else {
        fatalError("BIVOUAC_FUZZ must be one of \(Property.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return property
}()

/// Called by libFuzzer with each input; what ends the program is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    if let fault = property.fault(Array(UnsafeBufferPointer(start: start, count: count))) {
        fatalError(fault)
    }
    return 0
}
