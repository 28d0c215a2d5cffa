// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
internal import Letters
public import Procedure
internal import Sealing
internal import TransparencyLog

/// What an organisation hands to its authority: its id, what it asks for, and a certificate request for each key. No
/// secret.
///
/// The first one is believed because both sides compare its ``safetyNumber`` by telephone; a renewal because it is
/// signed with the member's current signing key. Protocols/Membership.md §5.
public struct EnrolmentRequest: Hashable, Sendable {
    /// What is enrolled.
    public enum Kind: Hashable, Sendable {
        /// The roles it asks for; the authority decides.
        case member(roles: Set<String>)
        /// Where it can be called. With a witness's key and no log it is a witness and nothing else.
        case broker(host: String, port: Int, address: String?)
    }

    public let id: MemberID
    public let name: String
    public let kind: Kind
    public let at: Instant
    public let requests: [CertificateUse: CertificateRequest]
    /// A broker's: the log that it will write, and its key as a witness; a witness's: that key alone.
    public let log: BrokerKeys.Listed?
    /// Digest of the signing certificate that vouches for a renewal.
    public let signer: Digest?
    /// The file: canonical JSON.
    public let file: [UInt8]
    private let signed: [UInt8]
    private let signature: [UInt8]?

    /// Makes one.
    ///
    /// - Parameters:
    ///   - keys: for a first enrolment one for each use, for a renewal one or more.
    ///   - identity: the current signing certificate and key, for a renewal.
    /// - Throws: ``MembershipError`` `.enrolmentMalformed` for a name, host or role that the format does not allow.
    public init(
        id: MemberID, name: String, kind: Kind, at: Instant, keys: [CertificateUse: PrivateKey],
        log: BrokerKeys.Listed? = nil, vouchedBy identity: (certificate: Certificate, key: PrivateKey)? = nil
    ) throws(MembershipError) {
        do {
            var object: [String: JSONValue] = [
                "v": .integer(1), "id": .string(id.text), "name": .string(name), "at": .integer(at.seconds),
            ]
            switch kind {
            case .member(let roles):
                if !roles.isEmpty { object["roles"] = .array(roles.sorted().map { .string($0) }) }
            case .broker(let host, let port, let address):
                object["host"] = .string(host)
                object["port"] = .integer(Int64(port))
                if let address { object["address"] = .string(address) }
            }
            if let log {
                if let key = log.log { object["log"] = .string(key.text) }
                object["witness"] = .string(log.witness.text)
            }
            var requests: [JSONValue] = []
            for (use, key) in keys.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                let request = try CertificateRequest(subject: CertificateSubject.name(of: id), key: key)
                requests.append(.object(["use": .string(use.rawValue), "der": .string(Base64.encode(request.der))]))
            }
            object["requests"] = .array(requests)
            if let identity {
                object["signer"] = .string(identity.certificate.id.hex)
                let signature = try identity.key.sign(CanonicalJSON.write(.object(object)))
                object["signature"] = .string(Base64.encode(signature))
            }
            // What is written is read again, so that nothing leaves that the authority would refuse.
            self = try Self.read(CanonicalJSON.write(.object(object)))
        } catch let error as MembershipError {
            throw error
        } catch {
            throw MembershipError(.outOfResources, "the certificate requests were not made")
        }
    }

    /// Reads a request strictly: canonical JSON, at most 16 KiB; each certificate request proves that the asker holds
    /// the key.
    ///
    /// - Throws: ``MembershipError`` `.enrolmentMalformed`.
    public static func read(_ bytes: [UInt8]) throws(MembershipError) -> EnrolmentRequest {
        guard bytes.count <= MembershipLimits.requestBytes else {
            throw MembershipError(.enrolmentMalformed, "request: more than \(MembershipLimits.requestBytes) bytes")
        }
        do throws(LetterError) {
            let object = try CanonicalJSON.read(bytes, limits: .directory)
            var fields = FieldReader(object, place: "request", failure: .malformed)
            let request = try EnrolmentRequest(&fields, object: object, file: bytes)
            try fields.finish()
            return request
        } catch {
            throw MembershipError(.enrolmentMalformed, error.reason)
        }
    }

    private init(_ fields: inout FieldReader, object: [String: JSONValue], file: [UInt8]) throws(LetterError) {
        guard try fields.integer("v") == 1 else { throw fields.fault("v", "not a version this reader knows") }
        let id = try fields.member("id")
        self.id = id
        name = try fields.displayName()
        at = Instant(seconds: try fields.integer("at"))
        if fields.has("host") {
            kind = .broker(
                host: try fields.host("host"), port: try fields.port("port"),
                address: try fields.optional("address") { (fields: inout FieldReader) throws(LetterError) in
                    try fields.pattern("address", DirectoryPatterns.address)
                })
        } else {
            let roles = try fields.strings("roles", limit: MembershipLimits.roles, DirectoryPatterns.role)
            guard roles == Set(roles).sorted() else { throw fields.fault("roles", "not ascending") }
            kind = .member(roles: Set(roles))
        }
        if case .broker(let host, _, _) = kind, fields.has("log") || fields.has("witness") {
            let log = fields.has("log") ? try fields.verifierKey("log", .log) : nil
            let witness = try fields.verifierKey("witness", .witness)
            guard log.map({ $0.name.hasPrefix(host + "/") && Patterns.origin.matches($0.name) }) ?? true,
                witness.name == BrokerKeys.witnessName(host)
            else { throw fields.fault("log", "not a name that begins with the host") }
            self.log = BrokerKeys.Listed(log: log, witness: witness)
        } else {
            log = nil
        }
        let listed = try fields.list("requests", limit: CertificateUse.allCases.count) {
            (entry: inout FieldReader) throws(LetterError) -> (CertificateUse, CertificateRequest) in
            let der = try entry.base64("der", limit: MembershipLimits.certificateBytes)
            guard let request = try? CertificateRequest(der: der), request.subject == CertificateSubject.name(of: id)
            else {
                throw entry.fault("der", "not a certificate request of this member with the proof of its key")
            }
            return (try entry.code("use", CertificateUse.self), request)
        }
        let uses = listed.map(\.0.rawValue)
        guard !uses.isEmpty, uses == Set(uses).sorted(), Set(listed.map(\.1.publicKey)).count == listed.count else {
            throw fields.fault("requests", "none, not ascending, or one key twice")
        }
        requests = Dictionary(listed) { first, _ in first }
        signer = try fields.optionalDigest("signer")
        signature = signer == nil ? nil : try fields.base64("signature", limit: 80)
        var unsigned = object
        unsigned["signature"] = nil
        signed = CanonicalJSON.write(.object(unsigned))
        self.file = file
    }

    /// Whether it is a renewal that the holder of `certificate` vouches for.
    public func isVouched(by certificate: Certificate) -> Bool {
        guard let signature, signer == certificate.id else { return false }
        return certificate.publicKey.isValid(signature: signature, over: signed)
    }

    /// SHA-256 of the file.
    public var fingerprint: Digest { Digest.sha256(file) }

    /// Six groups of five digits, some 100 bits of the fingerprint: read aloud, compared by both sides.
    public var safetyNumber: String { SafetyNumber.text(of: fingerprint) }
}

/// A digest that people compare by telephone.
public enum SafetyNumber {
    /// Six groups of five digits: each is five bytes of the digest, big-endian, modulo 100,000.
    public static func text(of digest: Digest) -> String {
        let bytes = digest.bytes
        return (0..<6).map { group in
            let number = bytes[group * 5..<group * 5 + 5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100_000
            let text = String(number)
            return String(repeating: "0", count: 5 - text.utf8.count) + text
        }.joined(separator: " ")
    }

    /// Whether what a person typed is `digest`'s: spaces and hyphens do not count.
    public static func matches(_ typed: String, _ digest: Digest) -> Bool {
        func digits(_ text: String) -> [UInt8] { text.utf8.filter { $0 != 0x20 && $0 != 0x2D } }
        return digits(typed) == digits(text(of: digest))
    }
}
