// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// What verifying a bundle came to.
public struct TrailReport: Sendable {
    public enum Verdict: String, Sendable, CaseIterable {
        case pass = "PASS"
        case fail = "FAIL"
        case incomplete = "INCOMPLETE"
        case unchecked = "UNCHECKED"
    }

    /// The newest cosigned checkpoint of a log.
    public struct Newest: Sendable, Hashable {
        public let origin: String
        public let size: Int64
        public let time: Instant
    }

    public let verdict: Verdict
    public let asOf: Instant
    /// What the bundle says that it is.
    public let manifest: TrailManifest?
    public let newest: [Newest]
    public let leaves: Int64
    public let letters: Int
    public let erased: Int
    /// Every code with how often it was found; of counts the sum.
    public let counts: [TrailFinding.Code: Int]
    /// Sorted; of one code at most ``TrailLimits/listed``.
    public let findings: [TrailFinding]

    /// `kheya-audit/v1 PASS as-of=… newest=… bundle=… leaves=… letters=… erased=… codes=…`
    public var firstLine: String {
        func list(_ items: [String]) -> String { items.isEmpty ? "-" : items.joined(separator: ",") }
        let codes = counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue):\($0.value)" }
        return "kheya-audit/v1 \(verdict.rawValue) as-of=\(asOf.seconds) newest="
            + list(newest.map { "\($0.origin)@\($0.size):\($0.time.seconds)" })
            + " bundle=\(manifest?.promise ?? "-") leaves=\(leaves) letters=\(letters) erased=\(erased) codes=\(list(codes))"
    }

    /// The first line, then a finding a line.
    public var text: String { ([firstLine] + findings.map(\.line)).joined(separator: "\n") + "\n" }
}

extension TrailReport {
    /// Nothing was checked, because the trust folder cannot be used.
    public static func unchecked(_ error: TrailTrust.Unusable, asOf: Instant) -> TrailReport {
        TrailReport(
            verdict: .unchecked, asOf: asOf, manifest: nil, newest: [], leaves: 0, letters: 0, erased: 0,
            counts: [.trust: 1],
            findings: [TrailFinding(.trust, detail: error.reason)])
    }
}
