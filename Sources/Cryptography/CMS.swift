// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The two CMS structures of a letter, in the one shape that the profile allows. Protocols/Letter-CMS.md §3, §4.
///
/// Written and opened by EVP calls around our own DER: OpenSSL's CMS objects cost more than the cryptography in
/// them, and its reader takes more than the profile. Stock `openssl cms` verifies and opens what is made here.
public enum CMS {
    /// Signs `content`: RFC 5652 SignedData, attached.
    ///
    /// - Parameters:
    ///   - content: at most 64 KiB.
    ///   - key: belongs to `certificate`.
    ///   - signingTime: POSIX seconds, before 2050; no decision uses it.
    /// - Returns: DER ContentInfo.
    public static func sign(
        _ content: [UInt8], certificate: Certificate, key: PrivateKey, signingTime: Int64
    ) throws(CryptographyError) -> [UInt8] {
        guard content.count <= 65_536 else { throw CryptographyError(.unsupported, "more than 64 KiB to sign") }
        let time = try CalendarTime.write(signingTime)
        guard time[0] == 0x17 else { throw CryptographyError(.unsupported, "a signing time after 2049") }
        func attribute(_ type: [UInt8], _ value: [UInt8]) -> [UInt8] { DER.tlv(0x30, [type, DER.tlv(0x31, value)]) }
        let attributes = DER.set(
            0x31,
            [
                attribute(OID.contentType, OID.slip), attribute(OID.signingTime, time),
                attribute(OID.messageDigest, DER.tlv(0x04, SHA256.hash(content))),
                attribute(
                    OID.signingCertificateV2,
                    DER.tlv(
                        0x30,
                        [DER.tlv(0x30, [DER.tlv(0x30, [DER.tlv(0x04, certificate.digest), certificate.issuerSerial])])])
                ),
            ])
        // RFC 5652 §5.4: what is signed is the SET OF; what stands in the file has the implicit tag instead.
        let signature = try key.sign(attributes)
        return signedData(
            type: OID.slip, content: content, certificate: certificate.der, signer: certificate.subjectKeyIdentifier,
            attributes: [0xA0] + attributes.dropFirst(), signature: signature)
    }

    /// The file around a signature. Apart, so that the self-test can make the forgeries that it offers to the gate.
    package static func signedData(
        type: [UInt8], content: [UInt8], certificate: [UInt8], signer: [UInt8], attributes: [UInt8], signature: [UInt8]
    ) -> [UInt8] {
        let signerInfo = DER.tlv(
            0x30,
            [
                [0x02, 0x01, 0x03], DER.tlv(0x80, signer), AlgorithmIdentifier.sha256, attributes,
                AlgorithmIdentifier.ecdsaWithSHA256,
                DER.tlv(0x04, signature),
            ])
        let signedData = DER.tlv(
            0x30,
            [
                [0x02, 0x01, 0x03], DER.tlv(0x31, AlgorithmIdentifier.sha256),
                DER.tlv(0x30, [type, DER.tlv(0xA0, DER.tlv(0x04, content))]), DER.tlv(0xA0, certificate),
                DER.tlv(0x31, signerInfo),
            ])
        return DER.tlv(0x30, [OID.signedData, DER.tlv(0xA0, signedData)])
    }

    /// Seals a plaintext to one recipient: RFC 5083 AuthEnvelopedData, AES-256-GCM, ECDH (RFC 5753) with a fresh key.
    ///
    /// - Parameter plain: what is sealed, in pieces that are joined where the ciphertext will stand: a megabyte is
    ///   copied once.
    /// - Returns: DER ContentInfo, and the SHA-256 of the plaintext.
    public static func seal(
        _ plain: [[UInt8]], to recipient: Certificate
    ) throws(CryptographyError) -> (file: [UInt8], plaintextDigest: [UInt8]) {
        let plainCount = plain.reduce(0) { $0 + $1.count }
        var contentKey = SecureRandom.bytes(AESGCM.keyBytes)
        defer { Secret.wipe(&contentKey) }
        let nonce = SecureRandom.bytes(AESGCM.nonceBytes)
        var (secret, point) = try PrivateKey.ephemeral(for: recipient.publicKey)
        var wrappingKey = wrappingKey(from: &secret)
        defer { Secret.wipe(&wrappingKey) }
        let wrapped = try KeyWrap.wrap(contentKey, under: wrappingKey)

        // Everything in front of the ciphertext; it is encrypted where it will be sent from.
        let recipientInfo = DER.tlv(
            0xA1,
            [
                [0x02, 0x01, 0x03], [0xA0, 0x51, 0xA1, 0x4F], AlgorithmIdentifier.originatorKey, [0x03, 0x42, 0x00],
                point,
                AlgorithmIdentifier.keyAgreement, [0x30, 0x44, 0x30, 0x42, 0xA0, 0x16, 0x04, 0x14],
                recipient.subjectKeyIdentifier,
                DER.tlv(0x04, wrapped),
            ])
        let algorithm = DER.tlv(
            0x30, [AlgorithmIdentifier.aes256GCM, DER.tlv(0x30, [DER.tlv(0x04, nonce), [0x02, 0x01, 0x10]])])
        let textHeader = DER.header(0x80, plainCount)
        let contentCount = OID.data.count + algorithm.count + textHeader.count + plainCount
        let body =
            [0x02, 0x01, 0x00] + DER.tlv(0x31, recipientInfo) + DER.header(0x30, contentCount) + OID.data + algorithm
            + textHeader
        let envelopedCount = body.count + plainCount + 2 + AESGCM.tagBytes
        let enveloped = DER.header(0x30, envelopedCount)
        let explicit = DER.header(0xA0, enveloped.count + envelopedCount)
        let inner = OID.authEnvelopedData.count + explicit.count + enveloped.count + envelopedCount
        let outer = DER.header(0x30, inner)

        var file: [UInt8] = []
        file.reserveCapacity(outer.count + inner)
        file += outer
        file += OID.authEnvelopedData
        file += explicit
        file += enveloped
        file += body
        let start = file.count
        for piece in plain { file += piece }
        let digest = SHA256.hash(file[start...])
        let tag = try AESGCM.encrypt(&file, in: start..<file.count, key: contentKey, nonce: nonce)
        file += [0x04, 0x10]
        file += tag
        return (file, digest)
    }

    /// What the gate found in a part: where the cryptography is.
    public struct Envelope: Sendable {
        /// The sender's fresh key, 65 bytes.
        public var point: ArraySlice<UInt8>
        /// 40 bytes.
        public var wrappedKey: ArraySlice<UInt8>
        /// 12 bytes.
        public var nonce: ArraySlice<UInt8>
        public var ciphertext: ArraySlice<UInt8>
        /// 16 bytes.
        public var tag: ArraySlice<UInt8>

        public init(
            point: ArraySlice<UInt8>, wrappedKey: ArraySlice<UInt8>, nonce: ArraySlice<UInt8>,
            ciphertext: ArraySlice<UInt8>,
            tag: ArraySlice<UInt8>
        ) {
            self.point = point
            self.wrappedKey = wrappedKey
            self.nonce = nonce
            self.ciphertext = ciphertext
            self.tag = tag
        }
    }

    /// Opens what a gate has taken apart.
    ///
    /// - Returns: The plaintext, from a buffer that is zeroed unless the tag agrees.
    /// - Throws: ``CryptographyError`` `.cannotOpen` or, for a point off the curve, `.malformed`.
    public static func open(_ envelope: Envelope, key: PrivateKey) throws(CryptographyError) -> [UInt8] {
        var secret = try key.agree(with: PublicKey(point: envelope.point))
        var wrappingKey = wrappingKey(from: &secret)
        defer { Secret.wipe(&wrappingKey) }
        var contentKey = try KeyWrap.unwrap(envelope.wrappedKey, under: wrappingKey)
        defer { Secret.wipe(&contentKey) }
        return try AESGCM.decrypt(envelope.ciphertext, key: contentKey, nonce: envelope.nonce, tag: envelope.tag)
    }

    /// X9.63 KDF with SHA-256 (RFC 5753 §7.2): one block is all that 32 bytes need.
    ///
    ///     ECC-CMS-SharedInfo ::= SEQUENCE { keyInfo aes256-wrap, suppPubInfo [2] OCTET STRING 00000100 }
    private static func wrappingKey(from secret: inout [UInt8]) -> [UInt8] {
        var input = secret + [0x00, 0x00, 0x00, 0x01, 0x30, 0x15] + AlgorithmIdentifier.aes256Wrap
        input += [0xA2, 0x06, 0x04, 0x04, 0x00, 0x00, 0x01, 0x00]
        Secret.wipe(&secret)
        defer { Secret.wipe(&input) }
        return SHA256.hash(input)
    }
}
