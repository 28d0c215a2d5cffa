// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What a certificate of the network is for. One certificate, one purpose; `Certificates/` prints each profile.
public enum CertificateKind: String, Hashable, Sendable, CaseIterable {
    /// An authority's own: signs certificates, and the directory and profile letters.
    case root
    /// Signs slips.
    case sign
    /// Parts are sealed to it.
    case seal
    /// TLS, as client and as server.
    case link
}

/// RFC 5280 §4.2.1.3.
public struct KeyUsage: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let digitalSignature = KeyUsage(rawValue: 1 << 0)
    public static let nonRepudiation = KeyUsage(rawValue: 1 << 1)
    public static let keyEncipherment = KeyUsage(rawValue: 1 << 2)
    public static let dataEncipherment = KeyUsage(rawValue: 1 << 3)
    public static let keyAgreement = KeyUsage(rawValue: 1 << 4)
    public static let keyCertSign = KeyUsage(rawValue: 1 << 5)
    public static let cRLSign = KeyUsage(rawValue: 1 << 6)
    public static let encipherOnly = KeyUsage(rawValue: 1 << 7)
    public static let decipherOnly = KeyUsage(rawValue: 1 << 8)
}

/// RFC 5280 §4.2.1.12: the purposes the network knows, and whether there were others.
public struct ExtendedKeyUsage: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let emailProtection = ExtendedKeyUsage(rawValue: 1)
    public static let clientAuth = ExtendedKeyUsage(rawValue: 2)
    public static let serverAuth = ExtendedKeyUsage(rawValue: 4)
    public static let other = ExtendedKeyUsage(rawValue: 8)
}

/// An X.509 certificate, immutable once parsed.
///
///     Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm ecdsa-with-SHA256, signature BIT STRING }
///
/// One reader, ours, decides what a certificate says: version 3, P-256, ECDSA with SHA-256, a subject key
/// identifier, no critical extension that it does not know. OpenSSL sees only the key's 65 bytes.
public final class Certificate: Sendable, Hashable {
    public let der: [UInt8]
    /// SHA-256 of ``der``: how the directory and every slip name it.
    public let digest: [UInt8]
    public let subject: DistinguishedName
    public let issuer: DistinguishedName
    /// Big-endian, without leading zeros.
    public let serial: [UInt8]
    /// POSIX seconds, inclusive.
    public let notBefore: Int64
    /// POSIX seconds, inclusive.
    public let notAfter: Int64
    public let publicKey: PublicKey
    /// 20 bytes.
    public let subjectKeyIdentifier: [UInt8]
    public let authorityKeyIdentifier: [UInt8]?
    public let isAuthority: Bool
    /// How many authorities may stand below this one; `nil` where none is said.
    public let pathLength: Int?
    public let keyUsage: KeyUsage
    public let extendedKeyUsage: ExtendedKeyUsage
    public let dnsNames: [String]

    /// Name as it stands: compared as bytes, never normalised.
    let issuerName: [UInt8]
    let subjectName: [UInt8]
    private let signed: [UInt8]
    private let signature: [UInt8]

    /// Parses exactly one certificate.
    ///
    /// - Parameter der: RFC 5280 §4.1, at most 16 KiB; trailing bytes are refused.
    /// - Throws: ``CryptographyError`` `.malformed` with the rule.
    public convenience init(der: [UInt8]) throws(CryptographyError) {
        guard der.count <= 16_384 else { throw CryptographyError(.malformed, "certificate: more than 16 KiB") }
        let fields: Fields
        do {
            try DER.check(der, depth: 16, elements: 400)
            fields = try Fields(der)
        } catch {
            throw CryptographyError(.malformed, "certificate: \(error.reason)")
        }
        try self.init(der, fields)
    }

    /// - Parameter pem: one `CERTIFICATE` block and nothing else.
    public convenience init(pem: [UInt8]) throws(CryptographyError) {
        try self.init(der: PEM.read(pem, label: "CERTIFICATE"))
    }

    private init(_ der: [UInt8], _ fields: Fields) throws(CryptographyError) {
        self.der = der
        digest = SHA256.hash(der)
        subject = fields.subject
        issuer = fields.issuer
        serial = fields.serial
        notBefore = fields.notBefore
        notAfter = fields.notAfter
        publicKey = try PublicKey(point: fields.point)
        subjectKeyIdentifier = fields.extensions.subjectKeyIdentifier
        authorityKeyIdentifier = fields.extensions.authorityKeyIdentifier
        isAuthority = fields.extensions.isAuthority
        pathLength = fields.extensions.pathLength
        keyUsage = fields.extensions.keyUsage
        extendedKeyUsage = fields.extensions.extendedKeyUsage
        dnsNames = fields.extensions.dnsNames
        issuerName = fields.issuerName
        subjectName = fields.subjectName
        signed = fields.signed
        signature = fields.signature
    }

    public var pem: [UInt8] { PEM.write(der, label: "CERTIFICATE") }
    public var commonName: String { subject.commonName }
    public var organisation: String? { subject.organisation }
    public var country: String? { subject.country }

    public func isValid(at seconds: Int64) -> Bool { notBefore <= seconds && seconds <= notAfter }

    /// Whether `authority` issued this: names and key ids match, it is an authority that may, and the signature
    /// verifies. Validity in time is another question.
    public func isSigned(by authority: Certificate) -> Bool {
        authority.isAuthority && authority.keyUsage.contains(.keyCertSign) && issuerName == authority.subjectName
            && (authorityKeyIdentifier == nil || authorityKeyIdentifier == authority.subjectKeyIdentifier)
            && authority.publicKey.isValid(signature: signature, over: signed)
    }

    /// Whether the usages are exactly those of `kind`: a certificate in another's place is refused.
    public func has(_ kind: CertificateKind) -> Bool {
        switch kind {
        case .root: isAuthority && keyUsage == [.digitalSignature, .keyCertSign, .cRLSign] && extendedKeyUsage.isEmpty
        case .sign: !isAuthority && keyUsage == .digitalSignature && extendedKeyUsage == .emailProtection
        case .seal: !isAuthority && keyUsage == .keyAgreement && extendedKeyUsage.isEmpty
        case .link: !isAuthority && keyUsage == .digitalSignature && extendedKeyUsage == [.clientAuth, .serverAuth]
        }
    }

    /// RFC 5035 `IssuerSerial`: how a signingCertificateV2 attribute names it.
    var issuerSerial: [UInt8] {
        DER.tlv(0x30, [DER.tlv(0x30, [DER.tlv(0xA4, [issuerName])]), DER.integer(serial)])
    }

    public static func == (left: Certificate, right: Certificate) -> Bool { left.der == right.der }
    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension Certificate {
    /// What stands in a certificate, before the key is looked at.
    fileprivate struct Fields {
        var serial: [UInt8]
        var issuer: DistinguishedName
        var subject: DistinguishedName
        var issuerName: [UInt8]
        var subjectName: [UInt8]
        var notBefore: Int64
        var notAfter: Int64
        var point: [UInt8]
        var extensions: Extensions
        var signed: [UInt8]
        var signature: [UInt8]

        init(_ der: [UInt8]) throws(DERError) {
            var file = DER.Reader(der)
            var certificate = try file.enter(0x30, "a certificate is a sequence")
            let body = try certificate.next(0x30, "tbsCertificate")
            try certificate.expect(AlgorithmIdentifier.ecdsaWithSHA256, "signed with ECDSA and SHA-256")
            let bits = try certificate.next(0x03, "signature")
            try certificate.finish("bytes after the signature")
            signed = Array(der[body.whole])
            signature = Array(der[bits.content].dropFirst())

            var tbs = certificate.inside(body)
            try tbs.expect([0xA0, 0x03, 0x02, 0x01, 0x02], "version 3")
            let number = try tbs.next(0x02, "serial number")
            serial = Array(der[number.content].drop { $0 == 0 })
            guard (1...20).contains(serial.count) else { throw .profile("a serial number of 1 to 20 bytes") }
            try tbs.expect(AlgorithmIdentifier.ecdsaWithSHA256, "signed with ECDSA and SHA-256")
            var ahead = tbs
            issuerName = Array(der[try ahead.any().whole])
            issuer = try DistinguishedName(&tbs)
            var validity = try tbs.enter(0x30, "validity")
            let from = try validity.any()
            let until = try validity.any()
            try validity.finish("validity")
            guard let notBefore = CalendarTime.read(from.tag, der[from.content]),
                let notAfter = CalendarTime.read(until.tag, der[until.content])
            else { throw .profile("a time in another spelling") }
            self.notBefore = notBefore
            self.notAfter = notAfter
            ahead = tbs
            subjectName = Array(der[try ahead.any().whole])
            subject = try DistinguishedName(&tbs)
            var key = try tbs.enter(0x30, "subjectPublicKeyInfo")
            try key.expect(AlgorithmIdentifier.p256Key, "a P-256 key")
            let bitsOfKey = try key.next(0x03, "a P-256 key")
            try key.finish("subjectPublicKeyInfo")
            point = Array(der[bitsOfKey.content].dropFirst())
            var explicit = try tbs.enter(0xA3, "extensions")
            try tbs.finish("bytes after the extensions")
            extensions = try Extensions(&explicit)
            try explicit.finish("bytes after the extensions")
        }
    }

    fileprivate struct Extensions {
        var subjectKeyIdentifier: [UInt8] = []
        var authorityKeyIdentifier: [UInt8]?
        var isAuthority = false
        var pathLength: Int?
        var keyUsage: KeyUsage = []
        var extendedKeyUsage: ExtendedKeyUsage = []
        var dnsNames: [String] = []

        init(_ reader: inout DER.Reader) throws(DERError) {
            var seen: Set<[UInt8]> = []
            var list = try reader.enter(0x30, "extensions")
            while !list.isAtEnd {
                var entry = try list.enter(0x30, "an extension")
                let type = Array(entry.bytes[try entry.next(0x06, "an extension's type").whole])
                var isCritical = false
                if entry.nextTag == 0x01 { isCritical = entry.bytes[try entry.any().content] == [0xFF] }
                let value = Array(entry.bytes[try entry.next(0x04, "an extension's value").content])
                try entry.finish("an extension")
                guard seen.insert(type).inserted else { throw .profile("an extension stands twice") }
                try read(type, value, isCritical)
            }
            guard subjectKeyIdentifier.count == 20 else { throw .profile("a subject key identifier of 20 bytes") }
        }

        private mutating func read(_ type: [UInt8], _ value: [UInt8], _ isCritical: Bool) throws(DERError) {
            var reader = DER.Reader(value)
            switch type {
            case OID.keyUsage:
                // A bit string with named bits: its unused bits are the only ones of the network that are not zero.
                guard value.count >= 4, value.count <= 5, value[0] == 0x03, Int(value[1]) == value.count - 2,
                    value[2] < 8
                else {
                    throw .profile("keyUsage")
                }
                var bits: UInt16 = 0
                for (index, byte) in value[3...].enumerated() {
                    for bit in 0..<8 where byte & (0x80 >> UInt8(bit)) != 0 {
                        guard index * 8 + bit < 9 else { throw .profile("keyUsage") }
                        bits |= 1 << UInt16(index * 8 + bit)
                    }
                }
                keyUsage = KeyUsage(rawValue: bits)
                return
            case OID.subjectKeyIdentifier, OID.authorityKeyIdentifier, OID.basicConstraints, OID.extKeyUsage,
                OID.subjectAltName:
                try DER.check(value, depth: 8, elements: 100)
            default:
                guard !isCritical else { throw .profile("a critical extension that is not known") }
                return
            }
            switch type {
            case OID.subjectKeyIdentifier:
                subjectKeyIdentifier = Array(value[try reader.next(0x04, "subjectKeyIdentifier").content])
            case OID.authorityKeyIdentifier:
                var fields = try reader.enter(0x30, "authorityKeyIdentifier")
                if fields.nextTag == 0x80 { authorityKeyIdentifier = Array(value[try fields.any().content]) }
            case OID.basicConstraints:
                var fields = try reader.enter(0x30, "basicConstraints")
                if fields.nextTag == 0x01 { isAuthority = value[try fields.any().content] == [0xFF] }
                if fields.nextTag == 0x02 {
                    let length = try fields.any().content
                    guard length.count == 1 else { throw .profile("basicConstraints") }
                    pathLength = Int(value[length.lowerBound])
                }
                try fields.finish("basicConstraints")
            case OID.extKeyUsage:
                var purposes = try reader.enter(0x30, "extKeyUsage")
                while !purposes.isAtEnd {
                    switch Array(value[try purposes.next(0x06, "extKeyUsage").whole]) {
                    case OID.emailProtection: extendedKeyUsage.insert(.emailProtection)
                    case OID.clientAuth: extendedKeyUsage.insert(.clientAuth)
                    case OID.serverAuth: extendedKeyUsage.insert(.serverAuth)
                    default: extendedKeyUsage.insert(.other)
                    }
                }
            default:
                var names = try reader.enter(0x30, "subjectAltName")
                while !names.isAtEnd {
                    let name = try names.any()
                    // Only host names: an address or a mailbox in a certificate is nobody's here.
                    guard name.tag == 0x82, let text = String(validating: value[name.content], as: Unicode.ASCII.self),
                        !text.isEmpty,
                        text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
                    else { throw .profile("subjectAltName holds host names") }
                    dnsNames.append(text)
                }
            }
        }
    }
}
