// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
public import Procedure

/// The 32 bytes that keep an event from being guessed from its leaf. Protocols/Log.md §3.1.
///
/// Of an event about a case they come from the case's event key, so that deleting this one key erases the salts of all its events;
/// of any other they are 32 random bytes.
public enum EventSalt {
    /// Of an event about no case: 32 random bytes.
    public static func random() -> Digest {
        guard let salt = Digest(SecureRandom.bytes(32)) else { preconditionFailure("a salt has 32 bytes") }
        return salt
    }

    /// HMAC-SHA-256(`key`, origin ‖ LF ‖ index ‖ LF).
    ///
    /// - Parameters:
    ///   - key: 32 random bytes, for one case in one broker.
    ///   - index: the leaf's number.
    public static func ofCase(key: [UInt8], origin: String, index: Int64) -> Digest {
        guard let salt = Digest(HMACSHA256.code(Array("\(origin)\n\(index)\n".utf8), key: key)) else {
            preconditionFailure("HMAC-SHA-256 has 32 bytes")
        }
        return salt
    }
}
