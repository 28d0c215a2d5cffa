// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Replays a set of letters to what it leaves possible.
///
/// Replay never admits again: only the rules of order act (R2 to R6, R8). With full sight it runs the letters in the
/// one order of the profile. Where something is unread, neither its effect nor the order it imposes is known; then it
/// follows all orders: see ``possible()``.
///
/// - SeeAlso: Protocols/Procedure.md, "Replay".
struct Replay {
    let tables: ProfileTables
    private let beginning: Situation
    let retractionKinds: Set<ProfileDefinition.EventRule.Kind>
    let nodes: [Node]
    let reaches: [SealedReach]
    /// The letters replayed: those that have come, may matter and are not void.
    let members: BitSet
    /// Letters among them whose facts and progress were retracted.
    let retracted: BitSet
    /// Letters that leave out one that their sender sent before, R10.
    private let forked: BitSet
    /// By the number of ancestors, so ancestors first; among equals by id.
    let sorted: [Int]
    private let stops: [Int]
    private let facts: [Int]

    /// What became of an event in replay.
    struct Standing: Hashable, Sendable {
        /// Whether it may, and whether it must, have had its effect.
        var may: Bool
        var must: Bool
        var isFiled: Truth = .no
        var voidedBy: Int?
        var isRetracted = false
        /// Whether the state it was to lead from was not there.
        var isGap = false
        var isAfterEnd = false
    }

    init(_ history: CaseHistory, members: BitSet, forked: BitSet = BitSet()) {
        self.forked = forked
        tables = history.profile.tables
        beginning = history.beginning
        let retraction = history.profile.definition.retraction
        retractionKinds = retraction?.kinds ?? []
        nodes = history.nodes
        reaches = history.reaches
        self.members = members
        retracted = history.retracted(in: members)
        // Among equals by id, so that of several stops every judge names the same.
        let sorted = members.elements.sorted {
            let (left, right) = (history.nodes[$0], history.nodes[$1])
            return (left.ancestorCount, left.id) < (right.ancestorCount, right.id)
        }
        self.sorted = sorted
        stops = sorted.filter { history.nodes[$0].hasStopMay }
        facts = sorted.filter { Self.mayHoldFact(history, $0) }
    }

    /// For one judged letter that descends from all members: nothing is concurrent with it.
    init(_ history: CaseHistory, before judged: Node, members: BitSet) {
        forked = BitSet()
        tables = history.profile.tables
        beginning = history.beginning
        retractionKinds = history.profile.definition.retraction?.kinds ?? []
        nodes = history.nodes
        reaches = history.reaches
        self.members = members
        let facts = judged.hasLifecycleFact ? members.elements.filter { Self.mayHoldFact(history, $0) } : []
        retracted = facts.isEmpty ? BitSet() : history.retracted(in: members)
        (sorted, stops, self.facts) = ([], [], facts)
    }

    private static func mayHoldFact(_ history: CaseHistory, _ place: Int) -> Bool {
        let node = history.nodes[place]
        return node.hasLifecycleFact || (node.reach >= 0 && history.reaches[node.reach].hasLifecycleFact)
    }

    func situation() -> Situation {
        sorted.allSatisfy({ nodes[$0].isCertain }) ? exact().situation : possible().situation
    }

    /// The letters in the order of replay; where something is unread, in one that causality allows.
    func order() -> [Int] {
        var waits = sorted.map { nodes[$0].ancestors.intersection(members).count }
        var ready = sorted.indices.filter { waits[$0] == 0 }
        var result: [Int] = []
        result.reserveCapacity(sorted.count)
        while !ready.isEmpty {
            var best = 0
            for index in ready.indices where Node.precedes(nodes[sorted[ready[index]]], nodes[sorted[ready[best]]]) {
                best = index
            }
            let next = ready.remove(at: best)
            result.append(sorted[next])
            // Whoever descends from it stands behind it in `sorted`.
            for other in sorted.indices[(next + 1)...] where nodes[sorted[other]].ancestors.contains(sorted[next]) {
                waits[other] -= 1
                if waits[other] == 0 { ready.append(other) }
            }
        }
        return result
    }

    // MARK: full sight

    func exact() -> (situation: Situation, standings: [Source: Standing]) {
        var situation = beginning
        var standings: [Source: Standing] = [:]
        var emitted = BitSet()
        for node in order() {
            run(node, on: &situation, emitted: emitted, standings: &standings)
            emitted.insert(node)
        }
        return (situation, standings)
    }

    /// Adds a letter that descends from every other: nothing can void it, and it voids nothing.
    func append(_ node: Int, to situation: inout Situation) {
        var standings: [Source: Standing] = [:]
        if !nodes[node].isCertain { situation.isExact = false }
        run(node, on: &situation, emitted: situation.isExact ? members : nil, standings: &standings)
    }

    private func run(_ index: Int, on situation: inout Situation, emitted: BitSet?, standings: inout [Source: Standing])
    {
        let node = nodes[index]
        for machine in Bits(word: node.touches) {
            let states = situation.machines[machine].states(on: machine, reaches)
            let out = run(index, on: machine, from: states, emitted: emitted, standings: &standings)
            situation.machines[machine] = Situation.Outcome(out)
        }
        noteNotices(index, &standings)
        if node.reach >= 0 {
            let bit: UInt64 = 1 << UInt64(node.reach)
            for machine in tables.machines.indices
            where node.touches & (1 << UInt64(machine)) == 0 && !reaches[node.reach].rows[machine].isEmpty {
                situation.machines[machine].pending |= bit
            }
            for place in situation.newest.indices where reaches[node.reach].newest[place] {
                situation.newest[place].mayBeUnread = true
            }
        }
        for (number, item) in node.items.enumerated() {
            for candidate in item.candidates where tables.events[candidate].newestIndex >= 0 {
                let source = Source(node: index, item: number, event: candidate)
                guard let standing = standings[source], standing.may else { continue }
                let place = tables.events[candidate].newestIndex
                if standing.must {
                    situation.newest[place] = Situation.Newest(sources: [source], mayBeNone: false, mayBeUnread: false)
                } else {
                    situation.newest[place].sources.insert(source)
                }
            }
        }
    }

    /// Notices live on no machine; they stand unless retracted.
    func noteNotices(_ index: Int, _ standings: inout [Source: Standing]) {
        for (number, item) in nodes[index].items.enumerated() {
            for candidate in item.candidates where tables.events[candidate].home < 0 {
                let isRetracted = isRetracted(index, candidate)
                standings[Source(node: index, item: number, event: candidate)] = Standing(
                    may: !isRetracted, must: !isRetracted && item.candidates.count == 1, isRetracted: isRetracted)
            }
        }
    }

    // MARK: one letter on one machine

    /// - Parameter emitted: with full sight the letters before this one in the order of replay.
    func run(
        _ index: Int, on machine: Int, from input: States, emitted: BitSet?, standings: inout [Source: Standing]
    ) -> States {
        let node = nodes[index]
        let own: UInt64 = node.reach >= 0 ? 1 << UInt64(node.reach) : 0
        var states = input
        states.close(on: machine, pending: own, of: reaches)
        for number in node.items.indices {
            states = run(
                number, of: node, at: index, on: machine, from: states, emitted: emitted, standings: &standings)
            states.close(on: machine, pending: own, of: reaches)
        }
        return states
    }

    /// Adds one event of a letter that is judged and descends from all members.
    func apply(_ number: Int, of node: Node, at place: Int, to situation: inout Situation) {
        var standings: [Source: Standing] = [:]
        let item = node.items[number]
        for machine in Bits(word: item.candidates.reduce(0) { $0 | tables.events[$1].touches }) {
            let states = situation.machines[machine].states(on: machine, reaches)
            let out = run(number, of: node, at: place, on: machine, from: states, emitted: nil, standings: &standings)
            situation.machines[machine] = Situation.Outcome(out)
        }
        for candidate in item.candidates {
            let event = tables.events[candidate]
            guard event.newestIndex >= 0 else { continue }
            let source = Source(node: place, item: number, event: candidate)
            let standing = event.home < 0 ? Standing(may: true, must: item.candidates.count == 1) : standings[source]
            guard let standing, standing.may else { continue }
            if standing.must {
                situation.newest[event.newestIndex] = Situation.Newest(
                    sources: [source], mayBeNone: false, mayBeUnread: false)
            } else {
                situation.newest[event.newestIndex].sources.insert(source)
            }
        }
    }

    private func run(
        _ number: Int, of node: Node, at place: Int, on machine: Int, from states: States, emitted: BitSet?,
        standings: inout [Source: Standing]
    ) -> States {
        let item = node.items[number]
        var next = States()
        for candidate in item.candidates {
            let event = tables.events[candidate]
            let source = Source(node: place, item: number, event: candidate)
            guard let edges = event.edges(on: machine), !isRetracted(place, candidate) else {
                next.formUnion(states)
                if event.home == machine { standings[source] = Standing(may: false, must: false, isRetracted: true) }
                continue
            }
            let voided = voided(node, place, event)
            let target = machine == 0 ? event.factTarget : nil
            let filed = target == nil ? Truth.no : isFiled(node, place, item, event, emitted: emitted)
            var (moved, stayed, gap, ended) = (false, false, true, true)
            for config in states.configs {
                let state = Int(config.state)
                let isUnmoved = tables.unmoved & (1 << UInt64(state)) != 0
                let to: UInt8 = target.map { isUnmoved ? ProfileTables.noEdge : $0 } ?? edges[state]
                if edges[state] != ProfileTables.noEdge { gap = false }
                if machine != 0 || tables.terminal & (1 << UInt64(state)) == 0 { ended = false }
                if to != ProfileTables.noEdge, voided.truth != .yes, filed != .yes {
                    next.insert(Config(state: to, source: source))
                    moved = true
                }
                if to == ProfileTables.noEdge || voided.truth != .no || filed != .no {
                    next.insert(config)
                    stayed = true
                }
            }
            guard event.home == machine else { continue }
            let isFact = event.rule.kind == .fact
            standings[source] = Standing(
                may: isFact || moved, must: (isFact || !stayed) && item.candidates.count == 1, isFiled: filed,
                voidedBy: voided.by,
                isGap: isFact && gap && !states.isEmpty, isAfterEnd: ended && !states.isEmpty)
        }
        return next
    }

    private func isRetracted(_ index: Int, _ candidate: Int) -> Bool {
        retracted.contains(index) && retractionKinds.contains(tables.events[candidate].rule.kind)
    }

    /// R10, R4, R5: progress that leaves out what its sender sent, or beside a stop that neither precedes nor follows it.
    private func voided(_ node: Node, _ index: Int, _ event: ProfileTables.EventTable) -> (truth: Truth, by: Int?) {
        guard event.isProgress else { return (.no, nil) }
        if forked.contains(index) { return (.yes, nil) }
        let (mask, movesLifecycle) = (event.touches, event.touches & 1 != 0)
        var maybe = false
        for other in stops where other != index {
            let stop = nodes[other]
            if node.ancestors.contains(other) || stop.ancestors.contains(index) { continue }
            if (movesLifecycle && stop.hasStopMust) || stop.stopsMust & mask != 0 { return (.yes, other) }
            if movesLifecycle || stop.stopsMay & mask != 0 { maybe = true }
        }
        return (maybe ? .unknown : .no, nil)
    }

    /// R2: whether a fact of the lifecycle that happened later stands already.
    private func isFiled(_ node: Node, _ index: Int, _ item: Item, _ event: ProfileTables.EventTable, emitted: BitSet?)
        -> Truth
    {
        func key(_ node: Node, _ item: Item, _ event: ProfileTables.EventTable) -> FactKey? {
            guard item.isFull, let at = item.saysWhen ? item.at?.seconds : node.newestAt else { return nil }
            return FactKey(at: at, rank: event.factRank, id: node.id)
        }
        let own = key(node, item, event)
        var maybe = false
        for other in facts where other != index {
            let letter = nodes[other]
            if let emitted {
                guard emitted.contains(other) else { continue }
            } else if letter.ancestors.contains(index) {
                continue
            }
            if letter.reach >= 0, reaches[letter.reach].hasLifecycleFact { maybe = true }
            for fact in letter.items {
                for candidate in fact.candidates
                where tables.events[candidate].factTarget != nil && !isRetracted(other, candidate) {
                    guard let own, let theirs = key(letter, fact, tables.events[candidate]) else {
                        maybe = true
                        continue
                    }
                    guard own < theirs else { continue }
                    let isBefore = emitted != nil || node.ancestors.contains(other)
                    if isBefore, fact.candidates.count == 1 { return .yes }
                    maybe = true
                }
            }
        }
        return maybe ? .unknown : .no
    }

    private struct FactKey: Comparable {
        var at: Int64
        var rank: Int
        var id: Digest
        static func < (left: FactKey, right: FactKey) -> Bool {
            (left.at, left.rank, left.id) < (right.at, right.rank, right.id)
        }
    }
}
