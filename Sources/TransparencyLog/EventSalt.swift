// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
public import Procedure

/// The 32 bytes that keep an event from being guessed from its leaf. Protocols/Log.md §3.1.
///
/// Of an event about a case they come from the case's event key, so that deleting this one key erases the salts of all its events;
/// of any other they are random.
public enum EventSalt {
    /// HMAC-SHA-256(`key`, origin ‖ LF ‖ index ‖ LF).
    ///
    /// - Parameters:
    ///   - key: 32 random bytes, for one case in one broker.
    ///   - index: the leaf's number.
    public static func ofCase(key: [UInt8], origin: String, index: Int64) -> Digest {
        digest(HMACSHA256.code(Array("\(origin)\n\(index)\n".utf8), key: key))
    }

    /// From the system's randomness.
    public static func random() -> Digest { digest(SecureRandom.bytes(32)) }

    private static func digest(_ bytes: [UInt8]) -> Digest {
        guard let digest = Digest(bytes) else { preconditionFailure("a salt has 32 bytes") }
        return digest
    }
}
