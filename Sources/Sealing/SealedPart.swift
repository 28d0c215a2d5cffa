// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Procedure

/// One part of a letter as it is sent: sealed to one recipient.
///
/// Inside the seal: salt (32) ‖ header length (4, big-endian) ‖ header JSON ‖ content ‖ zeros up to the size class.
///
/// - SeeAlso: Protocols/Letter-CMS.md §4, §5.
public struct SealedPart: Sendable {
    /// DER ContentInfo, `parts/<digest>`.
    public let file: [UInt8]
    /// SHA-256 of ``file``.
    public let digest: Digest
    /// SHA-256 of the whole plaintext: the slip names it, so there is one plaintext that this part can have had.
    public let commitment: Digest
    /// The plaintext's length, a Padmé size class; the slip's `size`.
    public let size: Int64

    static let saltBytes = 32

    /// Seals `content`.
    ///
    /// - Parameters:
    ///   - content: at most 1 MiB.
    ///   - recipient: a sealing certificate; whose it is, the caller has from the directory.
    ///   - salt: 32 random bytes: without it, a commitment to a short form could be guessed.
    /// - Throws: ``SealingError`` `.cannotSeal`.
    public static func seal(
        _ content: [UInt8], label: PartLabel, to recipient: Certificate, salt: [UInt8] = SecureRandom.bytes(32)
    ) throws(SealingError) -> SealedPart {
        guard content.count <= SealingLimits.contentBytes else {
            throw SealingError(.cannotSeal, "more than 1 MiB in one part")
        }
        guard salt.count == saltBytes else { throw SealingError(.cannotSeal, "a salt of 32 bytes") }
        guard recipient.has(.seal) else { throw SealingError(.cannotSeal, "not a sealing certificate") }
        let header = label.header(length: content.count)
        let count = saltBytes + 4 + header.count + content.count
        let size = Padme.size(count)
        let headerCount = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: header.count >> $0) }
        do {
            let (file, commitment) = try CMS.seal(
                [salt, headerCount, header, content, [UInt8](repeating: 0, count: size - count)], to: recipient)
            return SealedPart(
                file: file, digest: .sha256(file), commitment: Digest(taking: commitment), size: Int64(size))
        } catch {
            throw SealingError(.cannotSeal, error)
        }
    }

    /// What a broker can check of a part, without its key: the shape, the digest, the size class, whose key it names.
    ///
    /// - Throws: ``SealingError`` `.partMismatch` when it is not the part that the slip names, then `gate.*`.
    public static func check(_ file: [UInt8], digest: Digest, size: Int64?, recipient: Certificate?)
        throws(SealingError)
    {
        guard file.count <= SealingLimits.partFileBytes else {
            throw SealingError(.gateSize, "a part file longer than 1,088 KiB")
        }
        guard Digest.sha256(file) == digest else { throw SealingError(.partMismatch, "another digest than the slip's") }
        let gate = try Gate.part(file)
        guard size.map({ $0 == Int64(gate.plaintextCount) }) ?? (Padme.size(gate.plaintextCount) == gate.plaintextCount)
        else {
            throw SealingError(.partMismatch, "another size class than the slip's")
        }
        if let recipient, !gate.recipient.elementsEqual(recipient.subjectKeyIdentifier) {
            throw SealingError(.partMismatch, "sealed to another key than the slip's")
        }
    }

    /// Opens a part.
    ///
    /// - Parameters:
    ///   - file: at most 1,088 KiB; ``Gate`` reads it before OpenSSL does.
    ///   - label: what the slip says it is.
    ///   - commitment: the slip's.
    ///   - size: the slip's.
    /// - Returns: The content, without salt, header, padding. No byte is released before tag, commitment and header
    ///   agree.
    /// - Throws: ``SealingError`` `gate.*` for a file that is no part; `.partCannotOpen` for every other cause
    ///   alike. Trying again changes nothing.
    /// - SeeAlso: Protocols/Letter-CMS.md §5.3.
    public static func open(
        _ file: [UInt8], label: PartLabel, commitment: Digest, size: Int64, with identity: SealingIdentity
    ) throws(SealingError) -> [UInt8] {
        try open(file, label: label, size: size, with: identity) { $0 == commitment }
    }

    /// The same where only somebody else knows the commitment: a piece's is in the attachment's list.
    static func open(
        _ file: [UInt8], label: PartLabel, size: Int64?, with identity: SealingIdentity, commits: (Digest) -> Bool
    ) throws(SealingError) -> [UInt8] {
        func fault(_ reason: String) -> SealingError { SealingError(.partCannotOpen, reason) }
        // 1: the shape.
        let gate = try Gate.part(file)
        guard gate.recipient.elementsEqual(identity.certificate.subjectKeyIdentifier) else {
            throw fault("sealed to another key")
        }
        // 2: the tag. The plaintext lies in a buffer of its own, which is zeroed unless all that follows agrees.
        var plain: [UInt8]
        do {
            plain = try CMS.open(gate.envelope, key: identity.key)
        } catch {
            throw fault(error.reason)
        }
        var isReleased = false
        defer { if !isReleased { Secret.wipe(&plain) } }
        // 3: the commitment, over all of it.
        guard commits(.sha256(plain)) else { throw fault("another plaintext than the slip's") }
        if let size, size != Int64(plain.count) { throw fault("another size class than the slip's") }
        // 4: the header. There is one spelling of it: what the slip says, and the length that fits.
        guard plain.count > saltBytes + 4 else { throw fault("no header") }
        let headerCount = plain[saltBytes..<saltBytes + 4].reduce(0) { $0 << 8 | Int($1) }
        let start = saltBytes + 4 + headerCount
        guard headerCount <= SealingLimits.headerBytes, start <= plain.count,
            let length = length(in: plain[saltBytes + 4..<start]), length <= SealingLimits.contentBytes,
            start + length <= plain.count,
            plain[saltBytes + 4..<start].elementsEqual(label.header(length: length))
        else { throw fault("a header that is not the slip's") }
        // 5: nothing but zeros up to the size class.
        guard plain.count == Padme.size(start + length), plain[(start + length)...].allSatisfy({ $0 == 0 }) else {
            throw fault("padding")
        }
        isReleased = true
        plain.removeLast(plain.count - start - length)
        plain.removeFirst(start)
        return plain
    }

    /// The number behind `"length":`. The whole header is compared afterwards, so that this need not be a reader of
    /// JSON.
    private static func length(in header: ArraySlice<UInt8>) -> Int? {
        let key = Array(#""length":"#.utf8)
        guard let start = header.indices.first(where: { header[$0...].starts(with: key) }) else { return nil }
        let digits = header[(start + key.count)...].prefix { (0x30...0x39).contains($0) }
        guard (1...7).contains(digits.count) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
