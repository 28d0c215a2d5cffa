// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Procedure

extension Digest {
    /// SHA-256 of `bytes`.
    public static func sha256(_ bytes: some Collection<UInt8>) -> Digest { Digest(words: SHA256.words(of: bytes)) }

    /// SHA-256 of what went into `stream`.
    public static func finishing(_ stream: SHA256.Stream) -> Digest { Digest(taking: stream.finish()) }

    /// - Parameter hash: 32 bytes of our own making.
    init(taking hash: [UInt8]) {
        guard let digest = Digest(hash) else { preconditionFailure("SHA-256 has 32 bytes") }
        self = digest
    }
}

extension Certificate {
    /// SHA-256 of its DER: how slips and the directory name it.
    public var id: Digest { Digest(taking: digest) }
}
