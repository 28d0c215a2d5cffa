// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// One event of a letter, as far as this judge knows it.
struct Item: Sendable {
    /// The events it may be: one where it was opened, all behind a shown code otherwise.
    var candidates: [Int]
    var facts: [String: FactValue]
    /// Whether what is absent is missing, or only not readable.
    var isFull: Bool
    var at: Instant?
    /// Whether `at` is the event's own; else it is when the letter was sent.
    var saysWhen = false
    var person: String?
    /// ``Step/hasOpenFacts``.
    var isOpen = false
}

/// A letter by itself, as one judge sees it: what it may do, whatever came before it.
///
/// A class, because a case has hundreds of letters, and every judgement goes through many of them.
final class LetterSight: Sendable {
    struct Naming: Sendable {
        var rule: Int
        var members: [MemberID]
        /// Whether the letter certainly does so; else this judge cannot read whether it does.
        var isCertain: Bool
    }

    let step: Step
    /// The sender's roles that its country may hold.
    let held: Set<String>
    let items: [Item]
    /// What its sealed steps may do, where this judge cannot read them.
    let reach: SealedReach?
    /// Whom it makes a party, by the place of the profile's rule.
    let naming: [Naming]
    /// Machines that its items may move.
    let touches: UInt64
    /// Machines touched by stops that are certainly, or possibly, among its events.
    let stopsMust: UInt64
    let stopsMay: UInt64
    let hasStopMust: Bool
    let hasStopMay: Bool
    /// Whether a fact that moves the lifecycle may be among its items.
    let hasLifecycleFact: Bool
    /// Order among letters that neither precede each other. Protocols/Procedure.md, "Order".
    let rank: Int
    /// Its earliest fact that says when it happened, and the first of those that do not.
    let toldFact: (at: Int64, rank: Int)
    let sentRank: Int
    /// Whether every event of it is known.
    let isCertain: Bool
    /// Whether it can matter to replay.
    let isEventful: Bool

    init(_ step: Step, held: Set<String>, reach: SealedReach?, tables: ProfileTables) {
        let events = tables.events
        let items = tables.items(of: step, held: held)
        var touches: UInt64 = 0
        var (stopsMust, stopsMay): (UInt64, UInt64) = (0, reach?.stops ?? 0)
        var (hasStopMust, hasStopMay, hasLifecycleFact) = (false, reach?.hasStop ?? false, false)
        var rank = items.isEmpty && reach == nil ? -1 : 4
        var toldFact = (at: Int64.max, rank: Int.max)
        var sentRank = Int.max
        for item in items {
            var every: UInt64 = .max
            for candidate in item.candidates {
                let event = events[candidate]
                touches |= event.touches
                if event.isStop {
                    stopsMay |= event.touches
                    hasStopMay = true
                    every &= event.touches
                } else {
                    every = 0
                }
                if event.factTarget != nil { hasLifecycleFact = true }
                rank = min(rank, event.classRank)
                if event.classRank == 0 {
                    if item.saysWhen, let at = item.at?.seconds {
                        if (at, event.factRank) < toldFact { toldFact = (at, event.factRank) }
                    } else {
                        sentRank = min(sentRank, event.factRank)
                    }
                }
            }
            if item.candidates.allSatisfy({ events[$0].isStop }) {
                stopsMust |= every
                hasStopMust = true
            }
        }
        self.step = step
        self.held = held
        self.items = items
        self.reach = reach
        self.touches = touches
        (self.stopsMust, self.stopsMay) = (stopsMust, stopsMay)
        (self.hasStopMust, self.hasStopMay, self.hasLifecycleFact) = (hasStopMust, hasStopMay, hasLifecycleFact)
        (self.rank, self.toldFact, self.sentRank) = (rank, toldFact, sentRank)
        isCertain = reach == nil && items.allSatisfy { $0.candidates.count == 1 }
        isEventful = !step.isVoid && (!items.isEmpty || reach != nil)
        naming = isEventful ? Self.naming(step, items, reach, tables) : []
    }

    /// Whether this event may be among those of the letter.
    func mayHold(_ event: Int) -> Bool {
        items.contains { $0.candidates.contains(event) } || reach?.events.contains(event) ?? false
    }

    /// Whom the letter makes, or where it cannot be read may make, a party.
    private static func naming(
        _ step: Step, _ items: [Item], _ reach: SealedReach?, _ tables: ProfileTables
    ) -> [Naming] {
        var result: [Naming] = []
        for (number, rule) in tables.definition.parties.enumerated() {
            guard let event = tables.eventIndex[rule.event] else { continue }
            var members: [MemberID] = []
            var (isNamed, isCertain) = (false, false)
            // The directory gives nobody a role of another country.
            let country = tables.definition.roles[rule.role]?.country
            func addressed() -> [MemberID] { step.recipients.filter { country == nil || $0.country == country } }
            for item in items where item.candidates.contains(event) {
                switch rule.who {
                case .addressee: members += addressed()
                case .fact(let fact):
                    guard case .text(let text) = item.facts[fact], let member = MemberID(text) else { continue }
                    members.append(member)
                }
                isNamed = true
                isCertain = isCertain || item.candidates.count == 1
            }
            if rule.who == .addressee, let reach, reach.events.contains(event) {
                members += addressed()
                isNamed = true
            }
            if isNamed { result.append(Naming(rule: number, members: members, isCertain: isCertain)) }
        }
        return result
    }
}

extension ProfileTables {
    /// The sender's roles that its country may hold.
    func held(_ step: Step) -> Set<String> {
        let country = step.from.country
        return step.roles.filter { role in
            guard let rule = definition.roles[role] else { return false }
            return rule.country == nil || rule.country == country
        }
    }

    /// The letter's events without those that no sender of its roles, or no letter of its lane, can hold: admission
    /// refuses them, and replay, which does not admit again, must not count them either.
    func items(of step: Step, held: Set<String>) -> [Item] {
        func fits(_ index: Int) -> Bool {
            events[index].rule.lanes.contains(step.lane) && events[index].rule.by.contains(where: held.contains)
        }
        if case .opened(let opened) = step.sealed {
            return opened.compactMap { event in
                guard let index = eventIndex[event.code], fits(index) else { return nil }
                return Item(
                    candidates: [index], facts: event.facts, isFull: !step.hasOpenFacts, at: event.at ?? step.at,
                    saysWhen: event.at != nil, person: event.person, isOpen: step.hasOpenFacts)
            }
        }
        let isFull = step.sealed == .none
        return step.shown.compactMap { event in
            let candidates = (codes[event.code] ?? []).filter(fits)
            guard !candidates.isEmpty else { return nil }
            return Item(
                candidates: candidates, facts: event.facts, isFull: isFull, at: isFull ? step.at : nil, person: nil)
        }
    }
}
