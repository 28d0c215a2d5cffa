// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Who holds which role in a case, by its letters (R11).
struct Parties: Sendable {
    /// Each role with its holders; for a judge with less sight also those who may hold it.
    var holders: [String: Set<MemberID>] = [:]
    /// The only events of this case; empty where all are.
    var only: Set<String> = []
    /// Whom the case was offered to.
    var addressees: [MemberID] = []

    func isParty(_ member: MemberID) -> Bool { holders.values.contains { $0.contains(member) } }

    func roles(of member: MemberID) -> Set<String> { Set(holders.filter { $0.value.contains(member) }.keys) }
}

extension CaseHistory {
    /// The roles that `member` has in this case by all known letters, of those the directory gives it. For a judge with
    /// less sight also roles that it may have.
    public func roles(of member: MemberID, holding roles: Set<String>) -> Set<String> {
        parties(in: everything, root: rootPlace).roles(of: member).intersection(roles)
    }

    /// Each role of the case with its holders by all known letters.
    public var parties: [String: Set<MemberID>] { parties(in: everything, root: rootPlace).holders }

    /// Whether an urgent letter is believed although some of its ancestors are missing: it is, unless the case is known and its sender has, as
    /// far as is known, no part in it, nor a step that anybody may tell from outside. Whoever has heard of a pseudonym could else stop a case.
    public func isHeard(_ step: Step) -> Bool {
        guard root != nil, !missingAncestors(of: step).isEmpty,
            !parties.values.contains(where: { $0.contains(step.from) })
        else { return true }
        let items = profile.tables.items(of: step, held: profile.tables.held(step, roles: profile.definition.roles))
        return !items.isEmpty
            && items.allSatisfy { $0.candidates.contains { profile.tables.events[$0].rule.isFromOutside } }
    }

    /// The letter that opened the case.
    public var root: Digest? { rootPlace.map { nodes[$0].id } }

    var rootPlace: Int? { roots.elements.first }

    var everything: BitSet {
        var result = BitSet()
        for place in nodes.indices where !missing.contains(place) { result.insert(place) }
        return result
    }

    static func isRoot(_ step: Step) -> Bool {
        step.root == nil && step.parents.isEmpty && step.previous == nil && step.opened == nil
    }

    /// - Parameter extra: the letter that is judged, where it is not among the nodes.
    func parties(in members: BitSet, root: Int?, extra: Node? = nil) -> Parties {
        guard let root else { return extra.map(opening) ?? Parties() }
        guard var result = rootParties[root] else { return Parties() }
        let makers = members.intersection(partyMakers).subtracting(retracted(in: members)).elements
        let judged = extra.map(naming) ?? []
        for (number, rule) in profile.definition.parties.enumerated() {
            let named = makers.filter { place in nodes[place].naming.contains { $0.rule == number } }
            let now = judged.filter { $0.rule == number }
            guard !named.isEmpty || !now.isEmpty else { continue }
            func members(_ place: Int) -> [MemberID] {
                nodes[place].naming.filter { $0.rule == number }.flatMap(\.members)
            }
            if rule.replaces {
                // The newest; if two stand that neither precedes the other, both hold the role until one follows the
                // other. The judged letter follows all.
                let last = named.filter { one in !named.contains { nodes[$0].ancestors.contains(one) } }
                result.holders[rule.role] = Set(now.isEmpty ? last.flatMap(members) : now.flatMap(\.members))
            } else {
                result.holders[rule.role, default: []].formUnion(named.flatMap(members) + now.flatMap(\.members))
            }
        }
        return result
    }

    /// Who becomes what by the letter that opens the case.
    func opening(of node: Node) -> Parties {
        var result = Parties()
        guard let step = node.step else { return result }
        let held = profile.tables.held(step, roles: profile.definition.roles)
        var events = Set(node.items.flatMap(\.candidates))
        if let reach = reach(of: node) { events.formUnion(reach.events) }
        var only: Set<String>?
        for name in profile.definition.opening.keys.sorted() {
            guard let opening = profile.definition.opening[name], let event = profile.tables.eventIndex[name],
                events.contains(event)
            else { continue }
            let senders = opening.sender.map { [$0] } ?? profile.tables.events[event].rule.by
            for role in senders where held.contains(role) { result.holders[role, default: []].insert(step.from) }
            result.holders[opening.addressee, default: []].formUnion(step.recipients)
            // A root that this judge cannot read may be of several kinds.
            only = only.map { $0.isEmpty || opening.only.isEmpty ? [] : $0.union(opening.only) } ?? Set(opening.only)
        }
        result.only = only ?? []
        result.addressees = step.recipients
        return result
    }

    /// Whom the letter makes, or where it cannot be read may make, a party.
    func naming(of node: Node) -> [Node.Naming] {
        guard let step = node.step, node.isEventful else { return [] }
        var result: [Node.Naming] = []
        for (number, rule) in profile.definition.parties.enumerated() {
            guard let event = profile.tables.eventIndex[rule.event] else { continue }
            var members: [MemberID] = []
            var isNamed = false
            // The directory gives nobody a role of another country.
            let country = profile.definition.roles[rule.role]?.country
            let addressed = step.recipients.filter { country == nil || $0.country == country }
            for item in node.items where item.candidates.contains(event) {
                switch rule.who {
                case .addressee: members += addressed
                case .fact(let fact):
                    guard case .text(let text) = item.facts[fact], let member = MemberID(text) else { continue }
                    members.append(member)
                }
                isNamed = true
            }
            if rule.who == .addressee, let reach = reach(of: node), reach.events.contains(event) {
                members += addressed
                isNamed = true
            }
            if isNamed { result.append(Node.Naming(rule: number, members: members)) }
        }
        return result
    }

    private func reach(of node: Node) -> SealedReach? {
        guard let step = node.step, node.reach >= 0 else { return nil }
        if node.reach < reaches.count { return reaches[node.reach] }
        let held = profile.tables.held(step, roles: profile.definition.roles)
        return profile.tables.reach(SealedReach.Key(roles: held, lane: step.lane))
    }
}
