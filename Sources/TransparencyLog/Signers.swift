// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
public import Procedure

/// The key by which a broker speaks as a log. One for each origin, so that a new year's log has a new key.
public struct LogSigner: Sendable {
    public let key: VerifierKey
    private let privateKey: Ed25519PrivateKey

    /// - Parameters:
    ///   - origin: the log's name, and the key's.
    ///   - seed: 32 secret bytes for this origin alone.
    /// - Throws: ``LogError`` `.malformed`.
    public init(origin: String, seed: [UInt8]) throws(LogError) {
        guard let privateKey = try? Ed25519PrivateKey(seed: seed) else { throw LogError(.malformed, "not a seed") }
        key = try VerifierKey(name: origin, use: .log, key: privateKey.publicKey)
        self.privateKey = privateKey
    }

    /// The same note for the same checkpoint, so that a crash between signing and storing leaves no second one.
    ///
    /// Whether this log may say so is the caller's to know (``LogLock``).
    ///
    /// - Throws: ``LogError`` `.binding` for another log's checkpoint; `.unsigned` when libcrypto gives up.
    public func sign(_ checkpoint: Checkpoint) throws(LogError) -> SignedNote {
        guard checkpoint.origin == key.name else { throw LogError(.binding, "another log's checkpoint") }
        guard let signature = try? privateKey.sign(checkpoint.text) else { throw LogError(.unsigned, "signing failed") }
        return SignedNote(text: checkpoint.text, signature: SignatureLine(key: key, signature: signature))
    }
}

/// The key by which a witness cosigns the checkpoints of others. Never a log's: what it signs does not name it.
public struct WitnessSigner: Sendable {
    public let key: VerifierKey
    private let privateKey: Ed25519PrivateKey

    /// - Parameters:
    ///   - name: the witness' name.
    ///   - seed: 32 secret bytes for this use alone.
    /// - Throws: ``LogError`` `.malformed`.
    public init(name: String, seed: [UInt8]) throws(LogError) {
        guard let privateKey = try? Ed25519PrivateKey(seed: seed) else { throw LogError(.malformed, "not a seed") }
        key = try VerifierKey(name: name, use: .witness, key: privateKey.publicKey)
        self.privateKey = privateKey
    }

    /// Says: at `time` this was the largest tree of that log that I knew, and it began with every smaller one.
    ///
    /// That it was, and that it is stored, is the caller's to know (``WitnessRequest``).
    ///
    /// - Throws: ``LogError`` `.unsigned` when libcrypto gives up, or for a time that no cosignature can carry.
    public func cosign(_ checkpoint: Checkpoint, at time: Instant) throws(LogError) -> SignatureLine {
        guard (0...LogLimits.treeSize).contains(time.seconds),
            let signature = try? privateKey.sign(Cosignature.message(checkpoint.text, at: time.seconds))
        else { throw LogError(.unsigned, "signing failed") }
        let seconds = (0..<8).map { UInt8(truncatingIfNeeded: time.seconds >> Int64(56 - 8 * $0)) }
        return SignatureLine(key: key, signature: seconds + signature)
    }
}
