internal import Digest
internal import ImageTrust
internal import Job
internal import Unix

/// What trust costs: a list against `openssl smime -verify`, and the admission of a job by lists in force.
struct ListsBench {
    private let options: ListsOptions
    private let scratch: String
    /// When the lists say they were made.
    private let now = Timestamp(seconds: currentSeconds())

    private var anchors: String { scratch + "/anchors" }

    private init(_ options: ListsOptions, _ scratch: String) {
        self.options = options
        self.scratch = scratch
    }

    /// Everything that is made is removed.
    static func run(_ options: ListsOptions) throws(BenchError) -> [Row] {
        let scratch = "/tmp/bivouac-bench-lists-\(now)"
        try BenchError.during("could not make \(scratch)") { () throws(UnixError) in
            try Files.makeDirectory(scratch, mode: 0o700)
        }
        defer { try? Files.removeTree(scratch) }
        let bench = ListsBench(options, scratch)
        try bench.makeAuthority()
        return try bench.verification() + bench.admission()
    }

    private static var now: Int64 { Deadline.now }

    // MARK: Authority and lists

    /// A certificate authority with a revocation list, an endorser, and the directory of both.
    private func makeAuthority() throws(BenchError) {
        let script = """
            set -e
            cd "$0"
            mkdir ca anchors
            : >ca/index
            echo 01 >ca/crlnumber
            printf '%s\\n' '[ca]' 'default_ca=x' '[x]' 'database=ca/index' 'new_certs_dir=ca' 'certificate=ca.pem' \
                'private_key=ca.key' 'rand_serial=yes' 'crlnumber=ca/crlnumber' 'default_md=sha256' \
                'default_days=30' 'default_crl_days=30' 'policy=p' '[p]' 'domainComponent=optional' \
                'commonName=supplied' '[req]' 'distinguished_name=d' '[d]' '[a]' \
                'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign' \
                'subjectKeyIdentifier=hash' '[e]' 'basicConstraints=critical,CA:FALSE' \
                'keyUsage=critical,digitalSignature' 'extendedKeyUsage=emailProtection' \
                'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid' >cnf
            openssl req -x509 -config cnf -extensions a -newkey rsa:3072 -nodes -days 30 \
                -subj '/DC=org/DC=example/CN=CA' -keyout ca.key -out ca.pem
            openssl req -new -config cnf -newkey rsa:2048 -nodes -subj '/DC=org/DC=example/CN=Eve' \
                -keyout eve.key -out eve.csr
            openssl ca -batch -notext -preserveDN -config cnf -extensions e -in eve.csr -out eve.pem
            openssl ca -config cnf -gencrl -out crl.pem
            hash=$(openssl x509 -in ca.pem -noout -subject_hash)
            cp ca.pem "anchors/$hash.0"
            cp crl.pem "anchors/$hash.r0"
            printf '%s\\n' "access_id_CA X509 '/DC=org/DC=example/CN=CA'" 'pos_rights globus CA:sign' \
                "cond_subjects globus '\\"/DC=org/DC=example/*\\"'" >"anchors/$hash.signing_policy"
            """
        try Programs.run([Programs.shell, "-c", script, scratch])
    }

    static let identifier = "5a5e1e5c-8a52-4c0f-9d6c-7d0d6a1f0000"

    /// The identifier of an image by its number.
    static func image(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "5a5e1e5c-8a52-4c0f-9d6d-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// A signed list of that many images; its path.
    private func sign(images: Int, as name: String) throws(BenchError) -> String {
        let certificate = try BenchError.during("could not read eve.pem") { () throws(UnixError) in
            try Files.read(scratch + "/eve.pem", limit: 1 << 16)
        }
        guard let names = CertificateNames(reading: certificate), let list = ImageIdentifier(Self.identifier)
        else {
            throw .failed("eve.pem holds no certificate")
        }
        let template = ListTemplate(
            identifier: list, uri: "https://images.example.org/demo.list",
            imageFolder: "https://images.example.org",
            vo: "demo", creator: "Eve", email: "eve@example.org", dn: names.subject, ca: names.issuer,
            created: now)
        let files = (0..<images).compactMap { number in
            ImageIdentifier(Self.image(number)).map { identifier in
                (
                    file: ImageFile(
                        name: "image-\(number).qcow2", size: .mebibytes(Int64(number + 1)),
                        sha512: Sha512.digest(Array("\(number)".utf8)), format: "qcow2"),
                    identifier: identifier
                )
            }
        }
        return try sign(template.text(files), as: name)
    }

    /// A signed file of that content; its path.
    private func sign(_ content: String, as name: String) throws(BenchError) -> String {
        let path = "\(scratch)/\(name)"
        try BenchError.during("could not write \(path)") { () throws(UnixError) in
            try Files.write(content, to: path + ".json")
        }
        try Programs.run([
            "/usr/bin/openssl", "smime", "-sign", "-md", "sha256", "-in", path + ".json", "-signer",
            scratch + "/eve.pem", "-inkey", scratch + "/eve.key", "-out", path,
        ])
        return path
    }

    // MARK: Verification

    private func verification() throws(BenchError) -> [Row] {
        let list = try sign(images: 200, as: "list")
        let ours = [options.bivouac, "list", "verify", list, "--anchors", anchors, "--json"]
        let bare = [
            "/usr/bin/openssl", "smime", "-verify", "-crl_check_all", "-purpose", "smimesign", "-CApath",
            anchors,
            "-in", list, "-out", "/dev/null",
        ]
        var times: (ours: [Double], bare: [Double]) = ([], [])
        for _ in 0..<options.samples {
            times.ours.append(try measure(ours).duration)
            times.bare.append(try measure(bare).duration)
        }
        // A file a little below the limit of 8 MiB, once signed.
        let size = try BenchError.during("could not read \(list)") { () throws(UnixError) in
            try Files.status(list)?.size ?? 1
        }
        let long = try sign(
            images: Int(Int64(SignedMessage.usualLimit - (64 << 10)) * 200 / size), as: "long")
        let heavy = try measure([options.bivouac, "list", "verify", long, "--anchors", anchors, "--json"])
        return try [
            Row("list verify, 200 images", "ms", times.ours, against: times.bare, .ratioAtMost(1.5)),
            Row("list verify, 8 MiB: peak memory", "MiB", [Double(heavy.peak) / 1024], .valueAtMost(32)),
        ] + hostile()
    }

    /// The costliest of files that are no lists.
    private func hostile() throws(BenchError) -> [Row] {
        let length = SignedMessage.usualLimit - (64 << 10)
        func filled(_ piece: String, from start: String = "", to end: String = "") -> String {
            start + String(repeating: piece, count: length / piece.utf8.count) + end
        }
        let images = "{\"hv:imagelist\":{\"hv:images\":["
        let contents = [
            filled("["), filled("0,", from: "[", to: "0]"), filled("\\u0041", from: "\"", to: "\""),
            filled("{},", from: images, to: "{}]}}"),
            filled("{\"hv:image\":{\"dc:identifier\":\"\(Self.identifier)\"}},", from: images, to: "{}]}}"),
        ]
        var files: [String] = []
        for (index, content) in contents.enumerated() {
            files.append(try sign(content, as: "hostile-\(index)"))
        }
        let folded = scratch + "/folded"
        try BenchError.during("could not write \(folded)") { () throws(UnixError) in
            try Files.write(
                filled(" x\n", from: "MIME-Version: 1.0\nContent-Type: multipart/signed\n"), to: folded)
        }
        var most: (seconds: Double, memory: Double) = (0, 0)
        for file in files + [folded] {
            let words = [options.bivouac, "list", "verify", file, "--anchors", anchors, "--json"]
            let running = try measure(words, expecting: 65)
            most = (
                max(most.seconds, running.duration / 1000), max(most.memory, Double(running.peak) / 1024)
            )
        }
        return [
            Row("list verify, hostile files: longest", "s", [most.seconds], .valueAtMost(5)),
            Row("list verify, hostile files: most memory", "MiB", [most.memory], .valueAtMost(96)),
        ]
    }

    /// Runs a program, looking at its memory every millisecond.
    private func measure(_ words: [String], expecting status: UInt8 = 0) throws(BenchError) -> Running {
        let running = try Running.start(words, environment: Programs.environment)
        let deadline = Deadline(seconds: 60)
        while running.finished == nil {
            running.weigh()
            running.look()
            guard running.finished == nil else { break }
            guard !deadline.isOver else {
                running.kill()
                throw .failed("\(words[0]) \(words[1]) did not end within 60 s")
            }
            guard let watch = running.watch else {
                Deadline.sleep(milliseconds: 1)
                continue
            }
            var poll = Poll()
            poll.add(watch, .readable)
            poll.wait(milliseconds: 1)
        }
        guard running.finished?.end == .exited(status) else {
            throw .failed("\(words.joined(separator: " ")) failed")
        }
        return running
    }

    // MARK: Admission

    private func admission() throws(BenchError) -> [Row] {
        var costs: [Int: [Double]] = [:]
        for lists in [1, 200] {
            let root = "\(scratch)/root-\(lists)"
            try AdmissionRoot(root, anchors: anchors, list: scratch + "/list").make(
                lists: lists, at: Timestamp(seconds: currentSeconds()))
            for _ in 0..<options.samples { costs[lists, default: []].append(try admit(root)) }
        }
        let (one, many) = (costs[1] ?? [], costs[200] ?? [])
        return [
            Row("admission, 1 list of 200 images: CPU", "ms", one, .valueAtMost(5)),
            Row("admission, 200 lists of 200 images: CPU", "ms", many, .valueAtMost(5)),
            Row("admission, 200 lists against 1: CPU", "ms", many, against: one, .ratioAtMost(1.25)),
        ]
    }

    /// One admission in a process of its own, as each prologue is one; milliseconds of processor time.
    private func admit(_ root: String) throws(BenchError) -> Double {
        let result = try BenchError.during("could not run myself") { () throws(UnixError) in
            try Child.run(Process.executable, ["part-admit", root], seconds: 60)
        }
        let text = String(decoding: result.output, as: UTF8.self)
        guard result.succeeded, let microseconds = Double(text.filter { !$0.isNewline }) else {
            throw .failed("an admission failed: \(String(decoding: result.errors, as: UTF8.self))")
        }
        return microseconds / 1000
    }
}
