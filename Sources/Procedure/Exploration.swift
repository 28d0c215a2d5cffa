// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Every state of some machines of a profile that two ends can bring about, writing to each other late.
///
/// Each letter is judged by ``CaseHistory/admit(_:)`` against what its sender knows, and what the letters come to is
/// what ``Replay`` makes of them. Facts may be anything, and a machine that is not followed may be in any state: both
/// are unknown to the judge, who then refuses only what no completion would admit. So nothing that can happen is left
/// out (Protocols/Procedure.md, §6.1); what is found may need facts, or states of other machines, that do not go
/// together.
struct Exploration {
    typealias State = [UInt8]

    /// All roles of one country, as one member.
    struct End: Sendable {
        let member: MemberID
        let roles: Set<String>
    }

    /// A letter of one event: which end, in which role.
    struct Letter: Hashable, Sendable {
        let event: Int
        let end: Int
        let by: String
    }

    struct Move: Sendable {
        let letters: [Letter]
        /// How many of them, from the last, were written without hearing of those before.
        let unaware: Int
        let to: Int
    }

    let profile: Profile
    let ends: [End]
    /// Indices of the machines followed, ascending.
    let machines: [Int]
    let isPlanned: Bool
    /// Letters written at both ends together before either hears from the other.
    let late: Int

    /// In the order of the number of letters that lead to them.
    private(set) var states: [State] = []
    private(set) var moves: [[Move]] = []
    /// How each state is first reached.
    private(set) var parents: [(state: Int, letters: [Letter], unaware: Int)?] = []
    /// What the engine itself must keep, found broken: with the letters.
    private(set) var disagreement: (state: Int, letters: [Letter], fault: String)?

    private let open: Situation
    private let parties: Parties
    private let candidates: [Letter]

    /// - Parameters:
    ///   - without: events that nobody sends.
    ///   - limit: states after which it gives up.
    init(_ profile: Profile, machines: Set<Int>, isPlanned: Bool, late: Int, without removed: Set<Int>, limit: Int) {
        self.profile = profile
        self.machines = machines.sorted()
        self.isPlanned = isPlanned
        self.late = late
        ends = Self.ends(profile)
        open = Self.open(profile)
        var parties = Parties()
        for end in ends { for role in end.roles { parties.holders[role] = [end.member] } }
        parties.addressees = ends.map(\.member)
        self.parties = parties
        candidates = Self.candidates(profile, machines: machines, ends: ends, without: removed)
        run(limit: limit)
    }

    /// The countries with roles that move cases, an end each.
    static func ends(_ profile: Profile) -> [End] {
        var roles: [String: Set<String>] = [:]
        for (name, role) in profile.definition.roles where role.moves {
            for country in role.country.map({ [$0] }) ?? profile.definition.zones.keys.sorted() {
                roles[country, default: []].insert(name)
            }
        }
        return roles.sorted { $0.key < $1.key }.compactMap { country, roles in
            MemberID("\(country.lowercased()):end").map { End(member: $0, roles: roles) }
        }
    }

    /// A situation in which everything is possible.
    static func open(_ profile: Profile) -> Situation {
        var open = profile.tables.beginning
        for (index, machine) in profile.tables.machines.enumerated() {
            let all = machine.states.indices.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
            open.machines[index] = Situation.Outcome(States(unread: all))
        }
        for index in open.newest.indices { open.newest[index].mayBeUnread = true }
        return open
    }

    /// Events that move a followed machine; of the stops that do not, one for each end, since any stop makes progress
    /// of the lifecycle void. What does the same as another event of the same end is left out.
    private static func candidates(_ profile: Profile, machines: Set<Int>, ends: [End], without: Set<Int>) -> [Letter] {
        struct Kind: Hashable {
            let end: Int
            let rank: Int
            let guards: [Int]
            let edges: [Int: [UInt8]]
            let target: UInt8?
        }
        var seen: Set<Kind> = []
        var result: [Letter] = []
        for (index, event) in profile.tables.events.enumerated() where event.home >= 0 && !without.contains(index) {
            let edges = event.edges.filter { machines.contains($0.machine) }
            guard !edges.isEmpty || event.isStop else { continue }
            for (number, end) in ends.enumerated() {
                guard let by = event.rule.by.first(where: end.roles.contains) else { continue }
                let kind = Kind(
                    end: number, rank: event.classRank, guards: edges.isEmpty ? [] : event.guards,
                    edges: Dictionary(edges.map { ($0.machine, $0.to) }) { first, _ in first },
                    target: machines.contains(0) ? event.factTarget : nil)
                if seen.insert(kind).inserted { result.append(Letter(event: index, end: number, by: by)) }
            }
        }
        return result
    }

    // MARK: one state

    func situation(_ state: State) -> Situation {
        var situation = open
        for (place, machine) in machines.enumerated() {
            situation.machines[machine] = Situation.Outcome(States(unread: 1 << UInt64(state[place])))
        }
        return situation
    }

    /// Ids in the order that free ties fall: of the root, then of the letters that go first, then of the others.
    private static let ids: [Digest] = (0..<32).compactMap { Digest([UInt8($0)] + [UInt8](repeating: 0, count: 31)) }
    private static let rootID = ids[0]

    private static func id(_ number: Int, _ first: Bool) -> Digest { ids[first ? number : 16 + number] }

    func history(_ state: State) -> CaseHistory {
        let root = Step(
            id: Self.rootID, from: ends[0].member, roles: ends[0].roles, to: ends.dropFirst().map(\.member),
            at: Instant(seconds: 0), lane: .normal, profile: profile.digest)
        return CaseHistory(profile: profile, beginning: situation(state), root: root, parties: parties)
    }

    private func step(_ letter: Letter, number: Int, first: Bool, previous: Digest?) -> Step {
        let event = profile.tables.events[letter.event]
        let events = [Event(code: event.name)]
        let end = ends[letter.end]
        var step = Step(
            id: Self.id(number, first), parents: [previous ?? Self.rootID], previous: previous, root: Self.rootID,
            from: end.member, roles: end.roles, to: ends.map(\.member).filter { $0 != end.member },
            at: Instant(seconds: first ? 1 : 2), lane: event.rule.lanes.contains(.normal) ? .normal : .urgent,
            profile: profile.digest, shown: profile.shown(events), sealed: .opened(events))
        if previous == nil, letter.end == 0 { step.previous = Self.rootID }
        step.hasOpenFacts = true
        return step
    }

    /// Whether it counts here: admitted; a fact out of order only where those land anywhere; an urgent letter that is
    /// refused counts there too, because it may have come before what it follows, and then takes effect unjudged.
    private func counts(_ verdict: Verdict, _ step: Step) -> Bool {
        switch verdict {
        case .admitted: true
        case .flagged: !isPlanned
        case .refused(let refusal): !isPlanned && step.lane == .urgent && refusal.reason == .guardRed
        case .waiting: false
        }
    }

    /// Whether such a letter is in order for a sender who knows this state.
    func verdict(_ letter: Letter, in state: State) -> Verdict {
        history(state).admit(step(letter, number: 1, first: true, previous: nil))
    }

    func canSend(_ letter: Letter, in state: State) -> Bool {
        counts(verdict(letter, in: state), step(letter, number: 1, first: true, previous: nil))
    }

    /// What such a letter comes to.
    func after(_ letter: Letter, in state: State) -> [State] {
        var history = history(state)
        history.insert(step(letter, number: 1, first: true, previous: nil))
        return outcomes(history)
    }

    private func outcomes(_ history: CaseHistory) -> [State] {
        let states = history.states(of: history.situation)
        var result: [State] = [[]]
        for machine in machines {
            let found = states[machine].elements
            result = result.flatMap { head in found.map { head + [UInt8($0)] } }
        }
        return result
    }

    // MARK: all states

    /// Whether all states were found before the limit.
    private(set) var isComplete = false

    private mutating func run(limit: Int) {
        var known: [State: Int] = [:]
        let start = machines.map { profile.tables.machines[$0].initial }
        states = [start]
        parents = [nil]
        moves = [[]]
        known[start] = 0
        // Shortest first: letters are counted, so a move of two waits for its turn.
        var queue: [[(from: Int, move: [Letter], unaware: Int, to: State)]] = [[], []]
        var depth = 0
        var fresh = [0]
        while true {
            for state in fresh {
                for found in successors(state) {
                    while queue.count <= depth + found.letters.count { queue.append([]) }
                    queue[depth + found.letters.count].append((state, found.letters, found.unaware, found.to))
                }
            }
            fresh = []
            depth += 1
            guard depth < queue.count else { break }
            for entry in queue[depth] {
                let place: Int
                if let there = known[entry.to] {
                    place = there
                } else {
                    place = states.count
                    guard place < limit else { return }
                    known[entry.to] = place
                    states.append(entry.to)
                    parents.append((entry.from, entry.move, entry.unaware))
                    moves.append([])
                    fresh.append(place)
                }
                moves[entry.from].append(Move(letters: entry.move, unaware: entry.unaware, to: place))
            }
            queue[depth] = []
        }
        isComplete = true
    }

    private func changes(_ letter: Letter, _ state: State) -> Bool {
        let event = profile.tables.events[letter.event]
        return event.edges.contains { edge in
            guard let place = machines.firstIndex(of: edge.machine) else { return false }
            let to = edge.to[Int(state[place])]
            if edge.machine == 0, event.factTarget != nil { return true }
            return to != ProfileTables.noEdge && to != state[place]
        }
    }

    private mutating func successors(_ place: Int) -> [(letters: [Letter], unaware: Int, to: State)] {
        let state = states[place]
        let base = history(state)
        var result: [(letters: [Letter], unaware: Int, to: State)] = []
        var chains: [[(letters: [Letter], history: CaseHistory)]] = ends.map { _ in [([], base)] }
        var single: [Letter] = []
        for letter in candidates {
            // Where nothing crosses, a letter that changes nothing leads nowhere.
            guard late > 1 || changes(letter, state) else { continue }
            let step = step(letter, number: 1, first: true, previous: nil)
            guard counts(base.admit(step), step) else { continue }
            single.append(letter)
            var after = base
            after.insert(step)
            for to in outcomes(after) where to != state { result.append(([letter], 0, to)) }
        }
        guard late >= 2, ends.count == 2 else { return result }
        // Chains of each end, from which the ways of being late are put together.
        for end in 0...1 {
            var last: [(letters: [Letter], history: CaseHistory)] = chains[end]
            for length in 1..<late {
                var longer: [(letters: [Letter], history: CaseHistory)] = []
                for chain in last {
                    for letter in length == 1 ? single : candidates where letter.end == end {
                        let previous = length == 1 ? nil : Self.id(length - 1, end == 0)
                        let step = step(letter, number: length, first: end == 0, previous: previous)
                        guard length == 1 || counts(chain.history.admit(step), step) else { continue }
                        var after = chain.history
                        after.insert(step)
                        longer.append((chain.letters + [letter], after))
                    }
                }
                chains[end] += longer
                last = longer
            }
        }
        func rank(_ letter: Letter) -> Int { profile.tables.events[letter.event].classRank }
        for first in chains[0] where !first.letters.isEmpty {
            for second in chains[1] where !second.letters.isEmpty && first.letters.count + second.letters.count <= late
            {
                // What can be neither refused nor flagged comes to the same one after the other; of two letters that
                // is asked of the one that replay takes last.
                let all = first.letters + second.letters
                let last = all.map(rank).max()
                guard all.contains(where: { (all.count > 2 || rank($0) == last) && mayBeLate($0) }) else { continue }
                // Where the order of replay leaves it to the ids, either may go first.
                let isFree = first.letters.contains { one in second.letters.contains { rank(one) == rank($0) } }
                for isFirst in isFree ? [true, false] : [true] {
                    for to in cross(place, base, first.letters, second.letters, isFirst: isFirst) where to != state {
                        result.append((all, second.letters.count, to))
                    }
                }
            }
        }
        return result
    }

    /// Whether it matters that its sender did not know: progress, and where only what is in order counts, facts and
    /// guarded stops.
    private func mayBeLate(_ letter: Letter) -> Bool {
        let event = profile.tables.events[letter.event]
        return event.isProgress || (isPlanned && (event.rule.kind == .fact || !event.guards.isEmpty))
    }

    /// What letters of both ends come to that were written without hearing of each other, at each end.
    ///
    /// - Parameter isFirst: where their order is free, the first end's go first.
    private mutating func cross(
        _ place: Int, _ base: CaseHistory, _ first: [Letter], _ second: [Letter], isFirst: Bool
    ) -> [State] {
        func steps(_ letters: [Letter], _ goesFirst: Bool) -> [Step] {
            var previous: Digest?
            return letters.enumerated().map { number, letter in
                let step = step(letter, number: number + 1, first: goesFirst, previous: previous)
                previous = step.id
                return step
            }
        }
        let (here, there) = (steps(first, isFirst), steps(second, !isFirst))
        var one = base
        var other = base
        for step in here + there { one.insert(step) }
        for step in there + here { other.insert(step) }
        if disagreement == nil, !agree(one.states(of: one.situation), other.states(of: other.situation)) {
            disagreement = (place, first + second, "the two ends do not come to the same state")
        }
        if disagreement == nil, let stood = progressBesideStop(one) {
            disagreement = (place, first + second, "\(stood) stands beside a stop that it neither saw nor preceded")
        }
        return outcomes(one)
    }

    private func agree(_ left: [States], _ right: [States]) -> Bool {
        machines.allSatisfy { left[$0].mask == right[$0].mask }
    }

    /// Progress of the lifecycle that has effect although a stop is concurrent with it.
    private func progressBesideStop(_ history: CaseHistory) -> String? {
        guard history.eventful.elements.contains(where: { history.nodes[$0].hasStopMust }) else { return nil }
        let replay = Replay(history, members: history.eventful)
        let standings = replay.exact().standings
        for (source, standing) in standings where standing.may {
            let event = profile.tables.events[Int(source.event)]
            guard event.isProgress, event.home == 0 else { continue }
            let node = history.nodes[Int(source.node)]
            for other in history.eventful.elements where other != Int(source.node) {
                let stop = history.nodes[other]
                if stop.hasStopMust, !stop.ancestors.contains(Int(source.node)), !node.ancestors.contains(other) {
                    return event.name
                }
            }
        }
        return nil
    }

    // MARK: stories

    /// The shortest way to a state, from the beginning.
    func story(to place: Int) -> [CheckedProperty.Line] {
        var lines: [CheckedProperty.Line] = []
        var way: [Int] = []
        var at = place
        while let parent = parents[at] {
            way.append(at)
            at = parent.state
        }
        for state in way.reversed() {
            guard let parent = parents[state] else { continue }
            lines += self.lines(parent.letters, unaware: parent.unaware, from: states[parent.state], to: states[state])
        }
        return lines
    }

    func lines(_ letters: [Letter], unaware: Int, from: State, to: State?) -> [CheckedProperty.Line] {
        letters.enumerated().map { index, letter in
            let isLast = index == letters.count - 1
            var changes: [CheckedProperty.Change] = []
            if isLast, let to {
                for (place, machine) in machines.enumerated() where from[place] != to[place] {
                    let table = profile.tables.machines[machine]
                    changes.append(.init(machine: table.name, state: table.states[Int(to[place])]))
                }
            }
            return CheckedProperty.Line(
                by: letter.by, event: profile.tables.events[letter.event].name, changes: changes,
                isUnaware: unaware > 0 && index == letters.count - unaware)
        }
    }
}
