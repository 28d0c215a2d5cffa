// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

extension CaseHistory {
    /// As a broker judges: admission, and where that lets the letter pass, what has arrived beside its ancestors.
    ///
    /// - Parameter admission: ``admit(_:)`` of this letter, for a caller that knows it already.
    public func verdict(on step: Step, admission: (() -> Verdict)? = nil) -> Verdict {
        let verdict = admission?() ?? admit(step)
        switch verdict {
        case .admitted, .flagged: return objection(to: step).map { .refused($0) } ?? verdict
        case .refused, .waiting: return verdict
        }
    }

    /// What a broker asks of visible progress that is admitted, beside its ancestors: whether its sender leaves out a letter of its own, and
    /// whether a stop that it had not seen makes it void. Both depend on what has arrived; the signed refusal makes it known to all.
    ///
    /// - SeeAlso: Protocols/Procedure.md §6.4.
    public func objection(to step: Step) -> Refusal? {
        if let forgotten = forgotten(by: step), isVisibleProgress(step) {
            return Refusal(.unaware, detail: forgotten.hex)
        }
        return staleness(of: step)
    }

    /// A letter of the same sender which comes neither before nor after this one: the one of the least id, so that every judge names the
    /// same. An honest sender never has one; a node that was restored from a backup may. What it said it had opened comes before its
    /// receipt, so that this asks for that too.
    public func forgotten(by step: Step) -> Digest? {
        let ancestors = closure(of: Array(Self.edges(of: step)))
        guard let sent = sent[step.from], !sent.isSubset(of: ancestors) else { return nil }
        return sent.subtracting(ancestors).elements.filter { nodes[$0].id != step.id && isMate($0, of: step) }
            .map { nodes[$0].id }.min()
    }

    /// Whether a letter of the same sender counts, is of the same case, and does not follow this one.
    private func isMate(_ other: Int, of step: Step) -> Bool {
        guard let mate = nodes[other].step, !mate.isVoid, (mate.root ?? mate.id) == (step.root ?? step.id) else {
            return false
        }
        return !(index[step.id].map { nodes[other].ancestors.contains($0) } ?? false)
    }

    /// Letters among these which leave out one that the same sender sent before: their progress is void (R10).
    func forked(in members: BitSet) -> BitSet {
        var result = BitSet()
        for place in forks.intersection(members).elements {
            guard let step = nodes[place].step else { continue }
            let beside = sent[step.from]?.intersection(members).subtracting(nodes[place].ancestors).elements ?? []
            let isLater = beside.contains { other in
                other != place && isMate(other, of: step)
                    && nodes[other].step.map { ($0.at, $0.id) < (step.at, step.id) } ?? false
            }
            if isLater { result.insert(place) }
        }
        return result
    }

    /// Notes which letters that may hold progress have one of the same sender beside them. Only such a case pays for asking again; a broker's
    /// papers, which all stand beside each other, hold none.
    mutating func noteForks(of place: Int) {
        guard let step = nodes[place].step else { return }
        for other in sent[step.from]?.subtracting(nodes[place].ancestors).elements ?? []
        where other != place && !nodes[other].ancestors.contains(place) {
            for fork in [place, other] where nodes[fork].isEventful { forks.insert(fork) }
        }
    }

    private func isVisibleProgress(_ step: Step) -> Bool {
        let held = profile.tables.held(step)
        return step.shown.contains { event in
            visible(event, of: step, held).map { !$0.isEmpty && $0.allSatisfy(\.isProgress) } ?? false
        }
    }

    /// Whether the letter is progress made without knowing of a stop that makes it void (R4, R5).
    ///
    /// Only visible progress and visible stops count, so that anybody can check the refusal from slips alone.
    ///
    /// - Returns: a refusal that names the stop, or `nil`.
    public func staleness(of step: Step) -> Refusal? {
        let ancestors = closure(of: Array(Self.edges(of: step)))
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
