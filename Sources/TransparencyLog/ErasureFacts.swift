// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
public import Procedure

/// What an order says that one log shall erase: the facts `erasure`, `origin` and `leaves` of a visible step. Protocols/Trail.md §7.
public struct ErasureFacts: Hashable, Sendable {
    public let level: LogEvent.ErasureLevel
    /// SHA-256 of the log's origin.
    public let origin: Digest
    /// SHA-256 of the level and the leaf numbers, ascending, each with LF: nobody can carry out more than was ordered.
    public let leaves: Digest

    init(level: LogEvent.ErasureLevel, origin: Digest, leaves: Digest) {
        (self.level, self.origin, self.leaves) = (level, origin, leaves)
    }

    /// What an order of these leaves must say.
    public init(_ level: LogEvent.ErasureLevel, leaves: [Int64], of origin: String) {
        self.level = level
        self.origin = .sha256(Array(origin.utf8))
        let lines = [level.rawValue] + leaves.sorted()
        self.leaves = .sha256(lines.flatMap { Array("\($0)\n".utf8) })
    }

    /// How many of these leaves, from the first on, are what is ordered; `nil` where no beginning is. Every line is hashed once.
    ///
    /// - Parameter leaves: ascending.
    public func count(ofBeginning leaves: [Int64]) -> Int? {
        let digest = SHA256.Stream()
        digest.update("\(level.rawValue)\n".utf8)
        for (place, leaf) in leaves.enumerated() {
            digest.update("\(leaf)\n".utf8)
            if self.leaves == Digest(digest.sofar()) { return place + 1 }
        }
        return nil
    }

    /// - Returns: `nil` for a step by which the profile orders no erasure.
    public init?(_ step: Event, by profile: Profile) {
        guard case .text(let level) = step.facts["erasure"], case .text(let origin) = step.facts["origin"],
            case .text(let leaves) = step.facts["leaves"], let level = LogEvent.ErasureLevel(name: level),
            let origin = Digest(hex: origin), let leaves = Digest(hex: leaves),
            profile.definition.events.values.contains(where: { $0.shownAs == step.code && $0.ordersErasure })
        else { return nil }
        (self.level, self.origin, self.leaves) = (level, origin, leaves)
    }

    /// What a step that orders it says.
    public var facts: [String: FactValue] {
        ["erasure": .text(level.name), "leaves": .text(leaves.hex), "origin": .text(origin.hex)]
    }
}

extension ProfileDefinition.EventRule {
    /// Whether a step of this kind orders an erasure: by the facts that the profile asks of it, never by its name.
    public var ordersErasure: Bool { Set(facts).isSuperset(of: ["erasure", "leaves", "origin"]) }
}

extension Profile {
    /// How long what a log holds of a case is kept at least, by the profile's minimums to `deletion`; in seconds.
    public var retentionSeconds: Int64 {
        definition.deadlines.values.filter { !$0.isMaximum && $0.isInGuards && $0.to.contains("deletion") }
            .map(\.seconds).max() ?? 0
    }
}
