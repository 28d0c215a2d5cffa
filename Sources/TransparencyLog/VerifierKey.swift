// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
internal import Letters

/// A public key with its name and use: what C2SP calls a *vkey*, `name+key id+base64(type ‖ key)`.
///
/// Only the two uses of this project exist; the text form of any other type is refused.
public struct VerifierKey: Hashable, Sendable {
    /// The signature type, which the key id covers: one key in two uses would be two keys.
    public enum Use: UInt8, Sendable {
        /// Signs checkpoints as their log: C2SP signed-note, Ed25519.
        case log = 0x01
        /// Cosigns checkpoints as a witness, with the time: C2SP tlog-cosignature, `cosignature/v1`.
        case witness = 0x04
    }

    /// 1 to 128 printable ASCII characters, no space, no plus. A log's is its origin.
    public let name: String
    public let use: Use
    let key: Ed25519PublicKey
    /// The first four bytes of SHA-256(name ‖ LF ‖ type ‖ key).
    public let id: UInt32

    init(name: String, use: Use, key: Ed25519PublicKey) throws(LogError) {
        guard (1...LogLimits.nameBytes).contains(name.utf8.count),
            name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x2B })
        else { throw LogError(.malformed, "not a key name") }
        self.name = name
        self.use = use
        self.key = key
        let hash = SHA256.hash(Array(name.utf8) + [0x0A, use.rawValue] + key.bytes)
        id = hash.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// - Parameter key: 32 bytes, RFC 8032.
    /// - Throws: ``LogError`` `.malformed`.
    public init(name: String, use: Use, publicKey key: [UInt8]) throws(LogError) {
        guard let key = try? Ed25519PublicKey(bytes: key) else { throw LogError(.malformed, "not an Ed25519 key") }
        try self.init(name: name, use: use, key: key)
    }

    /// Reads the text form.
    ///
    /// - Throws: ``LogError`` `.malformed`, also when the key id is not the one of name, type and key.
    public init(_ text: String) throws(LogError) {
        // A name has no plus; base64 may have some.
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard text.utf8.count <= 2 * LogLimits.nameBytes, parts.count == 3,
            let material = Base64.decode(String(parts[2])),
            material.count == 33, let use = Use(rawValue: material[0])
        else { throw LogError(.malformed, "not a verifier key of a use that is known here") }
        try self.init(name: String(parts[0]), use: use, publicKey: Array(material[1...]))
        guard self.text.utf8.elementsEqual(text.utf8) else { throw LogError(.malformed, "not the id of this key") }
    }

    /// `name+key id+base64(type ‖ key)`.
    public var text: String {
        let digits = String(id, radix: 16)
        return
            "\(name)+\(String(repeating: "0", count: 8 - digits.count))\(digits)+\(Base64.encode([use.rawValue] + key.bytes))"
    }

    /// The 32 bytes of the key.
    public var publicKey: [UInt8] { key.bytes }
}
