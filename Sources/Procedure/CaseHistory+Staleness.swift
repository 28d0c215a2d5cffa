// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

extension CaseHistory {
    /// Whether the letter is progress made without knowing of a stop that makes it void (R4, R5).
    ///
    /// Only visible progress and visible stops count, so that anybody can check the refusal from slips alone.
    ///
    /// - Returns: a refusal that names the stop, or `nil`.
    public func staleness(of step: Step) -> Refusal? {
        var ancestors = BitSet()
        for id in Self.edges(of: step) {
            guard let place = index[id] else { continue }
            ancestors.insert(place)
            ancestors.formUnion(nodes[place].ancestors)
        }
        let own = index[step.id]
        // Oldest first: all judges name the same stop.
        let stops = stops.subtracting(ancestors).elements.filter { $0 != own }.sorted {
            (nodes[$0].ancestorCount, nodes[$0].id) < (nodes[$1].ancestorCount, nodes[$1].id)
        }
        if stops.isEmpty { return nil }
        let held = profile.tables.held(step)
        let progress = step.shown.filter { event in
            visible(event, of: step, held).map { !$0.isEmpty && $0.allSatisfy(\.isProgress) } ?? false
        }
        for place in stops {
            guard let letter = nodes[place].sight, !(own.map { nodes[place].ancestors.contains($0) } ?? false) else {
                continue
            }
            let stop = letter.step
            for shown in stop.shown {
                guard let candidates = visible(shown, of: stop, letter.held), !candidates.isEmpty,
                    candidates.allSatisfy(\.isStop)
                else { continue }
                for event in progress {
                    let moving = visible(event, of: step, held) ?? []
                    let isVoid = moving.allSatisfy { one in
                        one.edges.contains { $0.machine == 0 }
                            || candidates.allSatisfy { other in
                                other.edges.contains { edge in one.edges(on: edge.machine) != nil }
                            }
                    }
                    if isVoid { return Refusal(.stale, stop: stop.id, event: event.code) }
                }
            }
        }
        return nil
    }

    /// Whether the consent for the letter's parts is gone: the same parts, sent once more after it and after the stop, would not be
    /// admitted. Its events are left out: whether they would lead anywhere now is not the question.
    public func isUncovered(_ step: Step, after stop: Digest?) -> Bool {
        var history = self
        var parents = Set(step.parents).union([step.id])
        if var echo = stop.flatMap({ history.step($0) }) {
            // A stop takes effect also while its own ancestors are missing: then as if said right after the letter.
            if !history.missingAncestors(of: echo).isEmpty {
                (echo.id, echo.parents, echo.previous, echo.root) = (Self.echo, [step.id], nil, step.root ?? step.id)
                history.insert(echo)
            }
            parents.insert(echo.id)
        }
        let after = Step(
            id: Self.nobody, parents: parents.sorted(), previous: step.previous, root: step.root ?? step.id,
            from: step.from, roles: step.roles, to: step.to, at: step.at, lane: step.lane, profile: step.profile,
            sealed: .unknown, parts: step.parts)
        guard case .refused(let refusal) = history.admit(after) else { return false }
        return refusal.reason == .badBasis
    }

    /// Ids that no letter has: digests of nothing.
    private static var nobody: Digest { Digest(words: (.max, .max, .max, .max)) }
    private static var echo: Digest { Digest(words: (.max, .max, .max, .max - 1)) }

    /// The events that a shown code may stand for, by its sender's roles and its lane.
    private func visible(_ event: Event, of step: Step, _ held: Set<String>) -> [ProfileTables.EventTable]? {
        profile.tables.codes[event.code]?.map { profile.tables.events[$0] }.filter { table in
            table.rule.lanes.contains(step.lane) && table.rule.by.contains(where: held.contains)
        }
    }
}
