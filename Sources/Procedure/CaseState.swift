// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Where a case stands, by all letters that one judge knows. Derived, never sent.
public struct CaseState: Hashable, Sendable {
    /// What became of an event in replay.
    public enum Effect: Hashable, Sendable {
        /// It moved what it moves.
        case effective
        /// It moves nothing by nature.
        case noted
        /// It led nowhere from the state it met (R6).
        case overtaken
        /// A stop that neither precedes nor follows it stands (R4, R5).
        case void(stop: Digest)
        /// A fact that happened before another that stands: recorded in its place (R2).
        case filed
        case retracted
        /// This judge cannot tell.
        case unknown
    }

    public struct Standing: Hashable, Sendable {
        public var letter: Digest
        /// The event, or the code it is shown as where this judge cannot tell.
        public var event: String
        public var from: MemberID
        /// When it happened, as far as this judge may read it.
        public var at: Instant?
        public var effect: Effect
        /// `gap`, `after_end` and `unaware` as they are now; `out_of_procedure` belongs to the letter's verdict.
        public var flags: Set<Flag>
    }

    /// The state, or every one that is possible, sorted.
    public var lifecycle: [String]
    /// The same for each track.
    public var tracks: [String: [String]]
    /// The role that owes her care, where that is certain and somebody does.
    public var care: String?
    /// Whether the case has ended; `nil` where this judge cannot tell.
    public var hasEnded: Bool?
    /// All events in the order of replay.
    public var events: [Standing]
    /// Whether this judge could read every event.
    public var isExact: Bool
}

extension CaseHistory {
    /// The state that all known letters leave, or all states that this judge cannot tell apart.
    public var state: CaseState {
        let replay = Replay(self, members: eventful, forked: forked(in: everything))
        let order = replay.order()
        let (situation, standings) = order.allSatisfy({ nodes[$0].isCertain }) ? replay.exact() : replay.possible()
        let tables = profile.tables
        let states = states(of: situation)
        func names(_ machine: Int) -> [String] {
            states[machine].elements.map { tables.machines[machine].states[$0] }
        }
        let lifecycle = names(0)
        let ended = Set(lifecycle.map(profile.definition.lifecycle.terminal.contains))
        var tracks: [String: [String]] = [:]
        for machine in tables.machines.indices.dropFirst() { tracks[tables.machines[machine].name] = names(machine) }
        var events: [CaseState.Standing] = []
        for place in order {
            guard let step = nodes[place].step else { continue }
            let isForked = forks.contains(place) && forgotten(by: step) != nil
            for (number, item) in nodes[place].items.enumerated() {
                events.append(standing(step, place, number, item, isForked: isForked, standings))
            }
        }
        return CaseState(
            lifecycle: lifecycle,
            tracks: tracks,
            care: lifecycle.count == 1 ? profile.definition.lifecycle.care[lifecycle[0]] ?? nil : nil,
            hasEnded: ended.count == 1 ? ended.first : nil, events: events, isExact: situation.isExact)
    }

    private func standing(
        _ step: Step, _ place: Int, _ number: Int, _ item: Item, isForked: Bool,
        _ standings: [Source: Replay.Standing]
    ) -> CaseState.Standing {
        let tables = profile.tables
        var result = CaseState.Standing(
            letter: step.id, event: tables.events[item.candidates[0]].name, from: step.from, at: item.at,
            effect: .unknown, flags: [])
        if isForked { result.flags.insert(.unaware) }
        guard item.candidates.count == 1,
            let standing = standings[Source(node: place, item: number, event: item.candidates[0])]
        else {
            result.event = tables.events[item.candidates[0]].rule.shownAs ?? result.event
            return result
        }
        if standing.isAfterEnd { result.flags.insert(.afterEnd) } else if standing.isGap { result.flags.insert(.gap) }
        if standing.isRetracted {
            result.effect = .retracted
        } else if tables.events[item.candidates[0]].home < 0 {
            result.effect = .noted
        } else if let stop = standing.voidedBy {
            result.effect = .void(stop: nodes[stop].id)
        } else if standing.isFiled == .yes {
            result.effect = .filed
        } else if !standing.may {
            result.effect = .overtaken
        } else if standing.must {
            result.effect = standing.isAfterEnd ? .overtaken : .effective
        }
        return result
    }
}
