// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What must hold of any profile: no property has to say it.
extension ProcedureCheck {
    /// The ids of what is always checked.
    public static let alwaysChecked = [
        "profile.guards", "profile.events", "profile.states", "profile.ends", "profile.withdrawals", "profile.facts",
        "profile.silence", "profile.forms", "profile.ends-agree",
    ]

    /// - Parameter ids: which; all if absent.
    public func always(_ ids: [String] = alwaysChecked) -> [CheckedProperty] {
        ids.compactMap { id in
            switch id {
            case "profile.guards": unusedGuards()
            case "profile.events": admissibleEvents()
            case "profile.states": reachableStates()
            case "profile.ends": ends()
            case "profile.withdrawals": withdrawals()
            case "profile.facts": facts()
            case "profile.silence": silence()
            case "profile.forms": forms()
            case "profile.ends-agree": agreement()
            default: nil
            }
        }
    }

    private func result(
        _ id: String, _ says: String, _ fault: String?, explored: Int, tracks: [Int] = [],
        story: [CheckedProperty.Line] = []
    ) -> CheckedProperty {
        CheckedProperty(
            id: id, says: says, outcome: fault == nil ? .proved : .refuted, explored: explored,
            tracks: tracks.map { profile.tables.machines[$0].name }, story: story, fault: fault ?? "")
    }

    private func unusedGuards() -> CheckedProperty {
        var open =
            definition.events.values.flatMap(\.guards) + definition.consents.values.map(\.live)
            + definition.partRules.map(\.guardName) + definition.tracks.values.compactMap(\.guardName)
            + definition.deadlines.values.compactMap(\.when) + definition.events.values.compactMap(\.kept)
        var used: Set<String> = []
        while let name = open.popLast() {
            if used.insert(name).inserted, let text = profile.guardExpression(name) {
                open += ProfileChecker.references(in: text)
            }
        }
        let unused = definition.guards.keys.filter { !used.contains($0) }.sorted()
        return result(
            "profile.guards", "Every guard is used", unused.isEmpty ? nil : "guards.\(unused[0]): nothing names it",
            explored: definition.guards.count)
    }

    private func admissibleEvents() -> CheckedProperty {
        let says = "Every event can be admitted somewhere"
        let tables = profile.tables
        let ends = Exploration.ends(profile)
        let history = CaseHistory(profile: profile)
        var explored = 0
        for (index, event) in tables.events.enumerated() {
            var situation = Exploration.open(profile)
            if event.home >= 0 { situation.machines[event.home] = Situation.Outcome(States(unread: event.leading)) }
            var isPossible = false
            for by in event.rule.by where !isPossible {
                let member = ends.first { $0.roles.contains(by) }?.member ?? ends[0].member
                var search = GuardSearch(
                    history, states: history.states(of: situation), newest: situation.newest,
                    this: JudgedEvent(
                        event: index, isFull: false, isOpen: true, by: by, from: member,
                        recipients: ends.map(\.member).filter { $0 != member }, person: nil, at: nil))
                isPossible = search.find(green: event.guards, red: nil) != nil
                explored += search.tried
            }
            if !isPossible {
                return result(
                    "profile.events", says, "events.\(event.name): its guards are never green together",
                    explored: explored)
            }
        }
        return result("profile.events", says, nil, explored: explored)
    }

    private func reachableStates() -> CheckedProperty {
        let says = "Every state can be reached by admitted steps"
        var explored = 0
        for (index, machine) in profile.tables.machines.enumerated() {
            let exploration = exploration([index], isPlanned: true)
            explored += exploration.states.count
            let reached = Set(exploration.states.map { Int($0[0]) })
            if let lost = machine.states.indices.first(where: { !reached.contains($0) }) {
                let place = index == 0 ? "lifecycle" : "tracks.\(machine.name)"
                return result(
                    "profile.states", says, "\(place): no admitted step leads to \(machine.states[lost])",
                    explored: explored)
            }
        }
        return result("profile.states", says, nil, explored: explored)
    }

    private func ends() -> CheckedProperty {
        // Death can be reported from anywhere; that way out is none.
        let says = "No trap: from every state an end can be reached, not counting facts that are an end themselves"
        func counts(_ move: Exploration.Move) -> Bool {
            move.letters.allSatisfy { letter in
                profile.tables.events[letter.event].factTarget.map { profile.tables.terminal & (1 << UInt64($0)) == 0 }
                    ?? true
            }
        }
        let exploration = exploration([0], isPlanned: false)
        var good = Set(
            exploration.states.indices.filter {
                profile.tables.terminal & (1 << UInt64(exploration.states[$0][0])) != 0
            })
        var grew = true
        while grew {
            grew = false
            for (state, moves) in exploration.moves.enumerated()
            where !good.contains(state) && moves.contains(where: { good.contains($0.to) && counts($0) }) {
                good.insert(state)
                grew = true
            }
        }
        guard let bad = exploration.states.indices.first(where: { !good.contains($0) }) else {
            return result("profile.ends", says, nil, explored: exploration.states.count, tracks: [0])
        }
        return result(
            "profile.ends", says,
            "lifecycle: no end can be reached from \(profile.tables.machines[0].states[Int(exploration.states[bad][0])])",
            explored: exploration.states.count, tracks: [0], story: exploration.story(to: bad))
    }

    /// Each consent can be withdrawn in every state, at each end that records it or sends by it, asking nothing, and then
    /// it no longer lives.
    private func withdrawals() -> CheckedProperty {
        let says =
            "Every consent can be withdrawn in every state, at each end that records or uses it, and is then over"
        let tables = profile.tables
        var explored = 0
        for (name, consent) in definition.consents.sorted(by: { $0.key < $1.key }) {
            guard let home = tables.machineIndex[consent.track], let live = tables.guardIndex[consent.live] else {
                continue
            }
            let place = "consents.\(name)"
            let events = tables.events.indices.filter {
                tables.events[$0].rule.isWithdrawal && tables.events[$0].home == home
            }
            guard !events.isEmpty else {
                return result("profile.withdrawals", says, "\(place): nothing withdraws it", explored: explored)
            }
            // What does not move the lifecycle can be withdrawn whatever its state: only its own track matters.
            let machines = Set(events.flatMap { tables.events[$0].edges.map(\.machine) })
            let exploration = exploration(machines, isPlanned: false)
            explored += exploration.states.count
            let users = tables.events.filter { $0.home == home || $0.rule.consents.contains(name) }
            for (number, end) in exploration.ends.enumerated()
            where users.contains(where: { $0.rule.by.contains(where: end.roles.contains) }) {
                guard
                    let event = events.first(where: { tables.events[$0].rule.by.contains(where: end.roles.contains) }),
                    let by = tables.events[event].rule.by.first(where: end.roles.contains)
                else {
                    return result(
                        "profile.withdrawals", says,
                        "\(place): nobody of \(end.roles.sorted().joined(separator: ", ")) can withdraw it",
                        explored: explored)
                }
                let letter = Exploration.Letter(event: event, end: number, by: by)
                for (index, state) in exploration.states.enumerated() {
                    var fault: String?
                    if case .refused(let refusal) = exploration.verdict(letter, in: state) {
                        fault = "refused: \(refusal.code)"
                    }
                    for after in exploration.after(letter, in: state) where fault == nil {
                        let history = exploration.history(after)
                        let evaluation = GuardEvaluation(
                            history: history, judged: nil, states: history.states(of: history.situation),
                            newest: history.situation.newest,
                            this: JudgedEvent(
                                event: nil, isFull: false, isOpen: true, by: by, from: end.member, recipients: nil,
                                person: nil, at: nil), now: 0)
                        if evaluation.evaluate(live) != .no { fault = "\(consent.live) may still be green after it" }
                    }
                    guard let fault else { continue }
                    return result(
                        "profile.withdrawals", says, "\(place): \(fault)", explored: explored,
                        tracks: machines.sorted(),
                        story: exploration.story(to: index)
                            + exploration.lines([letter], unaware: 0, from: state, to: nil))
                }
            }
        }
        return result("profile.withdrawals", says, nil, explored: explored)
    }

    private func facts() -> CheckedProperty {
        let says = "No fact is ever refused"
        let exploration = exploration([0], isPlanned: false)
        for (index, event) in profile.tables.events.enumerated() where event.rule.kind == .fact {
            for (number, end) in exploration.ends.enumerated() {
                guard let by = event.rule.by.first(where: end.roles.contains) else { continue }
                let letter = Exploration.Letter(event: index, end: number, by: by)
                for (place, state) in exploration.states.enumerated() {
                    guard case .refused(let refusal) = exploration.verdict(letter, in: state) else { continue }
                    return result(
                        "profile.facts", says, "events.\(event.name): refused: \(refusal.code)",
                        explored: exploration.states.count, tracks: [0], story: exploration.story(to: place))
                }
            }
        }
        return result("profile.facts", says, nil, explored: exploration.states.count, tracks: [0])
    }

    /// Time may turn a guard red. It may turn one green only as a waiting period after something that was said.
    private func silence() -> CheckedProperty {
        let says = "Nothing becomes possible because time has passed and nobody has spoken"
        var explored = 0
        func fault(_ expression: ProfileTables.Expression, negated: Bool) -> String? {
            explored += 1
            switch expression {
            case .named(let index): return fault(profile.tables.guards[index], negated: negated)
            case .not(let inner): return fault(inner, negated: !negated)
            case .all(let list), .any(let list):
                for inner in list { if let found = fault(inner, negated: negated) { return found } }
                return nil
            case .passed where !negated, .age(_, .atMost, _) where negated: return profile.tables.text(expression)
            default: return nil
            }
        }
        for event in profile.tables.events where event.isProgress {
            for index in event.guards {
                if let found = fault(profile.tables.guards[index], negated: false) {
                    return result(
                        "profile.silence", says,
                        "guards.\(profile.tables.guardNames[index]) of events.\(event.name): \(found) turns green by waiting",
                        explored: explored)
                }
            }
        }
        return result("profile.silence", says, nil, explored: explored)
    }

    /// The guards under which a form of such a tier goes on basis consent; `nil` where it never does.
    func disclosureGuards(_ rule: ProfileDefinition.EventRule, tier: Tier, from: String, to: String) -> [Int]? {
        var green = definition.partRules.filter { $0.from == from && $0.to == to && $0.tier == tier }.compactMap {
            profile.tables.guardIndex[$0.guardName]
        }
        guard !rule.consents.isEmpty else { return tier <= rule.freeTier ? green : nil }
        let consents = rule.consents.compactMap { definition.consents[$0] }
        guard tier <= consents.map(\.covers).max() ?? .t0 else { return nil }
        green += consents.compactMap { profile.tables.guardIndex[$0.live] }
        return green
    }

    private func forms() -> CheckedProperty {
        let says = "Every form can be sent at the tier of its event"
        let ends = Exploration.ends(profile)
        let history = CaseHistory(profile: profile)
        let open = Exploration.open(profile)
        var explored = 0
        for event in profile.tables.events {
            guard let form = event.rule.form, event.rule.bases.isEmpty else { continue }
            let tier = min(event.rule.tier, definition.forms[form] ?? .t0)
            var isPossible = false
            for from in event.rule.by where !isPossible {
                let receivers = event.rule.to.map { [$0] } ?? definition.roles.keys.sorted()
                for to in receivers where !isPossible {
                    guard let green = disclosureGuards(event.rule, tier: tier, from: from, to: to) else { continue }
                    let sender = ends.first { $0.roles.contains(from) }?.member ?? ends[0].member
                    let receiver = ends.first { $0.member != sender }?.member ?? sender
                    var search = GuardSearch(
                        history, states: history.states(of: open), newest: open.newest,
                        this: JudgedEvent(
                            event: nil, isFull: true, by: from, from: sender, recipients: [receiver], person: nil,
                            at: nil))
                    isPossible = search.find(green: green, red: nil) != nil
                    explored += search.tried
                }
            }
            if !isPossible {
                return result(
                    "profile.forms", says, "events.\(event.name): no consent covers \(form) at \(tier.rawValue)",
                    explored: explored)
            }
        }
        return result("profile.forms", says, nil, explored: explored)
    }

    /// Both ends come to the same state, and no progress of the lifecycle stands beside a stop it did not know.
    private func agreement() -> CheckedProperty {
        let says = "Ends that hear late come to the same state, and no progress stands beside a stop it did not know"
        var explored = 0
        // Replay does not admit again, so machines meet in it only through events that move several: a track is followed
        // with the lifecycle where such an event ties them, else alone.
        var groups: Set<Set<Int>> = [[0]]
        for event in profile.tables.events where event.home >= 0 { groups.insert(Set(event.edges.map(\.machine))) }
        for machines in groups.sorted(by: { $0.sorted().lexicographicallyPrecedes($1.sorted()) }) {
            let exploration = exploration(machines, isPlanned: false)
            explored += exploration.states.count
            if let found = exploration.disagreement {
                return result(
                    "profile.ends-agree", says, found.fault, explored: explored, tracks: machines.sorted(),
                    story: exploration.story(to: found.state)
                        + exploration.lines(found.letters, unaware: 1, from: exploration.states[found.state], to: nil))
            }
        }
        return result("profile.ends-agree", says, nil, explored: explored)
    }
}
