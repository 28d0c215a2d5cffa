// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Procedure

/// A slip file that has the profile's shape. Nothing is verified yet; the slices are of the file itself.
public struct GateSlip: Sendable {
    public let file: [UInt8]
    /// The slip's JSON: what is signed, and what the letter id is the digest of.
    public let content: ArraySlice<UInt8>
    public let contentDigest: Digest
    /// DER of the signer's certificate. Only its digest counts: which certificate it is, the directory says.
    public let certificate: ArraySlice<UInt8>
    public let certificateDigest: Digest
    /// 20 bytes: the key id by which the signer is named.
    public let signer: ArraySlice<UInt8>
    /// What is signed, but for its tag: in the file `A0`, under the signature `31`.
    let attributes: ArraySlice<UInt8>
    /// DER SEQUENCE of r and s.
    let signature: ArraySlice<UInt8>

    /// Whether the signature over the attributes, and so over the content, is that of `key`.
    public func isSigned(by key: PublicKey) -> Bool {
        key.isValid(signature: signature, over: [0x31] + attributes.dropFirst())
    }
}

/// A part file that has the profile's shape. Nothing is opened yet; the slices are of the file itself.
public struct GatePart: Sendable {
    public let file: [UInt8]
    /// 20 bytes: the key id of the certificate it is sealed to.
    public let recipient: ArraySlice<UInt8>
    /// Where the cryptography is.
    public let envelope: CMS.Envelope
    /// The plaintext is exactly as long as the ciphertext.
    public var plaintextCount: Int { envelope.ciphertext.count }
}

/// The strict reader that stands before OpenSSL.
///
/// Accepts exactly the two shapes of Protocols/Letter-CMS.md §3 and §4 and builds nothing that a length field asks
/// for. Rules, not a blacklist: OpenSSL accepts shortened tags, signed attributes passed off as content, and GCM
/// rewritten as another cipher.
public enum Gate {
    private static let version3: [UInt8] = [0x02, 0x01, 0x03]

    /// Takes a slip file apart.
    ///
    /// - Parameter file: DER ContentInfo with SignedData, at most 96 KiB.
    /// - Throws: ``SealingError`` `.gateSize`, `.gateMalformed`, `.gateProfile`.
    /// - SeeAlso: Protocols/Letter-CMS.md §3.
    public static func slip(_ file: [UInt8]) throws(SealingError) -> GateSlip {
        guard file.count <= SealingLimits.slipFileBytes else {
            throw SealingError(.gateSize, "a slip file longer than 96 KiB")
        }
        do {
            try DER.check(file, depth: SealingLimits.derDepth, elements: SealingLimits.derElements)
            return try readSlip(file)
        } catch {
            throw SealingError(error)
        }
    }

    /// Takes a part file apart.
    ///
    /// - Parameter file: DER ContentInfo with AuthEnvelopedData, at most 1,088 KiB.
    /// - Throws: ``SealingError`` `.gateSize`, `.gateMalformed`, `.gateProfile`.
    /// - SeeAlso: Protocols/Letter-CMS.md §4.
    public static func part(_ file: [UInt8]) throws(SealingError) -> GatePart {
        guard file.count <= SealingLimits.partFileBytes else {
            throw SealingError(.gateSize, "a part file longer than 1,088 KiB")
        }
        do {
            try DER.check(file, depth: SealingLimits.derDepth, elements: SealingLimits.derElements)
            return try readPart(file)
        } catch {
            throw SealingError(error)
        }
    }

    private static func readSlip(_ file: [UInt8]) throws(DERError) -> GateSlip {
        var outer = DER.Reader(file)
        var info = try outer.enter(0x30, "a ContentInfo")
        try info.expect(OID.signedData, "content type id-signedData")
        var explicit = try info.enter(0xA0, "content")
        try info.finish("something after the content")
        var data = try explicit.enter(0x30, "SignedData")
        try explicit.finish("something after SignedData")
        // 1, 2: version 3, one digest algorithm.
        try data.expect(version3, "SignedData version 3")
        var digests = try data.enter(0x31, "digestAlgorithms")
        try digests.expect(AlgorithmIdentifier.sha256, "digest algorithm SHA-256, parameters absent")
        try digests.finish("one digest algorithm")
        // 3: the slip, attached, in one octet string.
        var encapsulated = try data.enter(0x30, "encapContentInfo")
        try encapsulated.expect(OID.slip, "content type slip")
        var attached = try encapsulated.enter(0xA0, "attached content")
        try encapsulated.finish("something after the attached content")
        let content = try attached.next(0x04, "the slip in an octet string").content
        try attached.finish("something after the slip")
        guard content.count >= 2, content.count <= SealingLimits.slipBytes, file[content.lowerBound] == 0x7B,
            file[content.upperBound - 1] == 0x7D
        else { throw .profile("a slip of 2 bytes to 64 KiB in braces") }
        // 4: one certificate, no revocation lists.
        var certificates = try data.enter(0xA0, "certificates")
        let certificate = try certificates.next(0x30, "an X.509 certificate").whole
        try certificates.finish("one certificate")
        // 5: one signer, named by its key id.
        var signers = try data.enter(0x31, "signerInfos, and no revocation list")
        try data.finish("something after the signers")
        var signer = try signers.enter(0x30, "a SignerInfo")
        try signers.finish("one signer")
        try signer.expect(version3, "SignerInfo version 3")
        let identifier = try signer.next(0x80, "a signer named by its key id").content
        guard identifier.count == 20 else { throw .profile("a key id of 20 bytes") }
        try signer.expect(AlgorithmIdentifier.sha256, "digest algorithm SHA-256, parameters absent")
        // 6: signed attributes. 7: the signature. 8: nothing behind it.
        let attributes = try signer.next(0xA0, "signed attributes")
        try signer.expect(AlgorithmIdentifier.ecdsaWithSHA256, "signature algorithm ECDSA with SHA-256")
        let signature = try signer.next(0x04, "a signature").content
        try signer.finish("no unsigned attributes")
        try checkSignature(file, signature)
        let contentDigest = SHA256.hash(file[content])
        let certificateDigest = SHA256.hash(file[certificate])
        try checkAttributes(
            signer.inside(attributes), contentDigest: contentDigest, certificate: certificate,
            certificateDigest: certificateDigest)
        return GateSlip(
            file: file, content: file[content], contentDigest: Digest(taking: contentDigest),
            certificate: file[certificate],
            certificateDigest: Digest(taking: certificateDigest), signer: file[identifier],
            attributes: file[attributes.whole], signature: file[signature])
    }

    /// Four attributes, each once with one value, in DER order: an order that is the same in every letter's four.
    private static func checkAttributes(
        _ attributes: DER.Reader, contentDigest: [UInt8], certificate: Range<Int>, certificateDigest: [UInt8]
    ) throws(DERError) {
        var list = attributes
        let file = list.bytes
        var seen: UInt8 = 0
        var previous: Range<Int>?
        for _ in 0..<4 {
            let attribute = try list.next(0x30, "four signed attributes")
            // DER sorts the members of a SET OF by their bytes; two that are equal are one attribute twice.
            if let previous, !file[previous].lexicographicallyPrecedes(file[attribute.whole]) {
                throw .profile("signed attributes in DER order")
            }
            previous = attribute.whole
            var pair = list.inside(attribute)
            let type = try pair.next(0x06, "an attribute's type").whole
            var values = try pair.enter(0x31, "an attribute's values")
            try pair.finish("an attribute is a type and its values")
            switch true {
            case file[type].elementsEqual(OID.contentType):
                seen |= 1
                try values.expect(OID.slip, "the signed content type is that of the content")
            case file[type].elementsEqual(OID.signingTime):
                seen |= 2
                let time = try values.next(0x17, "a signing time").content
                guard time.count == 13, file[time.upperBound - 1] == 0x5A,
                    file[time].dropLast().allSatisfy({ (0x30...0x39).contains($0) })
                else { throw .profile("a signing time of 13 characters") }
            case file[type].elementsEqual(OID.messageDigest):
                seen |= 4
                let digest = try values.next(0x04, "a message digest").content
                guard file[digest].elementsEqual(contentDigest) else {
                    throw .profile("the message digest is that of the content")
                }
            case file[type].elementsEqual(OID.signingCertificateV2):
                seen |= 8
                try checkSigningCertificate(&values, certificate: certificate, certificateDigest: certificateDigest)
            default: throw .profile("a signed attribute that the profile does not have")
            }
            try values.finish("one value for each attribute")
        }
        try list.finish("four signed attributes")
        guard seen == 15 else { throw .profile("each of the four signed attributes once") }
    }

    /// SigningCertificateV2 (RFC 5035): one ESSCertIDv2 with the default hash, which names the certificate in the
    /// file.
    private static func checkSigningCertificate(
        _ values: inout DER.Reader, certificate: Range<Int>, certificateDigest: [UInt8]
    ) throws(DERError) {
        let file = values.bytes
        var attribute = try values.enter(0x30, "SigningCertificateV2")
        var list = try attribute.enter(0x30, "SigningCertificateV2")
        try attribute.finish("no policies")
        var identifier = try list.enter(0x30, "ESSCertIDv2")
        try list.finish("one ESSCertIDv2")
        let digest = try identifier.next(0x04, "the default hash").content
        guard file[digest].elementsEqual(certificateDigest) else {
            throw .profile("the signing certificate is the one in the file")
        }
        var issuerSerial = try identifier.enter(0x30, "issuer and serial number")
        try identifier.finish("ESSCertIDv2")
        var names = try issuerSerial.enter(0x30, "the issuer's name")
        var name = try names.enter(0xA4, "the issuer's name")
        try names.finish("one issuer")
        let issuer = try name.next(0x30, "the issuer's name").whole
        try name.finish("one issuer")
        let serial = try issuerSerial.next(0x02, "a serial number").whole
        try issuerSerial.finish("issuer and serial number")

        // The same two fields in the certificate: version, serial number, algorithm, issuer.
        var whole = DER.Reader(file, at: certificate)
        var outer = try whole.enter(0x30, "a certificate")
        var body = try outer.enter(0x30, "a certificate")
        if body.nextTag == 0xA0 { _ = try body.any() }
        let itsSerial = try body.next(0x02, "a certificate").whole
        _ = try body.next(0x30, "a certificate")
        let itsIssuer = try body.next(0x30, "a certificate").whole
        guard file[serial].elementsEqual(file[itsSerial]), file[issuer].elementsEqual(file[itsIssuer]) else {
            throw .profile("issuer and serial number are the certificate's")
        }
    }

    /// `SEQUENCE { r INTEGER, s INTEGER }` inside an octet string, which the walk has not looked into.
    ///
    /// Its spelling matters: what OpenSSL would read leniently must not pass here.
    private static func checkSignature(_ file: [UInt8], _ range: Range<Int>) throws(DERError) {
        guard range.count <= 72 else { throw .malformed("a signature longer than 72 bytes") }
        let signature = Array(file[range])
        try DER.check(signature, depth: 1, elements: 8)
        var reader = DER.Reader(signature)
        var pair = try reader.enter(0x30, "a signature is a sequence")
        for _ in 0..<2 {
            let number = try pair.next(0x02, "a signature is two integers").content
            guard number.count <= 33, number.count > 1 || signature[number.lowerBound] != 0 else {
                throw .malformed("r and s are positive, at most 33 bytes")
            }
        }
        try pair.finish("a signature is two integers")
    }

    private static func readPart(_ file: [UInt8]) throws(DERError) -> GatePart {
        var outer = DER.Reader(file)
        var info = try outer.enter(0x30, "a ContentInfo")
        try info.expect(OID.authEnvelopedData, "content type id-ct-authEnvelopedData")
        var explicit = try info.enter(0xA0, "content")
        try info.finish("something after the content")
        var data = try explicit.enter(0x30, "AuthEnvelopedData")
        try explicit.finish("something after AuthEnvelopedData")
        // 1: version 0, no originatorInfo.
        try data.expect([0x02, 0x01, 0x00], "AuthEnvelopedData version 0")
        // 2: one recipient by key agreement.
        var recipients = try data.enter(0x31, "recipientInfos, and no originatorInfo")
        var recipient = try recipients.enter(0xA1, "a recipient by key agreement")
        try recipients.finish("one recipient")
        try recipient.expect(version3, "KeyAgreeRecipientInfo version 3")
        // 3: the sender's fresh key; no user keying material behind it.
        try recipient.expect([0xA0, 0x51, 0xA1, 0x4F], "an originator key of 65 bytes")
        try recipient.expect(AlgorithmIdentifier.originatorKey, "a P-256 originator key, parameters absent")
        try recipient.expect([0x03, 0x42, 0x00], "an originator key of 65 bytes")
        let point = try recipient.raw(65, "an originator key of 65 bytes")
        guard file[point.lowerBound] == 0x04 else { throw .profile("an uncompressed originator key") }
        // 4: how the key is agreed and wrapped.
        try recipient.expect(AlgorithmIdentifier.keyAgreement, "stdDH with the SHA-256 KDF and AES-256 wrap, no ukm")
        // 5: whose it is.
        try recipient.expect(
            [0x30, 0x44, 0x30, 0x42, 0xA0, 0x16, 0x04, 0x14], "one recipient key, named by its key id")
        let keyIdentifier = try recipient.raw(20, "a key id of 20 bytes")
        try recipient.expect([0x04, 0x28], "a wrapped key of 40 bytes")
        let wrapped = try recipient.raw(40, "a wrapped key of 40 bytes")
        try recipient.finish("one recipient key")
        // 6: the content.
        var content = try data.enter(0x30, "authEncryptedContentInfo")
        try content.expect(OID.data, "content type id-data")
        try content.expect(
            [0x30, 0x1E] + AlgorithmIdentifier.aes256GCM + [0x30, 0x11, 0x04, 0x0C],
            "AES-256-GCM with a nonce of 12 bytes")
        let nonce = try content.raw(12, "a nonce of 12 bytes")
        try content.expect([0x02, 0x01, 0x10], "a tag of 16 bytes")
        let ciphertext = try content.next(0x80, "the ciphertext in one piece").content
        try content.finish("something after the ciphertext")
        // 7: the tag, and nothing else.
        try data.expect([0x04, 0x10], "no attributes, a tag of 16 bytes")
        let tag = try data.raw(16, "a tag of 16 bytes")
        try data.finish("something after the tag")
        return GatePart(
            file: file, recipient: file[keyIdentifier],
            envelope: CMS.Envelope(
                point: file[point], wrappedKey: file[wrapped], nonce: file[nonce], ciphertext: file[ciphertext],
                tag: file[tag]))
    }
}
