internal import CCurl
internal import Download

/// One request of libcurl and its answer.
@safe struct Transfer: ~Copyable {
    enum End {
        case done(Download.Outcome)
        case redirected(String)
    }

    private let handle: UnsafeMutableRawPointer
    private let headers: UnsafeMutablePointer<curl_slist>?
    private let download: Download
    private let place: String

    private static let isReady = curl_global_init(ccurl_GLOBAL_DEFAULT) == CURLE_OK
    /// Bytes a second below which a server counts as silent.
    private static let leastSpeed = 100
    /// Bytes that libcurl takes from the network at once, at most.
    private static let bufferSize = 1 << 18

    private init(
        _ handle: UnsafeMutableRawPointer, _ headers: UnsafeMutablePointer<curl_slist>?, _ download: Download,
        _ place: String
    ) {
        unsafe self.handle = handle
        unsafe self.headers = headers
        self.download = download
        self.place = place
    }

    /// A request for which that many milliseconds are left.
    ///
    /// The corresponding C functions are `curl_easy_init`
    /// and `curl_easy_setopt`.
    static func prepare(_ download: Download, place: String, milliseconds: Int) throws(FetchError) -> Transfer
    {
        guard milliseconds > 0 else {
            throw .unreachable(uri: place, why: "its time was over before it answered")
        }
        guard isReady, let handle = unsafe curl_easy_init() else {
            throw .unreachable(uri: place, why: "libcurl cannot be used")
        }
        var headers: UnsafeMutablePointer<curl_slist>?
        for line in conditions(download) { unsafe headers = curl_slist_append(headers, line) }
        let transfer = unsafe Transfer(handle, headers, download, place)
        try transfer.setOptions(milliseconds)
        return transfer
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(headers)
    }

    private static func conditions(_ download: Download) -> [String] {
        // What is here already is verified by others in the end: any body under this address is as good.
        if download.offset > 0 { return ["Range: bytes=\(download.offset)-"] }
        let validators = download.validators
        if let tag = validators.entityTag { return ["If-None-Match: " + tag] }
        return validators.lastModified.map { ["If-Modified-Since: " + $0] } ?? []
    }

    private func setOptions(_ milliseconds: Int) throws(FetchError) {
        try set(CURLOPT_URL, place)
        // Redirections are judged one by one, not by libcurl.
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_USERAGENT, "bivouac")
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_NETRC, 0)
        // An empty text turns off what the environment says.
        try set(CURLOPT_PROXY, download.proxy ?? "")
        try set(CURLOPT_NOPROXY, "")
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, Int(ccurl_SSLVERSION_TLSv1_2))
        if case .directory(let directory) = download.authorities {
            try check(unsafe ccurl_easy_setopt_string(handle, CURLOPT_CAINFO, nil))
            try set(CURLOPT_CAPATH, directory)
        }
        try set(CURLOPT_CONNECTTIMEOUT, download.patience.connect)
        try set(CURLOPT_TIMEOUT_MS, milliseconds)
        try set(CURLOPT_LOW_SPEED_LIMIT, Self.leastSpeed)
        try set(CURLOPT_LOW_SPEED_TIME, download.patience.stall)
        try check(
            unsafe ccurl_easy_setopt_offset(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(download.limit)))
        try set(CURLOPT_BUFFERSIZE, Self.bufferSize)
        if unsafe headers != nil {
            try check(unsafe ccurl_easy_setopt_pointer(handle, CURLOPT_HTTPHEADER, headers))
        }
    }

    private func set(_ option: CURLoption, _ value: String) throws(FetchError) {
        try check(unsafe ccurl_easy_setopt_string(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(FetchError) {
        try check(unsafe ccurl_easy_setopt_long(handle, option, value))
    }

    private func check(_ code: CURLcode) throws(FetchError) {
        guard code == CURLE_OK else { throw .unreachable(uri: place, why: Self.words(code)) }
    }

    private static func words(_ code: CURLcode) -> String {
        let text = unsafe String(cString: curl_easy_strerror(code))
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// Sends the request and takes the answer.
    ///
    /// The corresponding C function is `curl_easy_perform`.
    func run(into sink: ([UInt8], Int64) -> Bool) throws(FetchError) -> End {
        // The sink is called by libcurl only while this function runs.
        try withoutActuallyEscaping(sink) { (sink) throws(FetchError) -> End in
            let receiver = unsafe Receiver(sink: sink, handle: handle, download)
            let context = unsafe Unmanaged.passUnretained(receiver).toOpaque()
            try check(unsafe ccurl_easy_setopt_receiver(handle, CURLOPT_WRITEFUNCTION, Receiver.body))
            try check(unsafe ccurl_easy_setopt_pointer(handle, CURLOPT_WRITEDATA, context))
            try check(unsafe ccurl_easy_setopt_receiver(handle, CURLOPT_HEADERFUNCTION, Receiver.header))
            try check(unsafe ccurl_easy_setopt_pointer(handle, CURLOPT_HEADERDATA, context))
            let code = withExtendedLifetime(receiver) { unsafe curl_easy_perform(handle) }
            receiver.flush()
            return try end(code, receiver)
        }
    }

    private func end(_ code: CURLcode, _ receiver: Receiver) throws(FetchError) -> End {
        if receiver.isOverLimit || code == CURLE_FILESIZE_EXCEEDED && status == 200 {
            throw .tooLarge(uri: place, limit: download.limit)
        }
        if receiver.isStopped { throw .stopped(uri: place) }
        if let why = receiver.wrongPart { throw .wrongPart(uri: place, why: why) }
        // What stands in the body of another answer is of no interest.
        let isCutShort = code == CURLE_WRITE_ERROR && receiver.isIdle || code == CURLE_FILESIZE_EXCEEDED
        guard code == CURLE_OK || isCutShort else { throw failure(code) }
        switch status {
        case 200: return .done(.complete(bytes: receiver.end, receiver.validators))
        case 206 where download.offset > 0:
            guard receiver.end > download.offset else {
                throw .wrongPart(uri: place, why: "sends none of it")
            }
            return .done(.complete(bytes: receiver.end, receiver.validators))
        case 416: throw .wrongPart(uri: place, why: "has no bytes from \(download.offset) on")
        case 304 where !download.validators.isEmpty: return .done(.notModified)
        case 301, 302, 303, 307, 308:
            guard let next = redirection else { throw .status(uri: place, code: status) }
            return .redirected(next)
        default: throw .status(uri: place, code: status)
        }
    }

    private func failure(_ code: CURLcode) -> FetchError {
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
            .untrusted(uri: place, why: Self.words(code))
        case CURLE_OPERATION_TIMEDOUT:
            .unreachable(
                uri: place,
                why: "the server was silent, or too slow for the \(download.patience.total) s there are")
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR:
            .unreachable(uri: place, why: "the connection ended before all of it had come")
        default: .unreachable(uri: place, why: Self.words(code))
        }
    }

    /// The corresponding C function is `curl_easy_getinfo`.
    private var status: Int {
        var status = 0
        _ = unsafe ccurl_easy_getinfo_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// Where the server sends us on to, as an absolute address.
    ///
    /// The corresponding C function is
    /// `curl_easy_getinfo`.
    private var redirection: String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe ccurl_easy_getinfo_string(handle, CURLINFO_REDIRECT_URL, &text) == CURLE_OK,
            let text = unsafe text
        else { return nil }
        return unsafe String(cString: text)
    }
}
