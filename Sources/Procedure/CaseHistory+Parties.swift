// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Who holds which role in a case, by its letters (R11).
struct Parties {
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
        var result = Parties()
        guard let rootNode = root.map({ nodes[$0] }) ?? extra, let step = rootNode.step else { return result }
        let held = profile.tables.held(step, roles: profile.definition.roles)
        var names = Set(rootNode.items.flatMap(\.candidates))
        if rootNode.reach >= 0, let extraReach = reach(of: rootNode) { names.formUnion(extraReach.events) }
        var only: Set<String>?
        for event in names.map({ profile.tables.events[$0].name }).sorted() {
            guard let opening = profile.definition.opening[event] else { continue }
            let senders = opening.sender.map { [$0] } ?? (profile.event(event)?.by ?? [])
            for role in senders where held.contains(role) { result.holders[role, default: []].insert(step.from) }
            result.holders[opening.addressee, default: []].formUnion(step.recipients)
            // A root that this judge cannot read may be of several kinds.
            only = only.map { $0.isEmpty || opening.only.isEmpty ? [] : $0.union(opening.only) } ?? Set(opening.only)
        }
        result.only = only ?? []
        result.addressees = step.recipients
        for rule in profile.definition.parties {
            apply(rule, in: members, extra: root == nil ? nil : extra, to: &result)
        }
        return result
    }

    private func reach(of node: Node) -> SealedReach? {
        guard let step = node.step, node.reach >= 0 else { return nil }
        if node.reach < reaches.count { return reaches[node.reach] }
        return SealedReach(
            SealedReach.Key(roles: profile.tables.held(step, roles: profile.definition.roles), lane: step.lane),
            tables: profile.tables)
    }

    private func apply(_ rule: ProfileDefinition.PartyRule, in members: BitSet, extra: Node?, to parties: inout Parties)
    {
        guard let event = profile.tables.eventIndex[rule.event] else { return }
        var naming: [(place: Int, node: Node, named: [MemberID])] = []
        var places = members.intersection(partyMakers).elements.map { ($0, nodes[$0]) }
        if let extra { places.append((nodes.count, extra)) }
        let gone = retracted(in: members)
        for (place, node) in places where !gone.contains(place) {
            guard let step = node.step else { continue }
            // The directory gives nobody a role of another country.
            let country = profile.definition.roles[rule.role]?.country
            let addressed = step.recipients.filter { country == nil || $0.country == country }
            for item in node.items where item.candidates.contains(event) {
                switch rule.who {
                case .addressee: naming.append((place, node, addressed))
                case .fact(let fact):
                    if case .text(let text) = item.facts[fact], let member = MemberID(text) {
                        naming.append((place, node, [member]))
                    }
                }
            }
            if node.reach >= 0, rule.who == .addressee, reach(of: node)?.events.contains(event) == true {
                naming.append((place, node, addressed))
            }
        }
        if rule.replaces, !naming.isEmpty {
            // The newest; if two stand that neither precedes the other, both hold the role until one follows the other.
            let last = naming.filter { one in !naming.contains { $0.node.ancestors.contains(one.place) } }
            parties.holders[rule.role] = Set(last.flatMap(\.named))
        } else {
            for one in naming { parties.holders[rule.role, default: []].formUnion(one.named) }
        }
    }
}
