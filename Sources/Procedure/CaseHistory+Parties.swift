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

    func roles(of member: MemberID) -> Set<String> {
        var result: Set<String> = []
        for (role, members) in holders where members.contains(member) { result.insert(role) }
        return result
    }
}

/// Whom letters make parties: by the place of the profile's rule.
struct PartyNaming: Sendable {
    var members: [Int: Set<MemberID>] = [:]
    /// Rules by which those who held the role before certainly hold it no more.
    var replaced: Set<Int> = []

    /// Adds what a letter says that follows all those before.
    mutating func add(_ naming: [LetterSight.Naming], by rules: [ProfileDefinition.PartyRule]) {
        for naming in naming {
            if rules[naming.rule].replaces, naming.isCertain {
                members[naming.rule] = Set(naming.members)
                replaced.insert(naming.rule)
            } else {
                members[naming.rule, default: []].formUnion(naming.members)
            }
        }
    }
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
        let items = profile.tables.items(of: step, held: profile.tables.held(step))
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
    func parties(in members: BitSet, root: Int?, extra: LetterSight? = nil) -> Parties {
        guard let root else { return extra.map(opening) ?? Parties() }
        guard var result = rootParties[root] else { return Parties() }
        let rules = profile.definition.parties
        var naming = naming(in: members)
        if let extra { naming.add(extra.naming, by: rules) }
        for (number, rule) in rules.enumerated() {
            guard let members = naming.members[number] else { continue }
            if naming.replaced.contains(number) {
                result.holders[rule.role] = members
            } else {
                result.holders[rule.role, default: []].formUnion(members)
            }
        }
        return result
    }

    func naming(in members: BitSet) -> PartyNaming {
        if let settledNaming, partyMakers.isSubset(of: members), retractions.isSubset(of: members) {
            return settledNaming
        }
        let makers = members.intersection(partyMakers).subtracting(retracted(in: members)).elements
        var result = PartyNaming()
        var byRule: [Int: [(place: Int, naming: LetterSight.Naming)]] = [:]
        for place in makers {
            for naming in nodes[place].naming { byRule[naming.rule, default: []].append((place, naming)) }
        }
        for (number, named) in byRule {
            let rule = profile.definition.parties[number]
            // The newest; if two stand that neither precedes the other, both hold the role until one follows the other. What a judge
            // cannot read may be another step: whoever held the role before may hold it still.
            var overtaken = BitSet()
            for (place, naming) in named where rule.replaces && naming.isCertain {
                overtaken.formUnion(nodes[place].ancestors)
                result.replaced.insert(number)
            }
            for (place, naming) in named where !overtaken.contains(place) {
                result.members[number, default: []].formUnion(naming.members)
            }
        }
        return result
    }

    /// Who becomes what by the letter that opens the case.
    func opening(of letter: LetterSight) -> Parties {
        let step = letter.step
        var result = Parties()
        var only: Set<String>?
        for (event, opening) in profile.tables.openings where letter.mayHold(event) {
            let senders = opening.sender.map { [$0] } ?? profile.tables.events[event].rule.by
            for role in senders where letter.held.contains(role) {
                result.holders[role, default: []].insert(step.from)
            }
            result.holders[opening.addressee, default: []].formUnion(step.recipients)
            // A root that this judge cannot read may be of several kinds.
            only = only.map { $0.isEmpty || opening.only.isEmpty ? [] : $0.union(opening.only) } ?? Set(opening.only)
        }
        result.only = only ?? []
        result.addressees = step.recipients
        return result
    }
}
