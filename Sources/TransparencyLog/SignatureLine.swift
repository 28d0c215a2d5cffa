// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
internal import Letters
internal import Procedure

/// One signature of a note: `— name base64(key id ‖ signature)`. A claim until a ``VerifierKey`` of that name and id verifies it.
public struct SignatureLine: Hashable, Sendable {
    /// UTF-8 without spaces and plus. Bytes, because two strings of different bytes can be equal to Unicode.
    public let name: [UInt8]
    public let keyID: UInt32
    /// What follows the key id; at least one byte.
    public let signature: [UInt8]

    init(key: VerifierKey, signature: [UInt8]) {
        name = Array(key.name.utf8)
        keyID = key.id
        self.signature = signature
    }

    /// - Parameter line: without its LF.
    init(line: ArraySlice<UInt8>) throws(LogError) {
        guard line.starts(with: Self.dash) else {
            throw LogError(.malformed, "a signature line begins with an em dash and a space")
        }
        let parts = line.dropFirst(Self.dash.count).split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = String(validating: parts[0], as: UTF8.self), !name.isEmpty,
            name.unicodeScalars.allSatisfy({ !$0.properties.isWhitespace && $0.value >= 0x20 && $0 != "+" })
        else { throw LogError(.malformed, "not a key name") }
        let bytes = try TextLines.base64(parts[1])
        guard bytes.count > 4 else { throw LogError(.malformed, "a signature without bytes") }
        self.name = Array(parts[0])
        keyID = bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        signature = Array(bytes.dropFirst(4))
    }

    /// Reads what a witness answers: one or more lines.
    ///
    /// - Throws: ``LogError`` `.malformed`.
    public static func list(_ bytes: [UInt8]) throws(LogError) -> [SignatureLine] {
        guard bytes.count <= LogLimits.noteBytes else { throw LogError(.malformed, "longer than a note") }
        var lines = TextLines(bytes)
        var result: [SignatureLine] = []
        repeat {
            guard result.count < LogLimits.signatures else { throw LogError(.malformed, "too many signatures") }
            result.append(try SignatureLine(line: try lines.next()))
        } while !lines.isEmpty
        return result
    }

    private static let dash = Array("— ".utf8)

    /// The line, with its LF.
    public var bytes: [UInt8] {
        let id = (0..<4).map { UInt8(truncatingIfNeeded: keyID >> UInt32(24 - 8 * $0)) }
        return Self.dash + name + [0x20] + Array(Base64.encode(id + signature).utf8) + [0x0A]
    }

    /// Whether it has the name and id of this key; whether it verifies is another question.
    public func isBy(_ key: VerifierKey) -> Bool { keyID == key.id && name.elementsEqual(key.name.utf8) }

    /// Whether this is a valid signature of `text` by `key`; of a witness, its time.
    ///
    /// - Throws: ``LogError`` `.signatureInvalid`.
    func verify(_ text: [UInt8], by key: VerifierKey) throws(LogError) -> VerifiedSignature {
        switch key.use {
        case .log:
            guard key.key.isValid(signature: signature, over: text) else {
                throw LogError(.signatureInvalid, "the log's signature")
            }
            return VerifiedSignature(key: key, time: nil)
        case .witness:
            let seconds = signature.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard seconds <= UInt64(LogLimits.treeSize) else {
                throw LogError(.signatureInvalid, "a cosignature's time")
            }
            let message = Cosignature.message(text, at: Int64(seconds))
            guard key.key.isValid(signature: Array(signature.dropFirst(8)), over: message) else {
                throw LogError(.signatureInvalid, "a witness' signature")
            }
            return VerifiedSignature(key: key, time: .init(seconds: Int64(seconds)))
        }
    }
}

enum Cosignature {
    /// What a witness signs: C2SP tlog-cosignature, the Ed25519 form.
    static func message(_ text: [UInt8], at seconds: Int64) -> [UInt8] {
        Array("cosignature/v1\ntime \(seconds)\n".utf8) + text
    }
}
