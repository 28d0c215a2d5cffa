// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// What an order says that one log shall erase: the facts `origin` and `leaves` of a visible step. Protocols/Trail.md §7.
public struct ErasureFacts: Hashable, Sendable {
    /// SHA-256 of the log's origin.
    public let origin: Digest
    /// SHA-256 of the level and the leaf numbers, ascending, each with LF: nobody can carry out more than was ordered.
    public let leaves: Digest

    /// What an order of these leaves must say.
    public init(_ level: LogEvent.ErasureLevel, leaves: [Int64], of origin: String) {
        self.origin = .sha256(Array(origin.utf8))
        let lines = [level.rawValue] + leaves.sorted()
        self.leaves = .sha256(lines.flatMap { Array("\($0)\n".utf8) })
    }

    /// - Returns: `nil` for a step by which the profile orders no erasure.
    public init?(_ step: Event, by profile: Profile) {
        guard case .text(let origin) = step.facts["origin"], case .text(let leaves) = step.facts["leaves"],
            let origin = Digest(hex: origin), let leaves = Digest(hex: leaves),
            profile.definition.events.values.contains(where: {
                $0.shownAs == step.code && $0.facts.contains("origin") && $0.facts.contains("leaves")
            })
        else { return nil }
        (self.origin, self.leaves) = (origin, leaves)
    }
}

extension Profile {
    /// How long what a log holds of a case is kept at least, by the profile's minimums to `deletion`; in seconds.
    public var retentionSeconds: Int64 {
        definition.deadlines.values.filter { !$0.isMaximum && $0.isInGuards && $0.to.contains("deletion") }
            .map(\.seconds).max() ?? 0
    }
}
