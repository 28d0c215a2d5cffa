// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure
import TransparencyLog

/// What an auditor asked for. What a bundle says of itself is its exporter's word: it decides what is looked for, never what was to come.
///
/// - SeeAlso: Protocols/Trail.md §3.3.
public enum TrailScope: Hashable, Sendable {
    case all
    /// Everything logged from a moment on and before another, and the cases of that.
    case period(Range<Instant>)
    case oneCase(CaseID)

    /// - Parameters:
    ///   - text: `all`, `period=FROM..TO` or `case=ID`.
    ///   - time: reads FROM and TO.
    /// - Returns: `nil` for anything else, and for a period that ends before it begins.
    public init?(_ text: String, time: (String) -> Instant?) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        switch (parts.first, parts.count) {
        case ("all", 1): self = .all
        case ("period", 2):
            let ends = parts[1].split(separator: "..").compactMap { time(String($0)) }
            guard ends.count == 2, ends[0] < ends[1] else { return nil }
            self = .period(ends[0]..<ends[1])
        case ("case", 2):
            guard let caseID = CaseID(parts[1]) else { return nil }
            self = .oneCase(caseID)
        default: return nil
        }
    }

    /// Whether a bundle that holds what it promises can hold this.
    func isPromised(by manifest: TrailManifest) -> Bool {
        switch (self, manifest.profile) {
        case (_, .all), (.period, .period): true
        // What the auditor's state says of the rest.
        case (.all, .increment): true
        case (.oneCase(let id), .oneCase): manifest.caseID == id
        default: false
        }
    }
}

/// Which closed leaves of a log may have been logged in a period. `at` never falls, and a witness saw how far the log was.
struct TrailWindow {
    /// Of these nothing shows that they lie outside.
    private(set) var possible: Range<Int64>
    /// These lie inside: so do opened leaves before and after them.
    private(set) var certain: Range<Int64>

    init(_ period: Range<Instant>, of log: TrailLog) {
        var (low, high) = (Int64(0), log.provenSize)
        var (first, last) = (log.provenSize, Int64(0))
        log.forEachOpened { index, at in
            if at < period.lowerBound {
                low = max(low, index + 1)
            } else if at >= period.upperBound {
                high = min(high, index)
            } else {
                first = min(first, index)
                last = max(last, index)
            }
        }
        for note in log.notes {
            guard let time = note.quorumTime, time + TrailLimits.toleranceSeconds < period.lowerBound else { continue }
            low = max(low, note.head.size)
        }
        high = min(high, log.times.size(from: period.upperBound + TrailLimits.toleranceSeconds) ?? high)
        possible = low..<max(low, high)
        certain = first..<max(first, last)
    }
}
