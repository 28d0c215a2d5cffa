// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// One event of a letter, as far as this judge knows it.
struct Item: Sendable {
    /// The events it may be: one where it was opened, all behind a shown code otherwise.
    var candidates: [Int]
    var facts: [String: FactValue]
    /// Whether what is absent is missing, or only not readable.
    var isFull: Bool
    var at: Instant?
    /// Whether `at` is the event's own; else it is when the letter was sent.
    var saysWhen = false
    var person: String?
    /// ``Step/hasOpenFacts``.
    var isOpen = false
}

/// What the sealed steps of a letter that this judge cannot read may do: every sealed event that its sender's roles and
/// its lane allow.
struct SealedReach: Sendable {
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

    /// Adds every state that any number of such events, in any order, can lead to.
    static func close(_ configs: Set<Config>, on machine: Int, _ reaches: [SealedReach]) -> Set<Config> {
        var rows: [UInt64] = []
        for reach in reaches where !reach.rows[machine].isEmpty {
            if rows.isEmpty {
                rows = reach.rows[machine]
            } else {
                for state in rows.indices { rows[state] |= reach.rows[machine][state] }
            }
        }
        guard !rows.isEmpty else { return configs }
        var reached: UInt64 = 0
        for config in configs { reached |= rows[Int(config.state)] }
        var open = reached
        while open != 0 {
            let more = rows[open.trailingZeroBitCount] & ~reached
            open &= open - 1
            reached |= more
            open |= more
        }
        var result = configs
        while reached != 0 {
            result.insert(Config(state: UInt8(reached.trailingZeroBitCount), source: .unread))
            reached &= reached - 1
        }
        return result
    }
}

/// One letter in the causal graph.
struct Node: Sendable {
    struct Naming: Sendable {
        var rule: Int
        var members: [MemberID]
    }

    let id: Digest
    /// Absent while others name it and it has not come.
    var step: Step?
    /// All letters before it, itself not among them, missing ones included.
    var ancestors = BitSet()
    var ancestorCount = 0
    /// The newest `at` of it and all before it: the time of its guards.
    var newestAt = Int64.min
    var items: [Item] = []
    /// Place of its ``SealedReach``; -1 where it hides nothing.
    var reach = -1
    /// Whom it makes a party, by the place of the profile's rule.
    var naming: [Naming] = []
    /// Machines that its items may move.
    var touches: UInt64 = 0
    /// Machines touched by stops that are certainly, or possibly, among its events.
    var stopsMust: UInt64 = 0
    var stopsMay: UInt64 = 0
    var hasStopMust = false
    var hasStopMay = false
    /// Whether a fact that moves the lifecycle may be among its items.
    var hasLifecycleFact = false
    /// Order among letters that neither precede each other. Protocols/Procedure.md, "Order".
    var rank = 4
    /// Its earliest fact that says when it happened, and the first of those that do not.
    var toldFact = (at: Int64.max, rank: Int.max)
    var sentRank = Int.max
    /// When its earliest fact happened. One that does not say so happened when it was sent, by a clock that those of its ancestors correct.
    var factMoment: (at: Int64, rank: Int) {
        (newestAt, sentRank) < toldFact && sentRank != .max ? (newestAt, sentRank) : toldFact
    }

    var isVoid: Bool { step?.isVoid ?? false }
    /// Whether it can matter to replay.
    var isEventful: Bool { !isVoid && (!items.isEmpty || reach >= 0) }
    /// Whether every event of it is known.
    var isCertain: Bool { reach < 0 && items.allSatisfy { $0.candidates.count == 1 } }

    init(id: Digest) { self.id = id }

    /// The order in which concurrent letters are replayed.
    static func precedes(_ left: Node, _ right: Node) -> Bool {
        if left.rank != right.rank { return left.rank < right.rank }
        if left.factMoment != right.factMoment { return left.factMoment < right.factMoment }
        return left.id < right.id
    }
}

extension ProfileTables {
    /// The sender's roles that its country may hold.
    func held(_ step: Step, roles: [String: ProfileDefinition.Role]) -> Set<String> {
        step.roles.filter { role in
            guard let rule = roles[role] else { return false }
            return rule.country == nil || rule.country == step.from.country
        }
    }

    /// The letter's events without those that no sender of its roles, or no letter of its lane, can hold: admission
    /// refuses them, and replay, which does not admit again, must not count them either.
    func items(of step: Step, held: Set<String>) -> [Item] {
        func fits(_ index: Int) -> Bool {
            events[index].rule.lanes.contains(step.lane) && events[index].rule.by.contains(where: held.contains)
        }
        if case .opened(let opened) = step.sealed {
            return opened.compactMap { event in
                guard let index = eventIndex[event.code], fits(index) else { return nil }
                return Item(
                    candidates: [index], facts: event.facts, isFull: !step.hasOpenFacts, at: event.at ?? step.at,
                    saysWhen: event.at != nil, person: event.person, isOpen: step.hasOpenFacts)
            }
        }
        let isFull = step.sealed == .none
        return step.shown.compactMap { event in
            let candidates = (codes[event.code] ?? []).filter(fits)
            guard !candidates.isEmpty else { return nil }
            return Item(
                candidates: candidates, facts: event.facts, isFull: isFull, at: isFull ? step.at : nil, person: nil)
        }
    }

    /// Fills what follows from the step itself.
    func describe(_ node: inout Node, step: Step, held: Set<String>, reach: SealedReach?, reachIndex: Int) {
        node.step = step
        node.items = items(of: step, held: held)
        node.reach = reach == nil ? -1 : reachIndex
        node.touches = 0
        node.hasLifecycleFact = node.items.contains { $0.candidates.contains { events[$0].factTarget != nil } }
        (node.stopsMust, node.stopsMay, node.hasStopMust, node.hasStopMay) = (
            0, reach?.stops ?? 0, false, reach?.hasStop ?? false
        )
        (node.toldFact, node.sentRank) = ((.max, .max), .max)
        node.rank = node.items.isEmpty && reach == nil ? -1 : 4
        for item in node.items {
            var every: UInt64 = .max
            for candidate in item.candidates {
                let event = events[candidate]
                let mask = event.edges.reduce(UInt64(0)) { $0 | 1 << UInt64($1.machine) }
                node.touches |= mask
                if event.isStop {
                    node.stopsMay |= mask
                    node.hasStopMay = true
                    every &= mask
                } else {
                    every = 0
                }
                node.rank = min(node.rank, event.classRank)
                if event.classRank == 0 {
                    if item.saysWhen, let at = item.at?.seconds {
                        if (at, event.factRank) < node.toldFact { node.toldFact = (at, event.factRank) }
                    } else {
                        node.sentRank = min(node.sentRank, event.factRank)
                    }
                }
            }
            if item.candidates.allSatisfy({ events[$0].isStop }) {
                node.stopsMust |= every
                node.hasStopMust = true
            }
        }
    }
}
