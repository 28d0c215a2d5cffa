// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A text and who signed it: C2SP signed-note v1.0.0.
///
/// Nothing of it is to be believed before ``verify(by:)``.
public struct SignedNote: Hashable, Sendable {
    /// The text, with its last LF, without the empty line.
    public let text: [UInt8]
    /// One to sixteen.
    public private(set) var signatures: [SignatureLine]

    /// - Throws: ``LogError`` `.malformed`.
    public init(_ bytes: [UInt8]) throws(LogError) {
        guard bytes.count <= LogLimits.noteBytes, String(validating: bytes, as: UTF8.self) != nil,
            bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A })
        else { throw LogError(.malformed, "not UTF-8 without control characters, or too long") }
        // The last empty line ends the text, so an attacker cannot append signatures of a text of their own.
        guard let end = bytes.indices.dropFirst().last(where: { bytes[$0] == 0x0A && bytes[$0 - 1] == 0x0A }) else {
            throw LogError(.malformed, "no empty line")
        }
        text = Array(bytes[..<end])
        guard text.count > 1 else { throw LogError(.malformed, "no text") }
        signatures = try SignatureLine.list(Array(bytes[(end + 1)...]))
    }

    init(text: [UInt8], signature: SignatureLine) {
        self.text = text
        signatures = [signature]
    }

    /// The note as it is stored and hashed.
    public var bytes: [UInt8] { text + [0x0A] + signatures.flatMap(\.bytes) }

    /// The signatures of `keys`, in the order of the lines. Lines of unknown keys are ignored.
    ///
    /// - Throws: ``LogError`` `.signatureInvalid` if a line has the name and id of one of `keys` and does not verify.
    public func verify(by keys: [VerifierKey]) throws(LogError) -> [VerifiedSignature] {
        var result: [VerifiedSignature] = []
        for line in signatures {
            for key in keys where line.isBy(key) { result.append(try line.verify(text, by: key)) }
        }
        return result
    }

    /// The note without the signatures of others than `keys`: what a witness keeps of it.
    public func only(_ keys: [VerifierKey]) -> SignedNote {
        var result = self
        result.signatures.removeAll { line in !keys.contains(where: line.isBy) }
        return result
    }

    /// With `line` in place of an older one by the same key, else behind the others.
    ///
    /// - Throws: ``LogError`` `.malformed`: no room for another signature.
    public func adding(_ line: SignatureLine) throws(LogError) -> SignedNote {
        var result = self
        if let index = signatures.firstIndex(where: { $0.keyID == line.keyID && $0.name == line.name }) {
            result.signatures[index] = line
        } else {
            guard signatures.count < LogLimits.signatures else { throw LogError(.malformed, "too many signatures") }
            result.signatures.append(line)
        }
        return result
    }
}
