// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

package import Cryptography
package import Letters
import Procedure

/// Tried at every start of a node and a broker: what the library really does, not what its version promises.
///
/// Makes an authority, a signer and a reader of its own, a good slip and a good part, and the forgeries of the
/// threat page from them, and offers each to the whole path.
public enum SelfTest {
    /// What did not do as it must. The process should end with this name.
    public struct Failure: Error, Sendable {
        public let name: String
    }

    /// Takes a few milliseconds; blocks.
    ///
    /// - Throws: ``Failure``.
    public static func run() throws(Failure) { try run(.ours) }

    /// How files are read: ours, or in the test of the self-test a reader that accepts too much.
    package struct Path {
        package var read: ([UInt8], Certificate) throws -> LetterID
        package var open: ([UInt8], PartLabel, SealedPart, SealingIdentity) throws -> [UInt8]

        package static var ours: Path {
            Path(
                read: { file, signer in try SignedSlip.read(file) { $0 == signer.id ? signer : nil }.id },
                open: { file, label, part, reader in
                    try SealedPart.open(file, label: label, commitment: part.commitment, size: part.size, with: reader)
                })
        }
    }

    package static func run(_ path: Path) throws(Failure) {
        if let name = KnownAnswers.firstFailure() { throw Failure(name: name) }
        do {
            try check(Practice(), path)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(name: "a letter of our own")
        }
    }

    private static func check(_ practice: Practice, _ path: Path) throws {
        func read(_ file: [UInt8]) throws -> LetterID { try path.read(file, practice.signer.certificate) }
        func open(_ file: [UInt8]) throws -> [UInt8] {
            try path.open(file, practice.label, practice.part, practice.reader)
        }
        let slip = practice.slip.file
        guard try read(slip) == practice.slip.id else { throw Failure(name: "a good slip") }
        guard
            try StockCMS.verify(slip, root: StockCMS(certificate: practice.root), at: Practice.time)
                == practice.slip.json
        else {
            throw Failure(name: "a good slip, by OpenSSL")
        }
        guard try open(practice.part.file) == practice.content else { throw Failure(name: "a good part") }
        let plain = try StockCMS(certificate: practice.reader.certificate, key: practice.reader.key).open(
            practice.part.file)
        guard Digest.sha256(plain) == practice.part.commitment else { throw Failure(name: "a good part, by OpenSSL") }

        for (name, file) in try forgedSlips(practice) where (try? read(file)) != nil { throw Failure(name: name) }
        for (name, file) in try forgedParts(practice) where (try? open(file)) != nil { throw Failure(name: name) }
    }

    private static func forgedSlips(_ practice: Practice) throws -> [(String, [UInt8])] {
        let gate = try Gate.slip(practice.slip.file)
        func file(_ type: [UInt8], _ content: [UInt8], _ attributes: [UInt8]) -> [UInt8] {
            CMS.signedData(
                type: type, content: content, certificate: Array(gate.certificate), signer: Array(gate.signer),
                attributes: attributes,
                signature: Array(gate.signature))
        }
        let attributes = Array(gate.attributes)
        guard file(OID.slip, practice.slip.json, attributes) == practice.slip.file else {
            throw Failure(name: "the forger's tools")
        }
        return [
            ("A1: signed attributes as content", file(OID.data, [0x31] + attributes.dropFirst(), [])),
            ("A1: signed attributes as a slip", file(OID.slip, [0x31] + attributes.dropFirst(), [])),
            ("A2: another content type than signed", file(OID.data, practice.slip.json, attributes)),
            ("A8: bytes after a slip", practice.slip.file + [0]),
        ]
    }

    private static func forgedParts(_ practice: Practice) throws -> [(String, [UInt8])] {
        let good = practice.part.file
        let envelope = try Gate.part(good).envelope
        var outer = DER.Reader(good)
        var info = try outer.enter(0x30, "ContentInfo")
        _ = try info.any()
        var explicit = try info.enter(0xA0, "content")
        let data = try explicit.next(0x30, "AuthEnvelopedData")
        let nonce = Array(envelope.nonce)

        var forged: [(String, [UInt8])] = [("A8: bytes after a part", good + [0])]
        var wrongTag = good
        wrongTag[envelope.tag.startIndex] ^= 1
        forged.append(("A14: a wrong tag", wrongTag))
        for count in [12, 4, 1] {
            var body = Array(good[data.content.lowerBound..<envelope.tag.startIndex - 2])
            body[envelope.nonce.endIndex + 2 - data.content.lowerBound] = UInt8(count)
            body += DER.tlv(0x04, Array(envelope.tag.prefix(count)))
            forged.append(
                (
                    "A4: a tag of \(count) bytes",
                    DER.tlv(0x30, [OID.authEnvelopedData, DER.tlv(0xA0, DER.tlv(0x30, body))])
                ))
        }
        var fields = explicit.inside(data)
        _ = try fields.any()
        let recipients = Array(good[try fields.any().whole])
        let text = DER.tlv(0x80, Array(envelope.ciphertext))
        let algorithm = DER.tlv(0x30, [OID.aes256OFB, DER.tlv(0x04, nonce + [0, 0, 0, 2])])
        let enveloped = DER.tlv(0x30, [[0x02, 0x01, 0x02], recipients, DER.tlv(0x30, [OID.data, algorithm, text])])
        forged.append(("A7: rewritten as EnvelopedData", DER.tlv(0x30, [OID.envelopedData, DER.tlv(0xA0, enveloped)])))
        return forged
    }
}

/// Invented members, made anew for each test and forgotten after it.
private struct Practice {
    static let time: Int64 = 1_767_225_600
    let root: Certificate
    let signer: SigningIdentity
    let reader: SealingIdentity
    let label: PartLabel
    let content = Array("self-test".utf8)
    let slip: SignedSlip
    let part: SealedPart

    init() throws {
        guard let from = MemberID("zz:self-test"), let to = MemberID("zz:self-test-reader"),
            let caseID = CaseID(random: [UInt8](repeating: 0, count: 16))
        else { throw SelfTest.Failure(name: "names") }
        let issuer = try CertificateIssuer.selfSigned(
            subject: DistinguishedName(commonName: "Self-test"), key: .generate(), notBefore: Self.time - 1,
            notAfter: Self.time + 1)
        root = issuer.certificate
        func make(_ kind: CertificateKind, _ name: MemberID) throws -> (Certificate, PrivateKey) {
            let key = try PrivateKey.generate()
            let certificate = try issuer.issue(
                kind, subject: DistinguishedName(commonName: name.text), publicKey: key.publicKey,
                notBefore: Self.time - 1, notAfter: Self.time + 1)
            return (certificate, key)
        }
        let (signing, signingKey) = try make(.sign, from)
        signer = try SigningIdentity(certificate: signing, key: signingKey)
        let (sealing, sealingKey) = try make(.seal, to)
        reader = try SealingIdentity(certificate: sealing, key: sealingKey)
        label = PartLabel(from: from, to: to, caseID: caseID, kind: .form)
        part = try SealedPart.seal(content, label: label, to: sealing)
        slip = try SignedSlip.sign(
            Slip(
                type: .receipt, lane: .normal, from: from,
                to: [Addressee(member: to, certificate: sealing.id, epoch: 1, sequence: 1)],
                caseID: caseID, root: .sha256([]), about: About(letter: .sha256([]), state: .valid),
                at: Instant(seconds: Self.time)),
            by: signer)
    }
}
