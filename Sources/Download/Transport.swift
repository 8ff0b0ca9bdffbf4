/// What fetches a body into a sink, in pieces with the place of each in the body; the sink says whether it takes
/// more.
///
/// A function, so that who decides what is fetched, and checks what came, need not carry the library that does it.
package typealias Transport =
    @Sendable (_ download: Download, _ sink: (_ piece: [UInt8], _ place: Int64) -> Bool) throws(FetchError) ->
    Download.Outcome
