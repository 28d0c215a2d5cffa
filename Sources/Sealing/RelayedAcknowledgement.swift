// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Letters
public import Procedure

/// What a broker signs when it has stored a letter: "this slip file lies here, durable, queued".
///
/// Canonical JSON `{"at","broker","letter","signature","slip","v"}`; `slip` is the digest of `slip.p7s` as it was received, `signature` the
/// ECDSA signature (DER, hexadecimal) over the same object without itself. The transparency log will put its inclusion proof here.
///
/// - SeeAlso: Protocols/Queue.md, "Acknowledgement".
public struct RelayedAcknowledgement: Hashable, Sendable {
    public let letter: LetterID
    /// SHA-256 of `slip.p7s`.
    public let slip: Digest
    public let broker: MemberID
    /// When the broker first held the letter, by its clock.
    public let at: Instant

    private static func fields(letter: LetterID, slip: Digest, broker: MemberID, at: Instant) -> [String: JSONValue] {
        [
            "at": .integer(at.seconds), "broker": .string(broker.text), "letter": .string(letter.hex),
            "slip": .string(slip.hex),
            "v": .integer(1),
        ]
    }

    /// - Throws: ``SealingError`` `.cannotSeal`.
    public static func sign(
        letter: LetterID, slip file: [UInt8], broker: MemberID, at: Instant, by identity: SigningIdentity
    ) throws(SealingError) -> [UInt8] {
        var fields = fields(letter: letter, slip: .sha256(file), broker: broker, at: at)
        do {
            let signature = try identity.key.sign(CanonicalJSON.write(.object(fields)))
            fields["signature"] = .string(Self.hex(signature))
            return CanonicalJSON.write(.object(fields))
        } catch {
            throw SealingError(.cannotSeal, error)
        }
    }

    /// Reads and verifies.
    ///
    /// - Parameters:
    ///   - bytes: at most 1 KiB.
    ///   - certificates: the broker's signing certificates by the directory; any of them may have signed.
    /// - Throws: ``SealingError`` `.slipMalformed`, `.signatureInvalid`.
    public static func read(_ bytes: [UInt8], certificates: [Certificate]) throws(SealingError)
        -> RelayedAcknowledgement
    {
        do {
            var fields = FieldReader(
                try CanonicalJSON.read(bytes, limits: JSONLimits(bytes: 1_024, depth: 2, values: 8, stringBytes: 256)),
                place: "relayed", failure: .malformed)
            guard try fields.integer("v") == 1 else { throw fields.fault("v", "not a version this reader knows") }
            let letter = try fields.digest("letter")
            let slip = try fields.digest("slip")
            let broker = try fields.member("broker")
            let at = Instant(seconds: try fields.integer("at"))
            let hex = try fields.string("signature")
            try fields.finish()
            guard let signature = Self.bytes(hex: hex) else { throw fields.fault("signature", "not hexadecimal") }
            let signed = CanonicalJSON.write(.object(Self.fields(letter: letter, slip: slip, broker: broker, at: at)))
            guard
                certificates.contains(where: {
                    $0.has(.sign) && $0.publicKey.isValid(signature: signature, over: signed)
                })
            else {
                throw SealingError(.signatureInvalid, "no certificate of the broker verifies this acknowledgement")
            }
            return RelayedAcknowledgement(letter: letter, slip: slip, broker: broker, at: at)
        } catch let error as LetterError {
            throw SealingError(error)
        } catch let error as SealingError {
            throw error
        } catch {
            throw SealingError(.slipMalformed, "not an acknowledgement")
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func bytes(hex: String) -> [UInt8]? {
        let digits = hex.utf8.map { digit -> UInt8? in
            switch digit {
            case 0x30...0x39: digit - 0x30
            case 0x61...0x66: digit - 0x61 + 10
            default: nil
            }
        }
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}
