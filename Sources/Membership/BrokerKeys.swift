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
        /// `nil` of a witness that is no broker.
        public var log: VerifierKey?
        public var witness: VerifierKey

        public init(log: VerifierKey?, witness: VerifierKey) {
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
        witness = try Self.witness(vault: vault, host: host)
        do {
            log = try LogSigner(origin: origin, seed: vault.key(for: "kheya log \(origin)"))
        } catch {
            throw MembershipError(.homeMalformed, "\(host) cannot name a log: \(error.reason)")
        }
        guard Patterns.origin.matches(origin) else {
            throw MembershipError(.homeMalformed, "\(origin) cannot name a log")
        }
    }

    /// The key of a witness alone.
    ///
    /// - Throws: as ``init(vault:origin:host:)``.
    static func witness(vault: KeyVault, host: String) throws(MembershipError) -> WitnessSigner {
        let name = witnessName(host)
        do {
            return try WitnessSigner(name: name, seed: vault.key(for: "kheya witness \(name)"))
        } catch {
            throw MembershipError(.homeMalformed, "\(host) cannot name a witness: \(error.reason)")
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
