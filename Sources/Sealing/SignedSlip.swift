// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Letters
public import Procedure

/// A slip with its signature: `slip.p7s`. Only made by signing, or by reading and verifying.
public struct SignedSlip: Sendable, Hashable {
    public let slip: Slip
    /// The bytes that are signed.
    public let json: [UInt8]
    /// SHA-256 of the slip's JSON. Two files with the same id are the same letter: anybody can alter an ECDSA
    /// signature into another valid one.
    public let id: LetterID
    /// DER ContentInfo, as made or as received.
    public let file: [UInt8]
    public let certificate: Certificate

    public var certificateDigest: Digest { certificate.id }

    private init(slip: Slip, json: [UInt8], id: LetterID, file: [UInt8], certificate: Certificate) {
        self.slip = slip
        self.json = json
        self.id = id
        self.file = file
        self.certificate = certificate
    }

    /// Signs a slip; the CMS signing time is the slip's `at`.
    ///
    /// - Throws: ``SealingError`` with the code of the slip's own reader: what nobody would read is not signed.
    /// - SeeAlso: Protocols/Letter-CMS.md §3.
    public static func sign(_ slip: Slip, by identity: SigningIdentity) throws(SealingError) -> SignedSlip {
        let json = slip.json()
        do {
            _ = try Slip.read(json)
        } catch {
            throw SealingError(error)
        }
        do {
            let file = try CMS.sign(
                json, certificate: identity.certificate, key: identity.key, signingTime: slip.at.seconds)
            return SignedSlip(slip: slip, json: json, id: .sha256(json), file: file, certificate: identity.certificate)
        } catch {
            throw SealingError(.cannotSeal, error)
        }
    }

    /// Reads and verifies a slip file.
    ///
    /// - Parameters:
    ///   - file: at most 96 KiB.
    ///   - certificate: the certificate of this digest if it may sign now, else `nil`. Whether it is that of the
    ///     slip's `from` is for the caller to check on the result, against the directory.
    /// - Throws: ``SealingError`` in this order: `gate.*`, `signer.not-permitted`, `gate.profile` when the signer is
    ///   named by another key id, `signature.invalid`, `slip.*`.
    /// - SeeAlso: Protocols/Letter-CMS.md §3.2.
    public static func read(_ file: [UInt8], certificate: (Digest) -> Certificate?) throws(SealingError) -> SignedSlip {
        // 1: the shape.
        let gate = try Gate.slip(file)
        // 2: whose it is. The directory's certificate counts, not the one in the file, which is only compared by its
        // digest.
        guard let signer = certificate(gate.certificateDigest), signer.id == gate.certificateDigest else {
            throw SealingError(.signerNotPermitted, "no certificate of this digest may sign")
        }
        guard signer.has(.sign) || signer.has(.root) else {
            throw SealingError(.signerNotPermitted, "not a signing certificate")
        }
        guard gate.signer.elementsEqual(signer.subjectKeyIdentifier) else {
            throw SealingError(.gateProfile, "the signer is named by another key id")
        }
        // 3: the signature, over the gate's own parse.
        guard gate.isSigned(by: signer.publicKey) else {
            throw SealingError(.signatureInvalid, "the signature does not verify")
        }
        // 4: the slip.
        let json = Array(gate.content)
        let slip: Slip
        do {
            slip = try Slip.read(json)
        } catch {
            throw SealingError(error)
        }
        return SignedSlip(slip: slip, json: json, id: gate.contentDigest, file: file, certificate: signer)
    }

    public static func == (left: SignedSlip, right: SignedSlip) -> Bool { left.id == right.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
