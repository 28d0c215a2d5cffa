// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Replays a set of letters to what it leaves possible.
///
/// Replay never admits again: only the rules of order act (R2 to R6, R8). With full sight it runs the letters in the
/// one order of the profile. Where something is unread, neither its effect nor the order it imposes is known; then each
/// machine is followed through every order that causality allows, so that no judge with less sight excludes what one
/// with more finds.
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
    private let sorted: [Int]
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
            situation.machines[machine] = Situation.Branches(out)
        }
        noteNotices(index, &standings)
        if node.reach >= 0 {
            let bit: UInt64 = 1 << UInt64(node.reach)
            for machine in tables.machines.indices
            where node.touches & (1 << UInt64(machine)) == 0 && !reaches[node.reach].rows[machine].isEmpty {
                situation.machines[machine].addPending(bit)
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
    private func noteNotices(_ index: Int, _ standings: inout [Source: Standing]) {
        for (number, item) in nodes[index].items.enumerated() {
            for candidate in item.candidates where tables.events[candidate].home < 0 {
                let isRetracted = isRetracted(index, candidate)
                standings[Source(node: index, item: number, event: candidate)] = Standing(
                    may: !isRetracted, must: !isRetracted && item.candidates.count == 1, isRetracted: isRetracted)
            }
        }
    }

    // MARK: partial sight

    /// Follows every machine through all orders of the letters that causality allows, with unread letters anywhere they
    /// may stand.
    func possible() -> (situation: Situation, standings: [Source: Standing]) {
        var situation = tables.beginning
        situation.isExact = false
        var standings: [Source: Standing] = [:]
        let unread = sorted.filter { nodes[$0].reach >= 0 }
        for machine in tables.machines.indices {
            situation.machines[machine] = Situation.Branches(follow(machine, unread: unread, standings: &standings))
        }
        for index in sorted { noteNotices(index, &standings) }
        gatherNewest(&situation, unread: unread, standings: standings)
        return (situation, standings)
    }

    private func follow(_ machine: Int, unread: [Int], standings: inout [Source: Standing]) -> [Situation.Branch] {
        let bit: UInt64 = 1 << UInt64(machine)
        let known = sorted.filter { nodes[$0].touches & bit != 0 }
        let hidden = unread.filter { !reaches[nodes[$0].reach].rows[machine].isEmpty }
        let start = States(untouched: tables.machines[machine].initial)

        // Kinds of unread letters that may stand between two known ones (-1: the beginning, nil: the end).
        func between(_ first: Int, _ second: Int?) -> UInt64 {
            var kinds: UInt64 = 0
            for letter in hidden where letter != first && letter != second {
                if first >= 0, nodes[first].ancestors.contains(letter) { continue }
                if let second, nodes[letter].ancestors.contains(second) { continue }
                kinds |= 1 << UInt64(nodes[letter].reach)
            }
            return kinds
        }

        // Which known letters may stand directly before each: its latest ancestors, and all that neither precede nor
        // follow it.
        var before: [Int: [(letter: Int, kinds: UInt64)]] = [:]
        for letter in known {
            var list: [(letter: Int, kinds: UInt64)] = []
            var covered = BitSet()
            for other in known.reversed() where other != letter {
                if nodes[letter].ancestors.contains(other) {
                    guard !covered.contains(other) else { continue }
                    list.append((other, between(other, letter)))
                    covered.formUnion(nodes[other].ancestors)
                } else if !nodes[other].ancestors.contains(letter) {
                    list.append((other, between(other, letter)))
                }
            }
            if covered.isEmpty, !known.contains(where: { nodes[letter].ancestors.contains($0) }) {
                list.append((-1, between(-1, letter)))
            }
            before[letter] = list
        }

        var out: [Int: States] = [:]
        var ignored: [Source: Standing] = [:]
        func input(_ letter: Int) -> States {
            var states = States()
            for (other, kinds) in before[letter] ?? [] {
                guard var source = other < 0 ? start : out[other] else { continue }
                source.close(on: machine, pending: kinds, of: reaches)
                states.formUnion(source)
            }
            return states
        }
        var changed = true
        while changed {
            changed = false
            for letter in known {
                let result = run(letter, on: machine, from: input(letter), emitted: nil, standings: &ignored)
                if result != out[letter] {
                    out[letter] = result
                    changed = true
                }
            }
        }
        for letter in known { _ = run(letter, on: machine, from: input(letter), emitted: nil, standings: &standings) }
        let last = known.filter { letter in !known.contains { nodes[$0].ancestors.contains(letter) } }
        if last.isEmpty { return [Situation.Branch(states: start, pending: between(-1, nil))] }
        return last.map { Situation.Branch(states: out[$0] ?? States(), pending: between($0, nil)) }
    }

    private func gatherNewest(_ situation: inout Situation, unread: [Int], standings: [Source: Standing]) {
        for (place, event) in tables.newestEvents.enumerated() {
            var sources: [(source: Source, must: Bool)] = []
            for index in sorted {
                for (number, item) in nodes[index].items.enumerated() where item.candidates.contains(event) {
                    let source = Source(node: index, item: number, event: event)
                    if let standing = standings[source], standing.may { sources.append((source, standing.must)) }
                }
            }
            let certain = sources.filter(\.must).map(\.source)
            func isOutdated(_ source: Source) -> Bool {
                certain.contains {
                    nodes[Int($0.node)].ancestors.contains(Int(source.node))
                        || ($0.node == source.node && $0.item > source.item)
                }
            }
            situation.newest[place] = Situation.Newest(
                sources: Set(sources.map(\.source).filter { !isOutdated($0) }), mayBeNone: certain.isEmpty,
                mayBeUnread: unread.contains { letter in
                    reaches[nodes[letter].reach].newest[place]
                        && !certain.contains {
                            nodes[Int($0.node)].ancestors.contains(letter) || Int($0.node) == letter
                        }
                })
        }
    }

    // MARK: one letter on one machine

    /// - Parameter emitted: with full sight the letters before this one in the order of replay.
    private func run(
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
            situation.machines[machine] = Situation.Branches(out)
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
