// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What a name in a guard may stand for.
private struct Possible {
    enum Value: Hashable {
        case text(String, offset: Int64)
        case integer(Int64)
        /// Some moment not after this one.
        case noLater(Int64)
    }

    var values: [Value] = []
    var isMissing = false
    var isUnknown = false
    /// Several values at once, for all of which the comparison must hold: the addressees of one letter.
    var isEvery = false

    static let missing = Possible(isMissing: true)
    static let unknown = Possible(isMissing: true, isUnknown: true)

    static func text(_ text: String) -> Possible { Possible(values: [.text(text, offset: 0)]) }

    mutating func formUnion(_ other: Possible) {
        for value in other.values where !values.contains(value) { values.append(value) }
        isMissing = isMissing || other.isMissing
        isUnknown = isUnknown || other.isUnknown
        isEvery = isEvery || other.isEvery
    }
}

/// The step that a guard judges, as far as this judge knows it.
struct JudgedEvent {
    /// Index of the event; absent where a guard judges a part alone.
    var event: Int?
    var facts: [String: FactValue] = [:]
    /// Whether a fact that is not here is missing, or only not readable.
    var isFull: Bool
    /// Whether nothing of it is settled yet, not even what a slip would show.
    var isOpen = false
    /// The role it is sent in.
    var by: String?
    var from: MemberID
    /// Whom the form is sealed to; `nil` where that is open.
    var recipients: [MemberID]?
    var person: String?
    var at: Instant?
}

/// Evaluates guards against a situation, three-valued.
struct GuardEvaluation {
    let tables: ProfileTables
    private let nodes: [Node]
    /// Letters of the history, and the judged one behind the last.
    let judged: (place: Int, node: Node)?
    /// Possible states of each machine.
    let states: [States]
    let newest: [Situation.Newest]
    let this: JudgedEvent
    /// The time of the guards: POSIX seconds.
    let now: Int64
    /// For the exhaustive check: how a comparison comes out that nothing known decides.
    var assumed: ((ProfileTables.Expression) -> Truth?)?

    init(
        history: CaseHistory, judged: (place: Int, node: Node)?, states: [States], newest: [Situation.Newest],
        this: JudgedEvent, now: Int64
    ) {
        // Not the history: one judgement makes several of these, and a copy of it costs more than most guards.
        tables = history.profile.tables
        nodes = history.nodes
        self.judged = judged
        self.states = states
        self.newest = newest
        self.this = this
        self.now = now
    }

    func evaluate(_ index: Int) -> Truth { evaluate(tables.guards[index]) }

    /// The innermost guard that makes this one red.
    func reddest(_ index: Int) -> Int {
        switch tables.guards[index] {
        case .named(let inner): return reddest(inner)
        case .all(let list):
            for case .named(let inner) in list where evaluate(inner) == .no { return reddest(inner) }
            return index
        default: return index
        }
    }

    func evaluate(_ expression: ProfileTables.Expression) -> Truth {
        let truth = decide(expression)
        return truth == .unknown ? assumed?(expression) ?? truth : truth
    }

    private func decide(_ expression: ProfileTables.Expression) -> Truth {
        switch expression {
        case .named(let index): return evaluate(tables.guards[index])
        case .not(let inner): return !evaluate(inner)
        case .all(let list):
            var result = Truth.yes
            for inner in list {
                switch evaluate(inner) {
                case .no: return .no
                case .unknown: result = .unknown
                case .yes: break
                }
            }
            return result
        case .any(let list):
            var result = Truth.no
            for inner in list {
                switch evaluate(inner) {
                case .yes: return .yes
                case .unknown: result = .unknown
                case .no: break
                }
            }
            return result
        case .equals(let name, .code(let code)): return equal(values(name), .text(code))
        case .equals(let name, .name(let other)): return equal(values(name), values(other))
        case .isIn(let name, let codes):
            let left = values(name)
            func isIn(_ value: Possible.Value) -> Bool {
                if case .text(let text, _) = value { codes.contains(text) } else { false }
            }
            return Truth(
                mayBeTrue: left.isUnknown || left.values.contains(where: isIn),
                mayBeFalse: left.isUnknown || left.isMissing || !left.values.allSatisfy(isIn))
        case .age(let name, let comparison, let seconds):
            return compare(values(name)) { value in
                switch value {
                case .noLater(let latest):
                    let least = now - latest
                    return comparison == .atLeast
                        ? Truth(mayBeTrue: true, mayBeFalse: least < seconds)
                        : Truth(mayBeTrue: least <= seconds, mayBeFalse: true)
                default:
                    // What lies ahead has no age: a fact dated far ahead buys nothing.
                    guard let start = moment(value, atEnd: false), start <= now else { return .no }
                    return comparison == .atLeast
                        ? (now - start >= seconds ? .yes : .no) : (now - start <= seconds ? .yes : .no)
                }
            }
        case .until(let name, let seconds):
            return compare(values(name)) { value in
                if case .noLater(let latest) = value {
                    return Truth(mayBeTrue: true, mayBeFalse: latest - now > seconds)
                }
                guard let end = moment(value, atEnd: true) else { return .no }
                return end - now <= seconds ? .yes : .no
            }
        case .passed(let name):
            let value = values(name)
            var mayBeTrue = value.isMissing || value.isUnknown
            var mayBeFalse = value.isUnknown
            for value in value.values {
                switch value {
                case .noLater(let latest):
                    mayBeTrue = true
                    mayBeFalse = mayBeFalse || now <= latest
                default:
                    // A date is over at 24:00; an instant is past when the moment is.
                    if let end = moment(value, atEnd: true), case .text = value {
                        if now >= end { mayBeTrue = true } else { mayBeFalse = true }
                    } else if let end = moment(value, atEnd: true) {
                        if now > end { mayBeTrue = true } else { mayBeFalse = true }
                    } else {
                        mayBeTrue = true
                    }
                }
            }
            return Truth(mayBeTrue: mayBeTrue, mayBeFalse: mayBeFalse)
        }
    }

    /// The first moments, POSIX seconds, at which an age or a date in this guard, or in one that it names, turns.
    func turningPoints(of index: Int) -> [Int64] { turningPoints(tables.guards[index]) }

    private func turningPoints(_ expression: ProfileTables.Expression) -> [Int64] {
        switch expression {
        case .named(let index): return turningPoints(tables.guards[index])
        case .not(let inner): return turningPoints(inner)
        case .all(let list), .any(let list): return list.flatMap(turningPoints)
        case .equals, .isIn: return []
        case .age(let name, let comparison, let seconds):
            return values(name).values.compactMap { moment($0, atEnd: false) }
                .map { $0 + seconds + (comparison == .atMost ? 1 : 0) }
        case .until(let name, let seconds):
            return values(name).values.compactMap { moment($0, atEnd: true) }.map { $0 - seconds }
        case .passed(let name):
            return values(name).values.compactMap { value in
                if case .integer(let seconds) = value { seconds + 1 } else { moment(value, atEnd: true) }
            }
        }
    }

    private func compare(_ possible: Possible, _ test: (Possible.Value) -> Truth) -> Truth {
        var mayBeTrue = possible.isUnknown
        var mayBeFalse = possible.isUnknown || possible.isMissing
        for value in possible.values {
            let truth = test(value)
            mayBeTrue = mayBeTrue || truth != .no
            mayBeFalse = mayBeFalse || truth != .yes
        }
        return Truth(mayBeTrue: mayBeTrue, mayBeFalse: mayBeFalse)
    }

    private func moment(_ value: Possible.Value, atEnd: Bool) -> Int64? {
        switch value {
        case .integer(let seconds): seconds
        case .text(let text, let offset):
            CivilDate(text).map { (atEnd ? $0.end(offset: offset) : $0.start(offset: offset)).seconds }
        case .noLater: nil
        }
    }

    private func equal(_ left: Possible, _ right: Possible) -> Truth {
        if right.isEvery, !left.isEvery { return equal(right, left) }
        if left.isEvery, left.values.count > 1 {
            var result = Truth.yes
            for value in left.values {
                switch equal(Possible(values: [value], isMissing: left.isMissing, isUnknown: left.isUnknown), right) {
                case .no: return .no
                case .unknown: result = .unknown
                case .yes: break
                }
            }
            return result
        }
        func same(_ one: Possible.Value, _ other: Possible.Value) -> Bool {
            switch (one, other) {
            case (.text(let one, _), .text(let other, _)): one == other
            case (.integer(let one), .integer(let other)): one == other
            default: false
            }
        }
        let meets = left.values.contains { one in right.values.contains { same(one, $0) } }
        let differs = left.values.contains { one in right.values.contains { !same(one, $0) } }
        let openly =
            (left.isUnknown && (right.isUnknown || !right.values.isEmpty)) || (right.isUnknown && !left.values.isEmpty)
        return Truth(
            mayBeTrue: meets || openly,
            mayBeFalse: differs || left.isMissing || right.isMissing || left.isUnknown || right.isUnknown)
    }

    /// `consent_ref` of the steps that may have brought the track where it is.
    func consentReferences(track: String) -> [String] {
        guard let machine = tables.machineIndex[track] else { return [] }
        return values(.trackFact(machine, "consent_ref")).values.compactMap { value in
            if case .text(let text, _) = value { text } else { nil }
        }
    }

    // MARK: names

    /// What a name stands for here.
    func words(for name: ProfileTables.Name) -> String {
        let possible = values(name)
        var words = possible.values.map { value in
            switch value {
            case .text(let text, _): text
            case .integer(let seconds): "\(CivilDate(days: (seconds - (seconds % 86_400 + 86_400) % 86_400) / 86_400))"
            case .noLater: "not known exactly"
            }
        }
        if possible.isUnknown { words.append("not readable") } else if possible.isMissing { words.append("missing") }
        return words.sorted().joined(separator: " or ")
    }

    private func values(_ name: ProfileTables.Name) -> Possible {
        switch name {
        case .state(let machine):
            var result = Possible()
            let names = tables.machines[machine].states
            for state in Bits(word: states[machine].mask) { result.values.append(.text(names[state], offset: 0)) }
            return result
        case .trackFact(let machine, let fact):
            var result = Possible()
            for source in states[machine].sources { result.formUnion(value(of: source, fact)) }
            return result
        case .eventFact(let place, let fact):
            var result = Possible(isMissing: newest[place].mayBeNone)
            if newest[place].mayBeUnread { result.formUnion(.unknown) }
            for source in newest[place].sources { result.formUnion(value(of: source, fact)) }
            return result
        case .this(let fact): return this(fact)
        }
    }

    private func node(_ index: Int) -> Node {
        if let judged, judged.place == index { return judged.node }
        return nodes[index]
    }

    private func value(of source: Source, _ fact: String) -> Possible {
        if source == .initial { return .missing }
        if source == .unread { return .unknown }
        let node = node(Int(source.node))
        guard let letter = node.sight else { return .unknown }
        let step = letter.step
        let item = letter.items[Int(source.item)]
        let event = tables.events[Int(source.event)]
        switch fact {
        case "from": return .text(step.from.text)
        case "to": return Self.every(step.recipients)
        case "by":
            return event.rule.by.first(where: letter.held.contains).map { .text($0) } ?? .missing
        case "person" where item.isOpen, "at" where item.isOpen: return Possible(isUnknown: true)
        case _ where item.isOpen: return event.facts.contains(fact) ? Possible(isUnknown: true) : .missing
        case "person": return item.isFull ? item.person.map { .text($0) } ?? .missing : .unknown
        case "at": return Possible(values: [item.at.map { .integer($0.seconds) } ?? .noLater(step.at.seconds)])
        default: return value(fact, in: item.facts, isFull: item.isFull, event: event, from: step.from)
        }
    }

    private func this(_ fact: String) -> Possible {
        switch fact {
        case "from": return .text(this.from.text)
        case "to": return this.recipients.map(Self.every) ?? .unknown
        case "by": return this.by.map { .text($0) } ?? .missing
        case "person": return this.person.map { .text($0) } ?? (this.isFull ? .missing : .unknown)
        case "at": return this.at.map { Possible(values: [.integer($0.seconds)]) } ?? .unknown
        default:
            guard let event = this.event else { return .missing }
            if this.isOpen, tables.events[event].facts.contains(fact) { return Possible(isUnknown: true) }
            return value(fact, in: this.facts, isFull: this.isFull, event: tables.events[event], from: this.from)
        }
    }

    private static func every(_ members: [MemberID]) -> Possible {
        Possible(values: members.map { .text($0.text, offset: 0) }, isMissing: members.isEmpty, isEvery: true)
    }

    private func value(
        _ fact: String, in facts: [String: FactValue], isFull: Bool, event: ProfileTables.EventTable, from: MemberID
    ) -> Possible {
        switch facts[fact] {
        case .integer(let number): return Possible(values: [.integer(number)])
        case .text(let text):
            let zones = tables.definition.zones
            let offset = event.rule.zone.flatMap { zones[$0] } ?? zones[from.country] ?? 0
            return Possible(values: [.text(text, offset: offset)])
        case nil:
            // What a broker may see is either in the slip or not there at all.
            let isReadable =
                isFull || !event.facts.contains(fact)
                || (event.rule.shownAs != nil && tables.definition.facts[fact]?.isShown == true)
            return isReadable ? .missing : Possible(isMissing: false, isUnknown: true)
        }
    }
}

extension Step {
    /// Whom the letter's forms are sealed to; a letter without a form: all it is addressed to.
    var recipients: [MemberID] {
        var result: [MemberID] = []
        for part in parts where part.basis != .custody && !result.contains(part.recipient) {
            result.append(part.recipient)
        }
        return result.isEmpty ? to : result
    }
}
