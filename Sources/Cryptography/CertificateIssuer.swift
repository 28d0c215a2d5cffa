// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// An authority: issues certificates of the network's three kinds, and its own.
///
/// Time and serial numbers come in as arguments. The profiles stand in `Certificates/`.
public struct CertificateIssuer: Sendable {
    public let certificate: Certificate
    private let key: PrivateKey

    /// - Throws: ``CryptographyError`` `.wrongKey` when certificate and key do not belong together or it is no
    ///   authority's.
    public init(certificate: Certificate, key: PrivateKey) throws(CryptographyError) {
        guard certificate.publicKey == key.publicKey, certificate.has(.root) else {
            throw CryptographyError(.wrongKey, "the key is not that of an authority's certificate")
        }
        self.certificate = certificate
        self.key = key
    }

    /// Makes the self-signed certificate of a new authority.
    ///
    /// - Parameters:
    ///   - notBefore: POSIX seconds, inclusive; so is `notAfter`.
    ///   - serial: 16 bytes, made positive here.
    public static func selfSigned(
        subject: DistinguishedName, key: PrivateKey, notBefore: Int64, notAfter: Int64,
        serial: [UInt8] = SecureRandom.bytes(16)
    ) throws(CryptographyError) -> CertificateIssuer {
        let name = try subject.der()
        let certificate = try make(
            .root, issuer: name, subject: name, publicKey: key.publicKey, authorityKeyIdentifier: nil, dnsNames: [],
            notBefore: notBefore, notAfter: notAfter, serial: serial, key: key)
        return try CertificateIssuer(certificate: certificate, key: key)
    }

    /// Issues a certificate to a member.
    ///
    /// - Parameters:
    ///   - kind: `sign`, `seal` or `link`; a root is only made by itself.
    ///   - dnsNames: neutral host names, `link` only.
    /// - Throws: ``CryptographyError`` `.unsupported` for names, times or a kind that a certificate cannot have.
    public func issue(
        _ kind: CertificateKind, subject: DistinguishedName, publicKey: PublicKey, dnsNames: [String] = [],
        notBefore: Int64,
        notAfter: Int64, serial: [UInt8] = SecureRandom.bytes(16)
    ) throws(CryptographyError) -> Certificate {
        guard kind != .root else { throw CryptographyError(.unsupported, "an authority below an authority") }
        guard kind == .link || dnsNames.isEmpty else {
            throw CryptographyError(.unsupported, "host names are for link certificates")
        }
        return try Self.make(
            kind, issuer: certificate.subjectName, subject: subject.der(), publicKey: publicKey,
            authorityKeyIdentifier: certificate.subjectKeyIdentifier, dnsNames: dnsNames, notBefore: notBefore,
            notAfter: notAfter,
            serial: serial, key: key)
    }

    private static func make(
        _ kind: CertificateKind, issuer: [UInt8], subject: [UInt8], publicKey: PublicKey,
        authorityKeyIdentifier: [UInt8]?,
        dnsNames: [String], notBefore: Int64, notAfter: Int64, serial: [UInt8], key: PrivateKey
    ) throws(CryptographyError) -> Certificate {
        guard notBefore < notAfter else {
            throw CryptographyError(.unsupported, "a certificate that ends before it begins")
        }
        guard serial.count == 16 else { throw CryptographyError(.unsupported, "a serial number of 16 bytes") }
        // RFC 5280 §4.2.1.2 wants any unique name for the key; a truncated SHA-256 spares us SHA-1.
        let keyIdentifier = Array(SHA256.hash(publicKey.point).prefix(20))
        var extensions = [
            try keyUsage(of: kind), entry(OID.subjectKeyIdentifier, DER.tlv(0x04, keyIdentifier)),
            entry(
                OID.authorityKeyIdentifier, DER.tlv(0x30, DER.tlv(0x80, authorityKeyIdentifier ?? keyIdentifier))),
        ]
        if kind == .root {
            extensions.append(
                entry(OID.basicConstraints, isCritical: true, [0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00]))
        } else {
            extensions.append(entry(OID.basicConstraints, isCritical: true, [0x30, 0x00]))
        }
        switch kind {
        case .sign: extensions.append(entry(OID.extKeyUsage, DER.tlv(0x30, OID.emailProtection)))
        case .link: extensions.append(entry(OID.extKeyUsage, DER.tlv(0x30, OID.clientAuth + OID.serverAuth)))
        case .root, .seal: break
        }
        if !dnsNames.isEmpty {
            guard
                dnsNames.allSatisfy({
                    (1...253).contains($0.utf8.count) && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
                })
            else {
                throw CryptographyError(.unsupported, "a host name that a certificate cannot hold")
            }
            extensions.append(entry(OID.subjectAltName, DER.tlv(0x30, dnsNames.map { DER.tlv(0x82, Array($0.utf8)) })))
        }
        let body = DER.tlv(
            0x30,
            [
                [0xA0, 0x03, 0x02, 0x01, 0x02],
                // 0x40 set, 0x80 clear: always positive, always 16 bytes.
                DER.integer([serial[0] & 0x7F | 0x40] + serial.dropFirst()),
                AlgorithmIdentifier.ecdsaWithSHA256, issuer,
                DER.tlv(0x30, [try CalendarTime.write(notBefore), try CalendarTime.write(notAfter)]),
                subject, DER.tlv(0x30, [AlgorithmIdentifier.p256Key, DER.tlv(0x03, [0x00] + publicKey.point)]),
                DER.tlv(0xA3, [DER.tlv(0x30, extensions)]),
            ])
        let der = DER.tlv(
            0x30, [body, AlgorithmIdentifier.ecdsaWithSHA256, DER.tlv(0x03, [0x00] + (try key.sign(body)))])
        return try Certificate(der: der)
    }

    private static func entry(_ type: [UInt8], isCritical: Bool = false, _ value: [UInt8]) -> [UInt8] {
        DER.tlv(0x30, [type, isCritical ? [0x01, 0x01, 0xFF] : [], DER.tlv(0x04, value)])
    }

    /// A named-bit list ends with its last bit: the count of unused bits follows from it.
    private static func keyUsage(of kind: CertificateKind) throws(CryptographyError) -> [UInt8] {
        switch kind {
        case .root: entry(OID.keyUsage, isCritical: true, [0x03, 0x02, 0x01, 0x86])  // … keyCertSign, cRLSign
        case .sign, .link: entry(OID.keyUsage, isCritical: true, [0x03, 0x02, 0x07, 0x80])  // digitalSignature
        case .seal: entry(OID.keyUsage, isCritical: true, [0x03, 0x02, 0x03, 0x08])  // keyAgreement
        }
    }
}
