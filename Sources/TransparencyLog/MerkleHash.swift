// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
public import Procedure

/// The hashes of RFC 6962 §2.1 (kept by RFC 9162): a leaf and a node can never be taken for each other.
public enum MerkleHash {
    /// The root of no leaves: SHA-256 of nothing.
    public static let empty = Digest.sha256([])

    /// SHA-256(0x00 ‖ `data`).
    public static func leaf(_ data: [UInt8]) -> Digest { .sha256([0x00] + data) }

    /// The same for an event's leaf data.
    public static func leaf(_ data: Digest) -> Digest {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(33)
        bytes.append(0x00)
        data.append(to: &bytes)
        return .sha256(bytes)
    }

    /// SHA-256(0x01 ‖ `left` ‖ `right`).
    public static func node(_ left: Digest, _ right: Digest) -> Digest {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(65)
        bytes.append(0x01)
        left.append(to: &bytes)
        right.append(to: &bytes)
        return .sha256(bytes)
    }
}

extension Digest {
    static func sha256(_ bytes: [UInt8]) -> Digest { Digest(words: SHA256.words(of: bytes)) }
}
