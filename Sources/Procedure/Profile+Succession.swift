// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

extension Profile {
    /// Whether a case of `earlier` may adopt this profile: it says so, and every letter of such a case moves here what it
    /// moved there. What is new may be added; what was there stays.
    ///
    /// - Throws: ``ProfileError`` naming the place at which the two differ.
    /// - SeeAlso: Protocols/Procedure.md, "Migration".
    public func check(succeeds earlier: Profile) throws(ProfileError) {
        let (new, old) = (definition, earlier.definition)
        guard new.id == old.id, new.replaces.contains(earlier.digest) else {
            throw ProfileError(.contradiction, "replaces", "does not name \(old.id) \(old.version)")
        }
        for (name, role) in old.roles.sorted(by: { $0.key < $1.key }) where new.roles[name] != role {
            throw ProfileError(.contradiction, "roles.\(name)", "not as before")
        }
        for (name, rule) in old.events.sorted(by: { $0.key < $1.key }) {
            guard let now = new.events[name], now.kind == rule.kind, now.home == rule.home, now.shownAs == rule.shownAs,
                now.isWithdrawal == rule.isWithdrawal, now.lanes.isSuperset(of: rule.lanes),
                Set(now.by).isSuperset(of: rule.by)
            else { throw ProfileError(.contradiction, "events.\(name)", "not as before") }
        }
        for (machine, before) in tables.machines.compactMap({ machine in
            earlier.tables.machines.first { $0.name == machine.name }.map { (machine, $0) }
        }) {
            guard machine.states[Int(machine.initial)] == before.states[Int(before.initial)] else {
                throw ProfileError(.contradiction, "\(machine.name).initial", "not as before")
            }
        }
        func edges(_ definition: ProfileDefinition) -> Set<[String]> {
            var result: Set<[String]> = []
            for rule in definition.lifecycle.transitions {
                for from in rule.from { result.insert([ProfileTables.lifecycle, from, rule.event, rule.to]) }
            }
            for (name, track) in definition.tracks {
                for edge in track.edges { result.insert([name, edge.from, edge.event, edge.to]) }
            }
            return result
        }
        // The old states know the old events as before, and no new way leads an old event elsewhere.
        let (before, after) = (edges(old), edges(new))
        let states = Set(before.flatMap { [[$0[0], $0[1]], [$0[0], $0[3]]] })
        let known = after.filter { states.contains([$0[0], $0[1]]) && old.events[$0[2]] != nil }
        if let lost = before.symmetricDifference(known).min(by: { $0.joined() < $1.joined() }) {
            throw ProfileError(.contradiction, lost[0], "\(lost[1]) by \(lost[2]) not as before")
        }
        for state in old.lifecycle.care.keys.sorted() {
            guard new.lifecycle.terminal.contains(state) == old.lifecycle.terminal.contains(state),
                new.lifecycle.notMovedByFacts.contains(state) == old.lifecycle.notMovedByFacts.contains(state)
            else { throw ProfileError(.contradiction, "lifecycle.\(state)", "not as before") }
        }
        guard new.factOrder.filter(old.factOrder.contains) == old.factOrder else {
            throw ProfileError(.contradiction, "ordering.fact_order", "not as before")
        }
        for (name, opening) in old.opening.sorted(by: { $0.key < $1.key }) where new.opening[name] != opening {
            throw ProfileError(.contradiction, "opening.\(name)", "not as before")
        }
        guard old.parties.allSatisfy(new.parties.contains), new.retraction == old.retraction,
            new.adoption == old.adoption
        else {
            throw ProfileError(.contradiction, "parties", "parties, retraction or adoption not as before")
        }
    }
}

extension CaseHistory {
    /// The profile that the case has by all known letters: the one of its first letter, or the newest that every role of
    /// its `adoption` took over. `nil` before the first letter has come.
    public var adoptedProfile: Digest? {
        rootPlace.flatMap { nodes[$0].step?.profile }.map { adoptedProfile(among: everything, root: $0) }
    }

    /// The same case under a later version of its procedure. Nothing is judged again, and no state changes.
    ///
    /// - Throws: ``ProfileError`` where `next` is no successor of this case's profile.
    /// - SeeAlso: Protocols/Procedure.md, "Migration".
    public func migrated(to next: Profile) throws(ProfileError) -> CaseHistory {
        try next.check(succeeds: profile)
        var result = CaseHistory(profile: next)
        for step in nodes.compactMap(\.step) { result.insert(step) }
        return result
    }

    func adoptedProfile(among members: BitSet, root: Digest) -> Digest {
        guard let adoption = profile.definition.adoption else { return root }
        let tables = profile.tables
        var current = root
        var roles: [Digest: Set<String>] = [:]
        let letters = members.intersection(eventful).elements.sorted {
            (nodes[$0].ancestorCount, nodes[$0].id) < (nodes[$1].ancestorCount, nodes[$1].id)
        }
        for place in letters {
            guard let sender = nodes[place].step else { continue }
            for item in nodes[place].items {
                guard item.candidates.contains(where: { tables.events[$0].name == adoption.event }),
                    case .text(let text) = item.facts[adoption.fact], let digest = Digest(hex: text)
                else { continue }
                roles[digest, default: []].formUnion(tables.held(sender, roles: profile.definition.roles))
                if roles[digest]?.isSuperset(of: adoption.by) == true { current = digest }
            }
        }
        return current
    }
}
