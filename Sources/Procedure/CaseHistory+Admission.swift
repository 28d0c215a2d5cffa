// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

extension CaseHistory {
    /// Judges a letter against its causal ancestors; it need not have been inserted, and judging does not insert it.
    ///
    /// Refuses only what no completion of the unread would admit. A fact or a withdrawal is never refused for a red
    /// guard or a missing edge.
    ///
    /// - SeeAlso: Protocols/Procedure.md, "Admission": the steps below bear its numbers.
    public func admit(_ step: Step) -> Verdict {
        var admission = Admission(version(before: step), step)
        return admission.verdict()
    }
}

/// One judgement.
struct Admission {
    let history: CaseHistory
    let step: Step
    let profile: Profile
    let tables: ProfileTables
    /// The sender's roles by the directory, and in the case.
    let held: Set<String>
    var caseRoles: Set<String> = []
    var place: Int
    var node: Node
    let letter: LetterSight
    let lost: [Digest]
    var situation: Situation
    private var flags: Set<Flag> = []
    /// Whether ``redGuards`` is to be filled.
    var isExplained = false
    private(set) var redGuards: [RedGuard] = []

    init(_ history: CaseHistory, _ step: Step) {
        self.history = history
        self.step = step
        profile = history.profile
        tables = history.profile.tables
        held = tables.held(step)
        lost = history.missingAncestors(of: step)
        place = history.index[step.id] ?? history.nodes.count
        situation = history.beginning
        let key = SealedReach.Key(roles: held, lane: step.lane)
        let reach =
            step.sealed == .unknown
            ? history.reachIndex[key].map { history.reaches[$0] } ?? tables.reach(key) : nil
        letter = LetterSight(step, held: held, reach: reach, tables: tables)
        node = Node(id: step.id)
        node.sight = letter
        // Behind the history's own: the judged letter's reach must not be mixed with theirs.
        if reach != nil { node.reach = history.reaches.count }
        node.newestAt = step.at.seconds
        for id in CaseHistory.edges(of: step) {
            guard let parent = history.index[id] else { continue }
            node.ancestors.insert(parent)
            node.ancestors.formUnion(history.nodes[parent].ancestors)
            node.newestAt = max(node.newestAt, history.nodes[parent].newestAt)
        }
        node.ancestors.remove(place)
    }

    private var ancestors: BitSet { node.ancestors.subtracting(history.missing) }
    private var hasEvents: Bool { step.sealed != .none || !step.shown.isEmpty }

    mutating func verdict() -> Verdict {
        // 1. The letter by itself: codes, lane, facts, times, and what is shown of the sealed.
        if let refusal = alone() {
            // The codes of a version that is not held here are not known, and whether it is the right one its ancestors will say.
            return lost.isEmpty || step.profile == profile.digest ? .refused(refusal) : .waiting(lost)
        }
        // 2. Its ancestors. Urgent letters take effect on arrival.
        guard lost.isEmpty else { return step.lane == .urgent ? .flagged([.gap]) : .waiting(lost) }
        // 3. One root.
        let roots = ancestors.intersection(history.roots).elements
        let isRoot = CaseHistory.isRoot(step)
        if let refusal = root(roots, isRoot: isRoot) { return .refused(refusal) }
        // 4. Parties.
        let parties = history.parties(in: ancestors, root: isRoot ? nil : roots.first, extra: isRoot ? letter : nil)
        caseRoles = parties.roles(of: step.from).intersection(held)
        if let refusal = party(parties, isRoot: isRoot) { return .refused(refusal) }
        guard hasEvents || !step.parts.isEmpty else { return .admitted }
        // 5. Profile.
        guard step.profile == history.version(among: ancestors) else { return .refused(Refusal(.otherProfile)) }
        if let verdict = adoption() { return verdict }
        // 6. Awareness of what it relies on.
        if let refusal = awareness() { return .refused(refusal) }
        // 7. Each event, after the ones before it in the letter.
        situation = history.situation(after: ancestors)
        closeOwn()
        let replay = Replay(history, before: node, members: ancestors.intersection(history.eventful))
        for number in items.indices {
            if let refusal = judge(number) { return .refused(refusal) }
            apply(number, replay)
        }
        // 8. Parts, after all events.
        return partsVerdict()
    }

    // MARK: 1

    /// The events to judge: those opened, or those shown.
    private var items: [Event] {
        if case .opened(let events) = step.sealed { events } else { step.shown }
    }

    private var isOpened: Bool {
        switch step.sealed {
        case .opened, .none: true
        case .unknown: false
        }
    }

    private func alone() -> Refusal? {
        if case .opened(let events) = step.sealed {
            for event in events where tables.eventIndex[event.code] == nil {
                return Refusal(.unknownCode, event: event.code)
            }
            let visible = profile.shown(events)
            let differs =
                visible.count != step.shown.count
                || zip(visible, step.shown).contains { $0.code != $1.code || $0.facts != $1.facts }
            if differs { return Refusal(.shownDiffers) }
        }
        for event in items {
            let candidates = candidates(of: event)
            guard !candidates.isEmpty else { return Refusal(.unknownCode, event: event.code) }
            let rightRole = candidates.filter { tables.events[$0].rule.by.contains(where: held.contains) }
            guard !rightRole.isEmpty else { return Refusal(.wrongRole, event: event.code) }
            let rightLane = rightRole.filter { tables.events[$0].rule.lanes.contains(step.lane) }
            guard !rightLane.isEmpty else { return Refusal(.wrongLane, event: event.code) }
            var first: Refusal?
            var fits = false
            for candidate in rightLane {
                if let refusal = facts(of: event, tables.events[candidate]) {
                    first = first ?? refusal
                } else {
                    fits = true
                }
            }
            if !fits, let first { return first }
            if let at = event.at, at > step.at || at.seconds < 0 { return Refusal(.badTime, event: event.code) }
        }
        return nil
    }

    private func candidates(of event: Event) -> [Int] {
        if case .opened = step.sealed { return tables.eventIndex[event.code].map { [$0] } ?? [] }
        return tables.codes[event.code] ?? []
    }

    private func facts(of event: Event, _ table: ProfileTables.EventTable) -> Refusal? {
        if step.hasOpenFacts { return nil }
        let rules = profile.definition.facts
        for (name, value) in event.facts.sorted(by: { $0.key < $1.key }) {
            guard table.facts.contains(name), let rule = rules[name], isOpened || rule.isShown, rule.accepts(value)
            else {
                return Refusal(.badFact, event: event.code, detail: name)
            }
        }
        for name in table.factNames where event.facts[name] == nil && (isOpened || rules[name]?.isShown == true) {
            return Refusal(.badFact, event: event.code, detail: name)
        }
        if case .opened = step.sealed {
            if let person = event.person, Digest(hex: person) == nil {
                return Refusal(.badFact, event: event.code, detail: "person")
            }
            if table.needsPerson, event.person == nil { return Refusal(.badFact, event: event.code, detail: "person") }
        }
        return nil
    }

    // MARK: 3, 4

    private func root(_ roots: [Int], isRoot: Bool) -> Refusal? {
        if isRoot {
            if let known = history.rootPlace, known != place { return Refusal(.secondRoot) }
            return tables.openings.contains(where: { letter.mayHold($0.event) })
                ? nil : Refusal(.noParty, detail: "opens no case")
        }
        guard roots.count == 1, let root = roots.first else { return Refusal(roots.isEmpty ? .noParty : .secondRoot) }
        return step.root == history.nodes[root].id ? nil : Refusal(.secondRoot)
    }

    private func party(_ parties: Parties, isRoot: Bool) -> Refusal? {
        let fromOutside =
            !items.isEmpty
            && items.allSatisfy { event in
                candidates(of: event).contains {
                    tables.events[$0].rule.isFromOutside && tables.events[$0].rule.by.contains(where: held.contains)
                }
            }
        guard fromOutside || parties.isParty(step.from) else { return Refusal(.noParty, detail: "from") }
        for event in items {
            let fitting = candidates(of: event).filter { candidate in
                let rule = tables.events[candidate].rule
                return rule.by.contains(where: caseRoles.contains)
                    || (rule.isFromOutside && rule.by.contains(where: held.contains))
            }
            guard !fitting.isEmpty else { return Refusal(.wrongRole, event: event.code) }
            if !parties.only.isEmpty, !fitting.contains(where: { parties.only.contains(tables.events[$0].name) }) {
                return Refusal(.noEdge, event: event.code)
            }
            if !isRoot, fitting.allSatisfy({ profile.definition.opening[tables.events[$0].name] != nil }),
                !Set(step.recipients).isSubset(of: parties.addressees)
            {
                return Refusal(.noParty, event: event.code, detail: "to")
            }
        }
        // A receipt goes to whoever sent the letter, also where that came from outside.
        let isAnswer = !hasEvents && step.parts.isEmpty
        let strangers = step.to.filter { member in
            !parties.isParty(member) && member != step.from
                && !(isAnswer && ancestors.elements.contains { history.nodes[$0].hasSent(member) })
        }
        if strangers.isEmpty { return nil }
        // This letter itself may make its addressee a party.
        let root = ancestors.intersection(history.roots).elements.first
        let after = isRoot ? parties : history.parties(in: ancestors, root: root, extra: letter)
        return strangers.allSatisfy(after.isParty) ? nil : Refusal(.noParty, detail: "to")
    }

    // MARK: 6

    /// What the letter says that it relies on must come before it. Whether its sender leaves out a letter of its own depends on what has
    /// arrived, so a broker asks that beside admission: ``CaseHistory/forgotten(by:)``.
    private mutating func awareness() -> Refusal? {
        let required = step.requires.first { id in history.index[id].map { !ancestors.contains($0) } ?? true }
        guard let required else { return nil }
        return isProgress ? Refusal(.unaware, detail: required.hex) : note(.unaware)
    }

    private mutating func note(_ flag: Flag) -> Refusal? {
        if letter.items.contains(where: { $0.candidates.allSatisfy { tables.events[$0].rule.kind == .fact } }) {
            flags.insert(flag)
        }
        return nil
    }

    private var isProgress: Bool { letter.items.contains { $0.candidates.allSatisfy { tables.events[$0].isProgress } } }

    // MARK: 7

    private func evaluation(_ this: JudgedEvent, _ states: [States]) -> GuardEvaluation {
        GuardEvaluation(
            history: history, judged: (place, node), states: states, newest: situation.newest, this: this,
            now: node.newestAt)
    }

    private var states: [States] { history.states(of: situation) }

    private mutating func judge(_ number: Int) -> Refusal? {
        let event = items[number]
        var first: Refusal?
        var common: Set<Flag>?
        let states = states
        for candidate in candidates(of: event) {
            let table = tables.events[candidate]
            guard table.rule.lanes.contains(step.lane), facts(of: event, table) == nil,
                let by = table.rule.by.first(where: {
                    caseRoles.contains($0) || (table.rule.isFromOutside && held.contains($0))
                })
            else { continue }
            var found: Set<Flag> = []
            if let refusal = judge(event, candidate, by: by, states: states, flags: &found) {
                first = first ?? refusal
            } else {
                common = common.map { $0.intersection(found) } ?? found
            }
        }
        guard let common else { return first ?? Refusal(.wrongRole, event: event.code) }
        flags.formUnion(common)
        return nil
    }

    private mutating func judge(
        _ event: Event, _ candidate: Int, by: String, states: [States], flags: inout Set<Flag>
    ) -> Refusal? {
        let table = tables.events[candidate]
        let kind = table.rule.kind
        let hasEnded = states[0].areAll(among: tables.terminal)
        if hasEnded, kind == .progress { return Refusal(.afterEnd, event: event.code) }
        if hasEnded, kind == .fact || kind == .stop { flags.insert(.afterEnd) }
        let this = JudgedEvent(
            event: candidate, facts: event.facts, isFull: isOpened && !step.hasOpenFacts, isOpen: step.hasOpenFacts,
            by: by, from: step.from, recipients: step.recipients,
            person: event.person, at: isOpened ? event.at ?? step.at : nil)
        let evaluation = evaluation(this, states)
        for index in table.guards where evaluation.evaluate(index) == .no {
            if isExplained { redGuards.append(evaluation.explain(index, event: table.name)) }
            if kind == .fact {
                flags.insert(.outOfProcedure)
                if isExplained { continue }
                break
            }
            let red = evaluation.reddest(index)
            return Refusal(
                .guardRed, guard: tables.guardNames[red], event: event.code,
                detail: red == index ? nil : tables.guardNames[index])
        }
        guard table.home >= 0 else { return nil }
        let leads = !states[table.home].areAll(among: ~table.leading)
        if !leads, kind == .progress { return Refusal(.noEdge, event: event.code) }
        if !leads, kind == .fact, !hasEnded { flags.insert(.gap) }
        return nil
    }

    private mutating func apply(_ number: Int, _ replay: Replay) {
        // Items leave out what cannot count; here all events were found fit, so the numbers agree.
        guard number < letter.items.count else { return }
        replay.apply(number, of: node, at: place, to: &situation)
        closeOwn()
    }

    /// What the letter's own unread events may have done so far.
    private mutating func closeOwn() {
        if let reach = letter.reach { situation.widen(by: reach, history.reaches) }
    }

    // MARK: 8

    private func partsVerdict() -> Verdict {
        if let refusal = parts() { return .refused(refusal) }
        return flags.isEmpty ? .admitted : .flagged(flags)
    }

    private func parts() -> Refusal? {
        var custody: Set<MemberID> = []
        let states = step.parts.isEmpty ? [] : states
        let after =
            step.parts.isEmpty ? Parties() : history.parties(in: ancestors, root: history.rootPlace, extra: letter)
        for part in step.parts {
            switch part.basis {
            case .custody:
                // The one part of closed codes; a second one would be a form that escapes her consent.
                if !custody.insert(part.recipient).inserted { return Refusal(.badBasis, detail: "custody") }
            case .law, .emergency:
                if !mayUse(part.basis) { return Refusal(.badBasis, detail: part.basis.rawValue) }
            case .consent:
                if let refusal = consent(part, states, after) { return refusal }
            }
        }
        return nil
    }

    /// Events that the letter's form may belong to: its own, or where it has none those of the letters it relies on.
    private var formEvents: (events: [Event], isComplete: Bool) {
        guard isOpened else { return (step.shown, false) }
        let own = items
        guard own.isEmpty else { return (own, true) }
        var events: [Event] = []
        // A form that follows no fact belongs to no event, so no basis is named for it.
        var isComplete = true
        for id in step.requires {
            guard let place = history.index[id], let fact = history.nodes[place].step else { continue }
            if case .opened(let list) = fact.sealed { events += list } else { isComplete = false }
        }
        return (events, isComplete)
    }

    private func mayUse(_ basis: Basis) -> Bool {
        let (events, isComplete) = formEvents
        return !isComplete || events.contains { profile.event($0.code)?.bases.contains(basis) ?? false }
    }

    private func consent(_ part: PartClaim, _ states: [States], _ after: Parties) -> Refusal? {
        guard part.recipient != step.from else { return nil }
        let from = caseRoles
        let to = after.roles(of: part.recipient)
        for rule in profile.definition.partRules
        where rule.tier == part.tier && from.contains(rule.from) && to.contains(rule.to) {
            let this = JudgedEvent(
                event: nil, isFull: true, by: rule.from, from: step.from, recipients: [part.recipient], person: nil,
                at: step.at)
            guard let index = tables.guardIndex[rule.guardName], evaluation(this, states).evaluate(index) == .no else {
                continue
            }
            return Refusal(.badBasis, guard: rule.guardName, detail: part.tier.rawValue)
        }
        let (events, isComplete) = formEvents
        guard isComplete else { return nil }
        guard !events.isEmpty else { return Refusal(.badBasis, detail: part.tier.rawValue) }
        var first: Refusal?
        for event in events {
            let claim = Disclosure(
                form: profile.event(event.code)?.form, tier: part.tier, dataClasses: [], basis: .consent,
                from: step.from,
                roles: caseRoles, to: part.recipient, event: event.code, facts: event.facts, at: step.at, judge: .reader
            )
            guard
                let refusal = history.refusal(
                    claim, states: states, newest: situation.newest, judged: (place, node), now: node.newestAt)
            else { return nil }
            first = first ?? refusal
        }
        return first
    }

    /// The state after the letter's events, for a disclosure that goes with it.
    mutating func situationAfter() -> Situation {
        caseRoles = held
        situation = history.situation(after: ancestors)
        closeOwn()
        let replay = Replay(history, before: node, members: ancestors.intersection(history.eventful))
        for number in letter.items.indices { apply(number, replay) }
        return situation
    }
}

extension ProfileDefinition.FactRule {
    /// Whether the value is of the fact's type or list.
    func accepts(_ value: FactValue) -> Bool {
        switch (kind, value) {
        case (.instant, .integer): true
        case (.codes(let codes), .text(let text)): codes.contains(text)
        case (.date, .text(let text)): CivilDate(text) != nil
        case (.member, .text(let text)): MemberID(text) != nil
        case (.digest, .text(let text)): Digest(hex: text) != nil
        case (.id, .text(let text)):
            [32, 64].contains(text.utf8.count)
                && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        default: false
        }
    }
}
