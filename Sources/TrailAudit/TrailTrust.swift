// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
import Foundation
public import Membership
public import Procedure
import Sealing
public import TransparencyLog

/// What an auditor brings along: whom to believe, and what was kept from before. A bundle never says whom to trust.
///
/// - SeeAlso: Protocols/Trail.md §3.4.
public struct TrailTrust: Sendable {
    /// Why nothing can be checked. Exit 65.
    public struct Unusable: Error, Hashable, Sendable {
        /// Names the file of the trust folder and the rule.
        public let reason: String
    }

    public let anchors: TrustAnchors
    /// By origin.
    public let policies: [String: LogPolicy]
    /// Checkpoints from an earlier audit, a receipt, or typed in from paper. Believed as they stand.
    public private(set) var kept: [TransparencyLog.Checkpoint]
    /// One for each `tsa-*.pem`. Without any no time stamp is asked for, and none is looked at.
    public let timeAuthorities: [TimeStampAuthority]
    /// Opened parts that a holder showed, by commitment.
    public let disclosed: [Digest: [UInt8]]

    public init(
        anchors: TrustAnchors, policies: [String: LogPolicy], kept: [TransparencyLog.Checkpoint] = [],
        timeAuthorities: [TimeStampAuthority] = [], disclosed: [Digest: [UInt8]] = [:]
    ) {
        self.anchors = anchors
        self.policies = policies
        self.kept = kept
        self.timeAuthorities = timeAuthorities
        self.disclosed = disclosed
    }

    /// Reads a trust folder: `authorities.pem`, `policy-*.txt`, `tsa-*.pem`, `kept/*`, `disclosed/*`.
    ///
    /// - Throws: ``Unusable``.
    public init(folder: String) throws(Unusable) {
        let roots = try Self.file("\(folder)/authorities.pem", limit: 64 << 10)
        let end = Array("-----END CERTIFICATE-----".utf8)
        var certificates: [Certificate] = []
        var block: [UInt8] = []
        for line in roots.split(separator: 0x0A) {
            block += line + [0x0A]
            guard line.elementsEqual(end) else { continue }
            do { certificates.append(try Certificate(pem: block)) } catch {
                throw Unusable(reason: "authorities.pem: not a certificate")
            }
            block = []
        }
        guard !certificates.isEmpty, block.isEmpty else { throw Unusable(reason: "authorities.pem: not certificates") }
        do { anchors = try TrustAnchors(certificates) } catch {
            throw Unusable(reason: "authorities.pem: \(error.reason)")
        }
        var policies: [String: LogPolicy] = [:]
        for name in try Self.names(folder) where name.hasPrefix("policy-") && name.hasSuffix(".txt") {
            let policy: LogPolicy
            do { policy = try LogPolicy(try Self.file("\(folder)/\(name)", limit: LogLimits.policyBytes)) } catch {
                throw Unusable(reason: "\(name): \((error as? LogError)?.reason ?? "unreadable")")
            }
            let origin = policy.logs.first?.name ?? ""
            guard policy.logs.count == 1, name == "policy-\(TrailName.folder(origin)).txt" else {
                throw Unusable(reason: "\(name): not the policy of the one log that its name says")
            }
            policies[origin] = policy
        }
        self.policies = policies
        var authorities: [TimeStampAuthority] = []
        for name in try Self.names(folder) where name.hasPrefix("tsa-") && name.hasSuffix(".pem") {
            let pem = try Self.file("\(folder)/\(name)", limit: 64 << 10)
            do { authorities.append(try TimeStampAuthority(pem: pem)) } catch {
                throw Unusable(reason: "\(name): \(error.reason)")
            }
        }
        timeAuthorities = authorities
        var kept: [TransparencyLog.Checkpoint] = []
        for name in (try? Self.names("\(folder)/kept")) ?? [] {
            let bytes = try Self.file("\(folder)/kept/\(name)", limit: LogLimits.receiptBytes)
            guard let checkpoint = Self.checkpoint(bytes) else {
                throw Unusable(reason: "kept/\(name): no checkpoint and no receipt")
            }
            kept.append(checkpoint)
        }
        self.kept = kept
        var disclosed: [Digest: [UInt8]] = [:]
        for name in (try? Self.names("\(folder)/disclosed")) ?? [] {
            let bytes = try Self.file("\(folder)/disclosed/\(name)", limit: SealingLimits.partFileBytes)
            // Its name may be anybody's; only what it digests to counts.
            disclosed[.sha256(bytes)] = bytes
        }
        self.disclosed = disclosed
    }

    /// The same, with where an audit before ended.
    func keeping(_ state: TrailState) -> TrailTrust {
        var result = self
        for (origin, log) in state.logs {
            if let checkpoint = try? TransparencyLog.Checkpoint(origin: origin, head: log.head) {
                result.kept.append(checkpoint)
            }
        }
        return result
    }

    /// A note, a receipt, or the three lines of a checkpoint as they are printed on paper.
    private static func checkpoint(_ bytes: [UInt8]) -> TransparencyLog.Checkpoint? {
        if let note = try? SignedNote(bytes), let found = try? TransparencyLog.Checkpoint(text: note.text) {
            return found
        }
        if let receipt = try? LogReceipt(bytes) { return try? TransparencyLog.Checkpoint(text: receipt.note.text) }
        return try? TransparencyLog.Checkpoint(text: bytes)
    }

    private static func names(_ folder: String) throws(Unusable) -> [String] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw Unusable(reason: "the trust folder cannot be read")
        }
        return names.sorted()
    }

    private static func file(_ path: String, limit: Int) throws(Unusable) -> [UInt8] {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: limit + 1) else {
            throw Unusable(reason: "\(name) cannot be read")
        }
        guard data.count <= limit else { throw Unusable(reason: "\(name) is larger than \(limit) bytes") }
        return Array(data)
    }
}
