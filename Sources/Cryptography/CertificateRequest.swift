// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A request for a certificate, PKCS#10 (RFC 2986): a name, a key, and the proof that the asker holds the key.
///
///     CertificationRequest ::= SEQUENCE { info, ecdsa-with-SHA256, signature BIT STRING }
///     info ::= SEQUENCE { version 0, subject Name, subjectPublicKeyInfo, [0] attributes }
///
/// Attributes are not read: what a certificate may say is the authority's decision.
public struct CertificateRequest: Hashable, Sendable {
    public let der: [UInt8]
    public let subject: DistinguishedName
    public let publicKey: PublicKey

    /// Makes one.
    public init(subject: DistinguishedName, key: PrivateKey) throws(CryptographyError) {
        let info = DER.tlv(
            0x30,
            [
                [0x02, 0x01, 0x00], try subject.der(),
                DER.tlv(0x30, [AlgorithmIdentifier.p256Key, DER.tlv(0x03, [0x00] + key.publicKey.point)]),
                [0xA0, 0x00],
            ])
        der = DER.tlv(0x30, [info, AlgorithmIdentifier.ecdsaWithSHA256, DER.tlv(0x03, [0x00] + (try key.sign(info)))])
        self.subject = subject
        publicKey = key.publicKey
    }

    /// Reads one, at most 16 KiB.
    ///
    /// - Throws: ``CryptographyError`` `.malformed`; `.invalidSignature` when the asker does not hold the key.
    public init(der: [UInt8]) throws(CryptographyError) {
        guard der.count <= 16_384 else { throw CryptographyError(.malformed, "request: more than 16 KiB") }
        let read: (DistinguishedName, [UInt8], [UInt8], [UInt8])
        do {
            read = try Self.fields(der)
        } catch {
            throw CryptographyError(.malformed, "request: \(error.reason)")
        }
        publicKey = try PublicKey(point: read.1)
        guard publicKey.isValid(signature: read.3, over: read.2) else {
            throw CryptographyError(.invalidSignature, "the request is not signed by its own key")
        }
        self.der = der
        subject = read.0
    }

    /// - Parameter pem: one `CERTIFICATE REQUEST` block and nothing else.
    public init(pem: [UInt8]) throws(CryptographyError) {
        try self.init(der: PEM.read(pem, label: "CERTIFICATE REQUEST"))
    }

    public var pem: [UInt8] { PEM.write(der, label: "CERTIFICATE REQUEST") }

    private static func fields(
        _ der: [UInt8]
    ) throws(DERError) -> (subject: DistinguishedName, point: [UInt8], signed: [UInt8], signature: [UInt8]) {
        try DER.check(der, depth: 16, elements: 400)
        var file = DER.Reader(der)
        var request = try file.enter(0x30, "a request is a sequence")
        let body = try request.next(0x30, "certificationRequestInfo")
        try request.expect(AlgorithmIdentifier.ecdsaWithSHA256, "signed with ECDSA and SHA-256")
        let signature = try request.next(0x03, "signature")
        try request.finish("bytes after the signature")
        var info = request.inside(body)
        try info.expect([0x02, 0x01, 0x00], "version 1")
        let subject = try DistinguishedName(&info)
        var key = try info.enter(0x30, "subjectPublicKeyInfo")
        try key.expect(AlgorithmIdentifier.p256Key, "a P-256 key")
        let point = try key.next(0x03, "a P-256 key")
        try key.finish("subjectPublicKeyInfo")
        _ = try info.next(0xA0, "attributes")
        try info.finish("bytes after the attributes")
        return (
            subject, Array(der[point.content].dropFirst()), Array(der[body.whole]),
            Array(der[signature.content].dropFirst())
        )
    }
}
