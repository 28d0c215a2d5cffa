// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What the sealed steps of a letter that this judge cannot read may do: every sealed event that its sender's roles and
/// its lane allow.
///
/// A class, because every history names a few of the profile's.
final class SealedReach: Sendable {
    struct Key: Hashable, Sendable {
        var roles: Set<String>
        var lane: Lane
    }

    let events: [Int]
    /// For each machine and state a mask of the states that one such event leads to; empty where none moves the
    /// machine.
    let rows: [[UInt64]]
    /// Of each event whose newest step guards read: whether it may be one.
    let newest: [Bool]
    /// Machines that a sealed stop among them touches.
    let stops: UInt64
    let hasStop: Bool
    let hasLifecycleFact: Bool

    init(
        _ key: Key, events tables: [ProfileTables.EventTable], machines: Int, newest newestCount: Int, unmoved: UInt64
    ) {
        var events: [Int] = []
        var rows: [[UInt64]] = Array(repeating: [], count: machines)
        var newest = Array(repeating: false, count: newestCount)
        var stops: UInt64 = 0
        var hasStop = false
        var hasLifecycleFact = false
        for (index, event) in tables.enumerated()
        where event.rule.shownAs == nil && event.rule.lanes.contains(key.lane)
            && event.rule.by.contains(where: key.roles.contains)
        {
            events.append(index)
            if event.newestIndex >= 0 { newest[event.newestIndex] = true }
            for (machine, to) in event.edges {
                if rows[machine].isEmpty { rows[machine] = Array(repeating: 0, count: to.count) }
                for state in to.indices {
                    if machine == 0, let target = event.factTarget {
                        if unmoved & (1 << UInt64(state)) == 0 { rows[0][state] |= 1 << UInt64(target) }
                    } else if to[state] != ProfileTables.noEdge {
                        rows[machine][state] |= 1 << UInt64(to[state])
                    }
                }
                if event.isStop { stops |= 1 << UInt64(machine) }
            }
            hasStop = hasStop || event.isStop
            hasLifecycleFact = hasLifecycleFact || event.factTarget != nil
        }
        self.events = events
        self.rows = rows
        self.newest = newest
        self.stops = stops
        self.hasStop = hasStop
        self.hasLifecycleFact = hasLifecycleFact
    }
}

extension States {
    /// Adds every state that any number of such events, in any order, can lead to.
    mutating func close(on machine: Int, by reach: SealedReach) {
        let row = reach.rows[machine]
        if !row.isEmpty { close { row[$0] } }
    }

    /// The same for several kinds of letters: a mask over `reaches`.
    mutating func close(on machine: Int, pending: UInt64, of reaches: [SealedReach]) {
        if pending == 0 { return }
        close { state in
            Bits(word: pending).reduce(0) { reached, kind in
                let row = reaches[kind].rows[machine]
                return row.isEmpty ? reached : reached | row[state]
            }
        }
    }
}

/// One letter in the causal graph.
struct Node: Sendable {
    let id: Digest
    /// Absent while others name it and it has not come.
    var sight: LetterSight?
    /// All letters before it, itself not among them, missing ones included.
    var ancestors = BitSet()
    var ancestorCount = 0
    /// The newest `at` of it and all before it: the time of its guards.
    var newestAt = Int64.min
    /// Place of its ``SealedReach``; -1 where it hides nothing.
    var reach = -1

    init(id: Digest) { self.id = id }

    var step: Step? { sight?.step }
    /// Whether the letter has come, stands, and is this member's.
    func hasSent(_ member: MemberID) -> Bool { step.map { $0.from == member && !$0.isVoid } ?? false }
    var items: [Item] { sight?.items ?? [] }
    var naming: [LetterSight.Naming] { sight?.naming ?? [] }
    var touches: UInt64 { sight?.touches ?? 0 }
    var stopsMust: UInt64 { sight?.stopsMust ?? 0 }
    var stopsMay: UInt64 { sight?.stopsMay ?? 0 }
    var hasStopMust: Bool { sight?.hasStopMust ?? false }
    var hasStopMay: Bool { sight?.hasStopMay ?? false }
    var hasLifecycleFact: Bool { sight?.hasLifecycleFact ?? false }
    var isVoid: Bool { sight?.step.isVoid ?? false }
    var isEventful: Bool { sight?.isEventful ?? false }
    var isCertain: Bool { sight?.isCertain ?? true }

    /// When its earliest fact happened. One that does not say so happened when it was sent, by a clock that those of its
    /// ancestors correct.
    private var factMoment: (at: Int64, rank: Int) {
        guard let sight else { return (.max, .max) }
        return sight.sentRank != .max && (newestAt, sight.sentRank) < sight.toldFact
            ? (newestAt, sight.sentRank) : sight.toldFact
    }

    /// The order in which concurrent letters are replayed.
    static func precedes(_ left: Node, _ right: Node) -> Bool {
        let ranks = (left.sight?.rank ?? 4, right.sight?.rank ?? 4)
        if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
        if left.factMoment != right.factMoment { return left.factMoment < right.factMoment }
        return left.id < right.id
    }
}
