// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
internal import Letters
internal import Procedure
internal import TransparencyLog

extension MemberDirectory {
    /// The canonical JSON that the slip names by digest.
    public func json() -> [UInt8] {
        var object: [String: JSONValue] = [
            "v": .integer(1), "authority": .string(authority.text), "version": .integer(version),
            "at": .integer(at.seconds),
            "expires": .integer(expires.seconds),
        ]
        if !members.isEmpty {
            object["members"] = .array(members.sorted { $0.id < $1.id }.map { .object($0.fields()) })
        }
        if !brokers.isEmpty {
            object["brokers"] = .array(brokers.sorted { $0.id < $1.id }.map { .object($0.fields()) })
        }
        if !profiles.isEmpty {
            object["profiles"] = .array(
                profiles.sorted { ($0.id, $0.version) < ($1.id, $1.version) }.map {
                    .object(["id": .string($0.id), "version": .string($0.version), "digest": .string($0.digest.hex)])
                })
        }
        return CanonicalJSON.write(.object(object))
    }

    /// Reads a directory strictly and checks what its fields can contradict. Knows no root: ``Directories`` checks
    /// signatures.
    ///
    /// - Parameter bytes: canonical JSON, at most 4 MiB.
    /// - Throws: ``MembershipError`` `.directoryMalformed`, `.directoryVersion`, `.directoryBinding`.
    public static func read(_ bytes: [UInt8]) throws(MembershipError) -> MemberDirectory {
        let directory: MemberDirectory
        do throws(LetterError) {
            var fields = FieldReader(
                try CanonicalJSON.read(bytes, limits: .directory), place: "directory", failure: .malformed)
            guard try fields.integer("v") == 1 else {
                throw LetterError(.version, "directory.v: not a version this reader knows")
            }
            directory = try read(&fields)
            try fields.finish()
        } catch {
            throw MembershipError(error.code == .version ? .directoryVersion : .directoryMalformed, error.reason)
        }
        try directory.check()
        // Lists ascend and do not repeat; another order would be a second spelling.
        guard directory.json() == bytes else {
            throw MembershipError(.directoryMalformed, "directory: a list is out of order")
        }
        return directory
    }

    private static func read(_ fields: inout FieldReader) throws(LetterError) -> MemberDirectory {
        MemberDirectory(
            authority: try fields.member("authority"), version: try fields.positive("version"),
            at: Instant(seconds: try fields.integer("at")), expires: Instant(seconds: try fields.integer("expires")),
            members: try fields.list("members", limit: MembershipLimits.members) {
                (entry: inout FieldReader) throws(LetterError) in try Member(&entry)
            },
            brokers: try fields.list("brokers", limit: MembershipLimits.brokers) {
                (entry: inout FieldReader) throws(LetterError) in try BrokerEntry(&entry)
            },
            profiles: try fields.list("profiles", limit: MembershipLimits.profiles) {
                (entry: inout FieldReader) throws(LetterError) in
                ProfileReference(
                    id: try entry.pattern("id", Patterns.profile),
                    version: try entry.pattern("version", Patterns.version),
                    digest: try entry.digest("digest"))
            })
    }

    /// What the fields say of each other.
    private func check() throws(MembershipError) {
        func require(_ rule: Bool, _ reason: String) throws(MembershipError) {
            guard rule else { throw MembershipError(.directoryBinding, "directory: \(reason)") }
        }
        try require(
            expires > at && expires - at <= MembershipLimits.directoryMaximumSeconds,
            "expires before it is made, or more than \(MembershipLimits.directoryMaximumSeconds / 86_400) days later")
        let ids = members.map(\.id) + brokers.map(\.id)
        try require(Set(ids).count == ids.count && !ids.contains(authority), "an id stands twice")
        try require(ids.allSatisfy { $0.country == authority.country }, "an id of another country")
        let brokerIDs = Set(brokers.map(\.id))
        try require(members.allSatisfy { brokerIDs.contains($0.broker) }, "a member's broker is not listed")
        try require(Set(profiles.map { "\($0.id) \($0.version)" }).count == profiles.count, "a profile stands twice")
        let certificates = members.flatMap(\.certificates) + brokers.flatMap(\.certificates)
        try require(Set(certificates.map(\.id)).count == certificates.count, "a certificate stands twice")
        var uses: [PublicKey: String] = [:]
        func check(_ listed: [MemberCertificate], of id: MemberID, isBroker: Bool) throws(MembershipError) {
            for entry in listed {
                try require(entry.certificate.has(entry.use.kind), "a certificate of \(id) is not of its use")
                try require(
                    entry.certificate.subject == CertificateSubject.name(of: id)
                        && entry.certificate.issuer.commonName == authority.text,
                    "a certificate of \(id) is made out to somebody else, or by somebody else")
                try require(
                    entry.certificate.dnsNames.isEmpty == !(isBroker && entry.use == .link),
                    "only a broker's link certificate has a host, and it has one")
                // One key, one use, one owner: a sealing key must never sign, nor one member's key pass for another's.
                let owner = "\(id) \(entry.use.rawValue)"
                try require(
                    uses[entry.certificate.publicKey].map { $0 == owner } ?? true, "a key of \(id) serves twice")
                uses[entry.certificate.publicKey] = owner
            }
        }
        let names = brokers.flatMap(\.logs).map(\.name)
        let logKeys = brokers.flatMap { $0.logs + [$0.witness].compactMap { $0 } }.map(\.publicKey)
        try require(
            Set(names).count == names.count && Set(logKeys).count == logKeys.count, "a log or its key stands twice")
        for member in members { try check(member.certificates, of: member.id, isBroker: false) }
        for broker in brokers { try check(broker.certificates, of: broker.id, isBroker: true) }
    }
}

extension Member {
    fileprivate init(_ entry: inout FieldReader) throws(LetterError) {
        let status: Status =
            switch try entry.code("status", StatusCode.self) {
            case .active: .active
            case .suspended: .suspended(since: Instant(seconds: try entry.integer("since")))
            case .removed: .removed(since: Instant(seconds: try entry.integer("since")))
            }
        self.init(
            id: try entry.member("id"), name: try entry.displayName(),
            roles: Set(try entry.strings("roles", limit: MembershipLimits.roles, DirectoryPatterns.role)),
            isRecognised: try entry.bool("recognised"),
            status: status, broker: try entry.member("broker"), certificates: try entry.certificates())
    }

    fileprivate func fields() -> [String: JSONValue] {
        var object: [String: JSONValue] = [
            "id": .string(id.text), "name": .string(name), "recognised": .bool(isRecognised),
            "broker": .string(broker.text),
        ]
        if !roles.isEmpty { object["roles"] = .array(roles.sorted().map { .string($0) }) }
        switch status {
        case .active: object["status"] = .string(StatusCode.active.rawValue)
        case .suspended(let since):
            object["status"] = .string(StatusCode.suspended.rawValue)
            object["since"] = .integer(since.seconds)
        case .removed(let since):
            object["status"] = .string(StatusCode.removed.rawValue)
            object["since"] = .integer(since.seconds)
        }
        if !certificates.isEmpty { object["certificates"] = .array(certificates.map { .object($0.fields()) }) }
        return object
    }
}

private enum StatusCode: String { case active, suspended, removed }

extension BrokerEntry {
    fileprivate init(_ entry: inout FieldReader) throws(LetterError) {
        self.init(
            id: try entry.member("id"), name: try entry.displayName(), host: try entry.host("host"),
            port: try entry.port("port"),
            address: try entry.optional("address") { (entry: inout FieldReader) throws(LetterError) in
                try entry.pattern("address", DirectoryPatterns.address)
            },
            certificates: try entry.certificates(), logs: try entry.logs(),
            witness: try entry.optional("witness") { (entry: inout FieldReader) throws(LetterError) in
                try entry.verifierKey("witness", .witness)
            })
    }

    fileprivate func fields() -> [String: JSONValue] {
        var object: [String: JSONValue] = [
            "id": .string(id.text), "name": .string(name), "host": .string(host), "port": .integer(Int64(port)),
        ]
        if !logs.isEmpty { object["logs"] = .array(logs.map { .string($0.text) }) }
        if let witness { object["witness"] = .string(witness.text) }
        if let address { object["address"] = .string(address) }
        if !certificates.isEmpty { object["certificates"] = .array(certificates.map { .object($0.fields()) }) }
        return object
    }
}

extension MemberCertificate {
    fileprivate func fields() -> [String: JSONValue] {
        var object: [String: JSONValue] = [
            "use": .string(use.rawValue), "der": .string(Base64.encode(certificate.der)),
        ]
        if let revoked { object["revoked"] = .integer(revoked.seconds) }
        return object
    }
}

/// Patterns of directories and enrolment requests. Protocols/Membership.md §4.
enum DirectoryPatterns {
    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    static let role = Pattern("a role", length: 2...40) { isUpper($0) || isDigit($0) || $0 == 0x5F }
    static let name = Pattern("a display name", length: 1...64) {
        isUpper($0) || isLower($0) || isDigit($0)
            || [0x20, 0x26, 0x27, 0x28, 0x29, 0x2C, 0x2D, 0x2E, 0x2F].contains($0)
    }
    static let host = Pattern("a host name", length: 1...253) { isLower($0) || isDigit($0) || $0 == 0x2D || $0 == 0x2E }
    static let address = Pattern("an IP address", length: 2...45) {
        isDigit($0) || (0x61...0x66).contains($0) || $0 == 0x2E || $0 == 0x3A
    }
}

extension FieldReader {
    mutating func displayName() throws(LetterError) -> String {
        let text = try pattern("name", DirectoryPatterns.name)
        guard text.utf8.first != 0x20, text.utf8.last != 0x20 else {
            throw fault("name", "begins or ends with a space")
        }
        return text
    }

    mutating func host(_ name: String) throws(LetterError) -> String {
        let text = try pattern(name, DirectoryPatterns.host)
        let labels = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard labels.allSatisfy({ (1...63).contains($0.count) && $0.first != 0x2D && $0.last != 0x2D }) else {
            throw fault(name, "not a host name")
        }
        return text
    }

    mutating func port(_ name: String) throws(LetterError) -> Int {
        let number = try integer(name)
        guard (1...65_535).contains(number) else { throw fault(name, "not a port") }
        return Int(number)
    }

    /// The bytes of a base64 string.
    mutating func base64(_ name: String, limit: Int) throws(LetterError) -> [UInt8] {
        guard let bytes = Base64.decode(try string(name)), !bytes.isEmpty, bytes.count <= limit else {
            throw fault(name, "not base64, or more than \(limit) bytes")
        }
        return bytes
    }

    fileprivate mutating func logs() throws(LetterError) -> [VerifierKey] {
        guard has("logs") else { return [] }
        var keys: [VerifierKey] = []
        for value in try array("logs", limit: MembershipLimits.logs) {
            guard case .string(let text) = value, let key = Self.verifierKey(text, .log) else {
                throw fault("logs", "not a verifier key of a log")
            }
            keys.append(key)
        }
        return keys
    }

    fileprivate mutating func certificates() throws(LetterError) -> [MemberCertificate] {
        try list("certificates", limit: MembershipLimits.certificates) {
            (entry: inout FieldReader) throws(LetterError) in
            let der = try entry.base64("der", limit: MembershipLimits.certificateBytes)
            guard let certificate = try? Certificate(der: der) else {
                throw entry.fault("der", "not a certificate of the profile")
            }
            return MemberCertificate(
                use: try entry.code("use", CertificateUse.self), certificate: certificate,
                revoked: try entry.optionalInteger("revoked").map { Instant(seconds: $0) })
        }
    }
}
