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
    /// The case as the next letter sees it that descends from these: by the version that they leave it.
    public func version(after letters: [Digest]) -> CaseHistory {
        guard !adoptions.isEmpty else { return self }
        return under(version(among: closure(of: letters)))
    }

    /// The case by the version under which a letter must be made: that of its ancestors; its own where it opens the case, and while some of
    /// them have not come.
    func version(before step: Step) -> CaseHistory {
        guard !adoptions.isEmpty || step.profile != profile.digest else { return self }
        if Self.isRoot(step) { return root.map { $0 == step.id } ?? true ? under(step.profile) : self }
        guard missingAncestors(of: step).isEmpty else { return under(step.profile) }
        return version(after: Self.edges(of: step))
    }

    /// A version that this judge does not hold changes nothing.
    private func under(_ digest: Digest) -> CaseHistory {
        guard digest != profile.digest, let version = versions[digest] else { return self }
        return under(version)
    }

    func closure(of letters: [Digest]) -> BitSet {
        var members = BitSet()
        for place in letters.compactMap({ index[$0] }) {
            members.insert(place)
            members.formUnion(nodes[place].ancestors)
        }
        return members
    }

    /// The profile of the case's first letter, or the newest that every role of `adoption` took over in these letters.
    ///
    /// A version that does not name the one before it changes nothing: of two that were taken over beside each other only the first
    /// counts, in the order of causality and then of ids.
    func version(among members: BitSet) -> Digest {
        let opening = members.intersection(roots).elements.first { !nodes[$0].isVoid }
        var current = opening.flatMap { nodes[$0].step?.profile } ?? profile.digest
        let notices = members.intersection(adoptions)
        guard let adoption = profile.definition.adoption, !notices.isEmpty else { return current }
        var roles: [Digest: Set<String>] = [:]
        let sorted = notices.elements.sorted {
            (nodes[$0].ancestorCount, nodes[$0].id) < (nodes[$1].ancestorCount, nodes[$1].id)
        }
        for place in sorted {
            guard let letter = nodes[place].sight else { continue }
            for digest in adopted(by: letter) {
                roles[digest, default: []].formUnion(letter.held)
                guard roles[digest]?.isSuperset(of: adoption.by) == true,
                    versions[digest]?.definition.replaces.contains(current) == true
                else { continue }
                current = digest
            }
        }
        return current
    }

    /// Digests of the profiles that a letter takes over.
    func adopted(by letter: LetterSight) -> [Digest] {
        guard let adoption = profile.definition.adoption else { return [] }
        return letter.items.compactMap { item in
            guard profile.tables.adoption.map(item.candidates.contains) ?? false,
                case .text(let text) = item.facts[adoption.fact]
            else { return nil }
            return Digest(hex: text)
        }
    }
}

extension Admission {
    /// A letter that adopts another profile: it waits until this judge holds that one, and is refused where it is no successor.
    func adoption() -> Verdict? {
        for digest in history.adopted(by: letter) where digest != profile.digest {
            guard let next = history.versions[digest] else { return .waiting([digest]) }
            do { try next.check(succeeds: profile) } catch {
                return .refused(
                    Refusal(.otherProfile, event: profile.definition.adoption?.event, detail: error.place))
            }
        }
        return nil
    }
}
