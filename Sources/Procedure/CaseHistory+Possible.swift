// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// An event that a member could send next.
public struct PossibleEvent: Hashable, Sendable {
    public var event: String
    /// Why not, whatever facts it would have; `nil` where its facts and its form decide.
    public var refusal: Refusal?
}

extension CaseHistory {
    /// Every event of the member's roles in this case, sorted by name, with what stands against it now.
    ///
    /// Facts that only the step itself will bring are unknown here, so they never count against it. Notices and facts
    /// are always possible where the role is right.
    ///
    /// - Parameters:
    ///   - roles: the member's roles by the directory.
    ///   - at: when it would be sent.
    public func possibleEvents(for member: MemberID, roles: Set<String>, at: Instant) -> [PossibleEvent] {
        let tables = profile.tables
        let situation = situation
        let states = states(of: situation)
        let hasRoot = rootPlace != nil
        let parties = parties(in: everything, root: rootPlace)
        let held = roles.filter {
            profile.definition.roles[$0].map { $0.country == nil || $0.country == member.country } ?? false
        }
        let caseRoles = hasRoot ? parties.roles(of: member).intersection(held) : held
        let newest = nodes.reduce(at.seconds) { max($0, $1.newestAt) }
        let hasEnded = states[0].areAll(among: tables.terminal)
        var result: [PossibleEvent] = []
        for (index, event) in tables.events.enumerated() {
            guard let by = event.rule.by.first(where: caseRoles.contains) else { continue }
            if !parties.only.isEmpty, !parties.only.contains(event.name) { continue }
            let this = JudgedEvent(
                event: index, isFull: false, isOpen: true, by: by, from: member, recipients: nil, person: nil, at: nil)
            let evaluation = GuardEvaluation(
                history: self, judged: nil, states: states, newest: situation.newest, this: this, now: newest)
            var refusal: Refusal?
            if hasEnded, event.isProgress {
                refusal = Refusal(.afterEnd, event: event.name)
            } else if event.rule.kind != .fact, let red = event.guards.first(where: { evaluation.evaluate($0) == .no })
            {
                let inner = evaluation.reddest(red)
                refusal = Refusal(
                    .guardRed, guard: tables.guardNames[inner], event: event.name,
                    detail: inner == red ? nil : tables.guardNames[red])
            }
            if refusal == nil, event.home >= 0, !(hasEnded && event.rule.kind != .progress) {
                // A stop or fact without an edge is admitted, but it is no step to offer.
                let moved = event.factTarget != nil && event.home == 0 ? ~tables.unmoved : 0
                if states[event.home].areAll(among: ~(event.leading | moved)) {
                    refusal = Refusal(.noEdge, event: event.name)
                }
            }
            result.append(PossibleEvent(event: event.name, refusal: refusal))
        }
        return result
    }

    /// Whose letters leave open whether the form of an event may be sealed to anybody in the case, because this judge cannot read them and they
    /// may hold what the consent for it depends on; sorted. Empty where somebody may certainly have it, and where nobody may.
    ///
    /// - Parameter roles: the member's roles by the directory.
    public func hidingConsent(for event: String, by member: MemberID, roles: Set<String>, at: Instant) -> [MemberID] {
        guard let rule = profile.event(event), let form = rule.form, !rule.consents.isEmpty else { return [] }
        var claim = Disclosure(
            form: form, tier: min(rule.tier, profile.definition.forms[form] ?? .t0), dataClasses: [], basis: .consent,
            from: member, roles: roles, to: member, event: event, at: at)
        var isOpen = false
        for reader in Set(parties.values.joined()) where reader != member {
            (claim.to, claim.judge) = (reader, .sealer)
            if disclosure(claim) == nil { return [] }
            claim.judge = .reader
            isOpen = isOpen || disclosure(claim) == nil
        }
        guard isOpen else { return [] }
        let live = rule.consents.compactMap { profile.definition.consents[$0]?.live }
        let rules = profile.definition.partRules.filter { $0.tier == claim.tier && roles.contains($0.from) }
        return unread(behind: Set(live + rules.map(\.guardName))).subtracting([member]).sorted()
    }

    /// Who sent letters that this judge cannot read and that may change what these guards find: a letter may hold such a step, and no known one
    /// that certainly stands follows it.
    private func unread(behind guardNames: Set<String>) -> Set<MemberID> {
        let tables = profile.tables
        let standings = Replay(self, members: eventful, forked: forked(in: everything)).possible().standings
        var senders: Set<MemberID> = []
        for name in Set(guardNames.compactMap { tables.guardIndex[$0] }.flatMap { tables.names(in: tables.guards[$0]) })
        {
            func counts(_ event: Int) -> Bool {
                switch name {
                case .state(let machine), .trackFact(let machine, _): tables.events[event].home == machine
                case .eventFact(let place, _): tables.newestEvents[place] == event
                case .this: false
                }
            }
            func mayHide(_ node: Node) -> Bool {
                if node.items.contains(where: { !$0.isFull && $0.candidates.contains(where: counts) }) { return true }
                return switch name {
                case .state(let machine), .trackFact(let machine, _): !reaches[node.reach].rows[machine].isEmpty
                case .eventFact(let place, _): reaches[node.reach].newest[place]
                case .this: false
                }
            }
            let certain = standings.filter { $0.value.must && counts(Int($0.key.event)) }.map { Int($0.key.node) }
            for (place, node) in nodes.enumerated() where node.reach >= 0 && !node.isVoid && mayHide(node) {
                guard !certain.contains(where: { nodes[$0].ancestors.contains(place) }) else { continue }
                if let step = node.step { senders.insert(step.from) }
            }
        }
        return senders
    }
}
