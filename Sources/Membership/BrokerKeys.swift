// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters
public import TransparencyLog

/// The two keys by which a broker speaks in the transparency logs: as the log that it writes, and as a witness of others.
///
/// Both come from the home's master secret, so they need no files and no backup of their own; each log has a key of its own, because its
/// name goes in. Protocols/Membership.md §8.
public struct BrokerKeys: Sendable {
    public let log: LogSigner
    public let witness: WitnessSigner

    /// What the directory lists of them.
    public struct Listed: Hashable, Sendable {
        public var log: VerifierKey
        public var witness: VerifierKey

        public init(log: VerifierKey, witness: VerifierKey) {
            self.log = log
            self.witness = witness
        }
    }

    public var listed: Listed { Listed(log: log.key, witness: witness.key) }

    /// - Parameters:
    ///   - origin: the log's name: the broker's host, a slash, the year in which it begins.
    ///   - host: the broker's.
    /// - Throws: ``MembershipError`` `.homeMalformed` for a host too long to name a log.
    public init(vault: KeyVault, origin: String, host: String) throws(MembershipError) {
        let witness = Self.witnessName(host)
        do {
            log = try LogSigner(origin: origin, seed: vault.key(for: "kheya log \(origin)"))
            self.witness = try WitnessSigner(name: witness, seed: vault.key(for: "kheya witness \(witness)"))
        } catch {
            throw MembershipError(.homeMalformed, "\(host) cannot name a log: \(error.reason)")
        }
        guard Patterns.origin.matches(origin) else {
            throw MembershipError(.homeMalformed, "\(origin) cannot name a log")
        }
    }

    static func witnessName(_ host: String) -> String { "\(host)/witness" }
}

extension FieldReader {
    /// A key in C2SP's text form, of one use.
    mutating func verifierKey(_ name: String, _ use: VerifierKey.Use) throws(LetterError) -> VerifierKey {
        guard let key = Self.verifierKey(try string(name), use) else { throw fault(name, "not a verifier key") }
        return key
    }

    static func verifierKey(_ text: String, _ use: VerifierKey.Use) -> VerifierKey? {
        guard let key = try? VerifierKey(text), key.use == use else { return nil }
        return key
    }
}
