// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import TransparencyLog

/// What an auditor remembers of one audit for the next: how far each log was verified, and what is not settled yet.
///
/// The auditor's own file. Whoever changes it makes the auditor's next audit worthless and nobody else's.
///
/// - SeeAlso: Protocols/Trail.md §9.
public struct TrailState: Hashable, Sendable {
    /// One log as far as it was verified.
    struct Log: Hashable, Sendable {
        var head: TreeHead
        /// The tree of the leaves before the tile in which the last leaf stands.
        var base: Frontier
        /// Events that were proved and read; all others are closed.
        var readCount: Int64
        /// The broker's clock at the last event.
        var lastAt: Instant?
        /// When the newest checkpoint was cosigned.
        var newest: Instant?
        /// Ascending by size.
        var checkpoints: [Checkpoint] = []
        var stamps: [Stamp] = []
        /// The newest event of each case.
        var heads: [CaseID: Head] = [:]
    }

    struct Checkpoint: Hashable, Sendable {
        let size: Int64
        let root: Digest
        /// The latest time at which the quorum had cosigned this or a smaller one.
        let after: Instant?
    }

    struct Stamp: Hashable, Sendable {
        let size: Int64
        let time: Instant
    }

    struct Head: Hashable, Sendable {
        let number: Int64
        let hash: Digest
    }

    /// A pair's numbers.
    struct Pair: Hashable, Sendable {
        var last: Int64 = 0
        /// Ascending.
        var missing: [ClosedRange<Int64>] = []

        /// Takes a number off the missing ones.
        ///
        /// - Returns: whether it was one of them.
        mutating func finds(_ number: Int64) -> Bool {
            guard let place = missing.firstIndex(where: { $0.contains(number) }) else { return false }
            let range = missing.remove(at: place)
            if number < range.upperBound { missing.insert(number + 1...range.upperBound, at: place) }
            if number > range.lowerBound { missing.insert(range.lowerBound...number - 1, at: place) }
            return true
        }
    }

    /// By origin.
    var logs: [String: Log] = [:]
    var pairs: [PairName: Pair] = [:]
    /// Letters that have not ended for somebody.
    var open: [CaseID: [UnendedLetter]] = [:]
    /// The audit's date.
    var asOf: Instant

    init(asOf: Instant) { self.asOf = asOf }

    /// `origin@size,…`: from where the next increment is to be exported.
    public var newest: String { logs.sorted { $0.key < $1.key }.map { "\($0)@\($1.head.size)" }.joined(separator: ",") }
}

/// A letter that has not ended for one of its recipients.
struct UnendedLetter: Hashable, Sendable {
    let origin: String
    let leaf: Int64
    let letter: LetterID
    let member: MemberID
    let expires: Instant?
    /// Whether a receipt says that it was opened.
    let isOpened: Bool

    /// - Returns: what there is to report at the audit's date; `nil` while it is merely pending.
    func finding(_ asOf: Instant) -> TrailFinding? {
        guard let expires, expires < asOf else { return nil }
        return TrailFinding(
            .unended, isOpened ? .incomplete : .fail, origin: origin, leaf: leaf, letter: letter,
            detail: "overdue for \(member)\(isOpened ? ", who had opened it" : "")")
    }
}
