// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Proves or refutes one property.
struct PropertyJudge {
    private let check: ProcedureCheck
    private let profile: Profile
    private let tables: ProfileTables
    private let property: ProcedureProperty
    private var explored = 0
    private var followed: Set<Int> = []

    init(_ check: ProcedureCheck, _ property: ProcedureProperty) {
        self.check = check
        profile = check.profile
        tables = check.profile.tables
        self.property = property
    }

    mutating func result() -> CheckedProperty {
        switch property.form {
        case .requires(let steps, let text): requires(steps, text)
        case .only(let steps, let events, let by): only(steps, events, by)
        case .before(let steps, let first): before(steps, first)
        case .never(let text): never(text)
        case .possible(let events, let by, let inState, let then): possible(events, by, inState, then)
        case .reachable(let text): reachable(text)
        case .leads(let from, let to, let by): leads(from, to, by)
        case .discloses(let from, let to, let tier, let events, let text): discloses(from, to, tier, events, text)
        case .visible(let tracks): visible(tracks)
        }
    }

    private func finish(_ outcome: CheckedProperty.Outcome, _ fault: String = "", story: [CheckedProperty.Line] = [])
        -> CheckedProperty
    {
        CheckedProperty(
            id: property.id, says: property.says, outcome: outcome, explored: explored,
            tracks: followed.sorted().map { tables.machines[$0].name }, story: story, fault: fault)
    }

    private func explore(_ machines: Set<Int>, without: Set<Int> = []) -> Exploration {
        check.exploration(machines, isPlanned: property.isPlanned, without: without)
    }

    private func undecided() -> CheckedProperty {
        finish(.refuted, "undecided: more than \(check.limit) states; name fewer tracks")
    }

    private func evaluation(_ exploration: Exploration, _ state: Exploration.State) -> GuardEvaluation {
        let history = exploration.history(state)
        return GuardEvaluation(
            history: history, judged: nil, states: history.states(of: history.situation),
            newest: history.situation.newest,
            this: JudgedEvent(
                event: nil, isFull: false, isOpen: true, by: nil, from: exploration.ends[0].member, recipients: nil,
                person: nil, at: nil), now: 0)
    }

    private func truth(_ text: String, _ exploration: Exploration, _ state: Exploration.State) -> Truth {
        check.guardOfText[text].map { evaluation(exploration, state).evaluate($0) } ?? .unknown
    }

    // MARK: requires

    /// What lets the step be in order although the guard is red, from such states.
    private mutating func escape(
        _ chosen: ProcedureCheck.Selected, _ red: Int, _ ends: [Exploration.End], _ situation: Situation
    ) -> (by: String, facts: [String])? {
        let event = tables.events[chosen.event]
        var situation = situation
        for (machine, states) in chosen.from {
            let left = situation.machines[machine].states.filtered(
                states.reduce(0) { $0 | 1 << UInt64($1) })
            if left.isEmpty { return nil }
            situation.machines[machine] = Situation.Outcome(left)
        }
        let history = CaseHistory(profile: profile)
        for end in ends {
            guard let by = event.rule.by.first(where: end.roles.contains) else { continue }
            var search = GuardSearch(
                history, states: history.states(of: situation), newest: situation.newest,
                this: JudgedEvent(
                    event: chosen.event, isFull: false, isOpen: true, by: by, from: end.member,
                    recipients: ends.map(\.member).filter { $0 != end.member }, person: nil, at: nil))
            let found = search.find(green: event.guards, red: red)
            explored += search.tried
            if let found { return (by, found) }
        }
        return nil
    }

    private mutating func requires(_ steps: ProcedureProperty.Steps, _ text: String) -> CheckedProperty {
        guard let red = check.guardOfText[text] else { return finish(.refuted, "no guard") }
        let chosen = check.selected(steps)
        // From any states at all: most are proved by the guards alone, whatever came before.
        let ends = Exploration.ends(profile)
        let open = Exploration.open(profile)
        let suspects = chosen.filter { escape($0, red, ends, open) != nil }
        guard !suspects.isEmpty else { return finish(.proved) }
        followed = check.machines(of: [red]).union(suspects.flatMap { $0.from.keys })
            .union(check.machines(named: property.tracks))
        let exploration = explore(followed)
        guard exploration.isComplete else { return undecided() }
        explored += exploration.states.count
        for (place, state) in exploration.states.enumerated() {
            let situation = exploration.situation(state)
            for suspect in suspects {
                guard let (by, facts) = escape(suspect, red, ends, situation) else { continue }
                let event = tables.events[suspect.event].name
                let last = CheckedProperty.Line(by: by, event: event, changes: [], isUnaware: false)
                return finish(
                    .refuted,
                    "although not: \(text)" + (facts.isEmpty ? "" : "; where \(facts.joined(separator: ", "))"),
                    story: exploration.story(to: place) + [last])
            }
        }
        return finish(.proved)
    }

    // MARK: only, before

    private mutating func only(_ steps: ProcedureProperty.Steps, _ events: [String], _ by: [String]) -> CheckedProperty
    {
        for chosen in check.selected(steps) {
            explored += 1
            let event = tables.events[chosen.event]
            let role = event.rule.by.first { !by.isEmpty && !by.contains($0) }
            guard !events.contains(event.name) || role != nil else { continue }
            followed = Set(chosen.from.keys)
            let exploration = explore(followed)
            let place = exploration.states.firstIndex { Self.stands(chosen, $0, exploration) }
            let line = CheckedProperty.Line(
                by: role ?? event.rule.by[0], event: event.name, changes: [], isUnaware: false)
            let story = place.map(exploration.story) ?? []
            return finish(.refuted, "\(event.name) is another way", story: story + [line])
        }
        return finish(.proved)
    }

    private static func stands(
        _ chosen: ProcedureCheck.Selected, _ state: Exploration.State, _ exploration: Exploration
    )
        -> Bool
    {
        chosen.from.allSatisfy { machine, states in
            exploration.machines.firstIndex(of: machine).map { states.contains(state[$0]) } ?? true
        }
    }

    private mutating func before(_ steps: ProcedureProperty.Steps, _ first: [String]) -> CheckedProperty {
        let chosen = check.selected(steps)
        let removed = Set(first.compactMap { tables.eventIndex[$0] })
        followed = Set(chosen.flatMap(\.from.keys)).union(removed.map { tables.events[$0].home }.filter { $0 >= 0 })
            .union(check.machines(named: property.tracks))
        let exploration = explore(followed, without: removed)
        guard exploration.isComplete else { return undecided() }
        explored += exploration.states.count
        for (place, state) in exploration.states.enumerated() {
            for step in chosen where Self.stands(step, state, exploration) && !removed.contains(step.event) {
                for (number, end) in exploration.ends.enumerated() {
                    guard let by = tables.events[step.event].rule.by.first(where: end.roles.contains) else { continue }
                    let letter = Exploration.Letter(event: step.event, end: number, by: by)
                    guard exploration.canSend(letter, in: state) else { continue }
                    return finish(
                        .refuted, "without any of: \(first.joined(separator: ", "))",
                        story: exploration.story(to: place)
                            + exploration.lines([letter], unaware: 0, from: state, to: nil))
                }
            }
        }
        return finish(.proved)
    }

    // MARK: states

    /// The first state in which the guard may be green.
    private mutating func first(_ text: String) -> (exploration: Exploration, place: Int?) {
        followed = check.machines(of: check.guardOfText[text].map { [$0] } ?? []).union(
            check.machines(named: property.tracks))
        let exploration = explore(followed)
        explored += exploration.states.count
        return (exploration, exploration.states.firstIndex { truth(text, exploration, $0) != .no })
    }

    private mutating func never(_ text: String) -> CheckedProperty {
        let (exploration, place) = first(text)
        if let place { return finish(.refuted, "then: \(text)", story: exploration.story(to: place)) }
        return exploration.isComplete ? finish(.proved) : undecided()
    }

    private mutating func reachable(_ text: String) -> CheckedProperty {
        let (exploration, place) = first(text)
        if let place { return finish(.proved, story: exploration.story(to: place)) }
        return exploration.isComplete ? finish(.refuted, "nothing leads to: \(text)") : undecided()
    }

    private mutating func leads(_ from: String, _ to: String, _ by: [String]) -> CheckedProperty {
        let guards = [from, to].compactMap { check.guardOfText[$0] }
        followed = check.machines(of: guards).union(check.machines(named: property.tracks))
        let exploration = explore(followed)
        guard exploration.isComplete else { return undecided() }
        explored += exploration.states.count
        var back: [[Int]] = Array(repeating: [], count: exploration.states.count)
        for (state, moves) in exploration.moves.enumerated() {
            for move in moves where by.isEmpty || move.letters.allSatisfy({ by.contains($0.by) }) {
                back[move.to].append(state)
            }
        }
        var open = exploration.states.indices.filter { truth(to, exploration, exploration.states[$0]) != .no }
        var good = Set(open)
        while let state = open.popLast() {
            for earlier in back[state] where good.insert(earlier).inserted { open.append(earlier) }
        }
        // States are in the order of their distance.
        let bad = exploration.states.indices.first {
            !good.contains($0) && truth(from, exploration, exploration.states[$0]) != .no
        }
        guard let bad else { return finish(.proved) }
        let who =
            by.isEmpty ? "nothing leads from there to" : "\(by.joined(separator: ", ")) alone cannot lead from there to"
        return finish(.refuted, "\(who): \(to)", story: exploration.story(to: bad))
    }

    private mutating func possible(_ events: [String], _ by: [String], _ inState: String?, _ then: String?)
        -> CheckedProperty
    {
        let indices = events.compactMap { tables.eventIndex[$0] }
        followed = check.machines(of: [inState, then].compactMap { $0.flatMap { check.guardOfText[$0] } })
            .union(check.machines(named: property.tracks))
        for index in indices {
            for edge in tables.events[index].edges { followed.insert(edge.machine) }
            if let role = by.first(where: { !tables.events[index].rule.by.contains($0) }) {
                return finish(.refuted, "\(role) may not send \(tables.events[index].name)")
            }
        }
        let exploration = explore(followed)
        guard exploration.isComplete else { return undecided() }
        explored += exploration.states.count
        for (place, state) in exploration.states.enumerated() {
            if let inState, truth(inState, exploration, state) == .no { continue }
            for index in indices {
                let event = tables.events[index]
                for (number, end) in exploration.ends.enumerated() {
                    let senders = by.isEmpty ? event.rule.by : by
                    guard let role = senders.first(where: end.roles.contains) else { continue }
                    let letter = Exploration.Letter(event: index, end: number, by: role)
                    guard let fault = obstacle(letter, exploration, state, then) else { continue }
                    return finish(
                        .refuted, fault,
                        story: exploration.story(to: place)
                            + exploration.lines([letter], unaware: 0, from: state, to: nil))
                }
            }
        }
        return finish(.proved)
    }

    /// What stands between such a letter and its effect.
    private func obstacle(
        _ letter: Exploration.Letter, _ exploration: Exploration, _ state: Exploration.State, _ then: String?
    )
        -> String?
    {
        let event = tables.events[letter.event]
        if case .refused(let refusal) = exploration.verdict(letter, in: state) { return "refused: \(refusal.code)" }
        if event.rule.kind != .fact {
            let evaluation = evaluation(exploration, state)
            // Not red is not enough: it must be green whatever the facts.
            if let index = event.guards.first(where: { evaluation.evaluate($0) != .yes }) {
                return "\(tables.guardNames[index]) may be red"
            }
        }
        guard let then else { return nil }
        let after = exploration.after(letter, in: state)
        return after.allSatisfy { truth(then, exploration, $0) == .yes } ? nil : "it does not lead to: \(then)"
    }

    // MARK: disclosure, sight

    private mutating func discloses(_ from: String, _ to: String, _ tier: Tier, _ events: [String], _ text: String)
        -> CheckedProperty
    {
        guard let red = check.guardOfText[text] else { return finish(.refuted, "no guard") }
        let ends = Exploration.ends(profile)
        // Two roles of one country are two organisations here, as they mostly are.
        guard let sender = ends.first(where: { $0.roles.contains(from) })?.member,
            let receiver = ends.first(where: { $0.roles.contains(to) && $0.member != sender })?.member
                ?? MemberID("\(sender.country.lowercased()):other")
        else { return finish(.refuted, "no end acts as \(from)") }
        for (index, event) in tables.events.enumerated() {
            guard events.isEmpty || events.contains(event.name), event.rule.by.contains(from),
                let form = event.rule.form, let highest = check.definition.forms[form],
                event.rule.to == nil || event.rule.to == to
            else { continue }
            for level in Tier.allCases where level >= tier && level <= min(event.rule.tier, highest) {
                guard let found = disclosure(index, level, (from, sender), (to, receiver), red) else { continue }
                let line = CheckedProperty.Line(by: from, event: event.name, changes: [], isUnaware: false)
                return finish(
                    .refuted,
                    "its form \(form) goes to \(to) up to \(level.rawValue) although not: \(text)"
                        + (found.isEmpty ? "" : "; where \(found.joined(separator: ", "))"), story: [line])
            }
        }
        return finish(.proved)
    }

    /// What lets a form go on basis consent although the guard is red; `nil` where nothing does.
    private mutating func disclosure(
        _ index: Int, _ tier: Tier, _ from: (role: String, member: MemberID), _ to: (role: String, member: MemberID),
        _ red: Int?
    ) -> [String]? {
        let rule = tables.events[index].rule
        guard let green = check.disclosureGuards(rule, tier: tier, from: from.role, to: to.role) else { return nil }
        let history = CaseHistory(profile: profile)
        let open = Exploration.open(profile)
        var search = GuardSearch(
            history, states: history.states(of: open), newest: open.newest,
            this: JudgedEvent(
                event: nil, isFull: true, by: from.role, from: from.member, recipients: [to.member], person: nil,
                at: nil))
        let found = search.find(green: green, red: red)
        explored += search.tried
        return found
    }

    private mutating func visible(_ tracks: [String]) -> CheckedProperty {
        for track in tracks {
            guard let machine = tables.machineIndex[track], let rule = check.definition.tracks[track] else { continue }
            followed.insert(machine)
            let states = tables.machines[machine].states
            let green = Set(states.indices.filter { rule.green.contains(states[$0]) })
            for event in tables.events {
                explored += 1
                guard let to = event.edges(on: machine) else { continue }
                let from = to.indices.filter { to[$0] != ProfileTables.noEdge }
                let enters = from.contains { !green.contains($0) && green.contains(Int(to[$0])) }
                let leaves = from.contains { green.contains($0) && !green.contains(Int(to[$0])) }
                guard enters || leaves else { continue }
                guard let code = event.rule.shownAs else {
                    return finish(.refuted, "\(event.name) settles or unsettles \(track) unseen")
                }
                if enters && leaves { return finish(.refuted, "\(event.name) settles and unsettles \(track)") }
                if leaves, !green.isSubset(of: from) {
                    return finish(.refuted, "\(event.name) does not leave every settled state of \(track)")
                }
                for other in (tables.codes[code] ?? []).map({ tables.events[$0] }) where other.name != event.name {
                    guard !Set(other.rule.by).isDisjoint(with: event.rule.by) else { continue }
                    let does = other.edges(on: machine).map { to in
                        to.indices.contains {
                            to[$0] != ProfileTables.noEdge && green.contains(Int(to[$0])) == enters
                        }
                    }
                    if does != true {
                        return finish(.refuted, "\(code) stands for \(event.name) and for \(other.name)")
                    }
                }
            }
        }
        return finish(.proved)
    }
}
