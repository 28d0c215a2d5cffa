// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A procedure that was found to agree with itself: every name resolves, every state can be reached and left, no guard
/// runs in a circle.
///
/// A value; copies share their tables.
///
/// - SeeAlso: Protocols/Procedure.md.
public struct Profile: Sendable, Equatable {
    /// SHA-256 of the file's canonical spelling: what every slip names.
    public let digest: Digest
    let tables: ProfileTables

    public var definition: ProfileDefinition { tables.definition }
    public var id: String { definition.id }
    public var version: String { definition.version }
    /// `reconstruction` until the governments' own text replaces it; every page that shows the profile says so.
    public var status: String { definition.status }
    public var roles: [String: ProfileDefinition.Role] { definition.roles }

    /// - Throws: ``ProfileError`` naming the place in the file.
    public init(_ definition: ProfileDefinition, digest: Digest) throws(ProfileError) {
        self.digest = digest
        tables = try ProfileTables(definition)
    }

    /// The same procedure as a later version, for a case told as a file.
    func successor(_ digest: Digest, of others: [Digest]) -> Profile? {
        var definition = definition
        definition.replaces = Set(others).union([self.digest])
        return try? Profile(definition, digest: digest)
    }

    /// The rule of an event or notice.
    public func event(_ name: String) -> ProfileDefinition.EventRule? { definition.events[name] }

    /// Fields of forms that a step which somebody owes runs from, or is met by, for each form that has any.
    public var answersAsked: [String: Set<String>] {
        var asked: [String: Set<String>] = [:]
        for deadline in definition.deadlines.values where deadline.isMaximum && deadline.holder != nil {
            for name in deadline.from + deadline.to {
                let pieces = name.split(separator: ".", maxSplits: 1).map(String.init)
                if pieces.count == 2, definition.forms[pieces[0]] != nil {
                    asked[pieces[0], default: []].insert(pieces[1])
                }
            }
        }
        return asked
    }

    /// The guards while all of which whoever received the forms of these events keeps them, sorted.
    public func keepingGuards(of events: [Event]) -> [String] {
        Set(events.compactMap { definition.events[$0.code]?.kept }).sorted()
    }

    /// Every event and notice by name, sorted.
    public var eventNames: [String] { tables.events.map(\.name) }

    /// The parsed guard.
    public func guardExpression(_ name: String) -> Guard? { tables.guardIndex[name].map { tables.guardTexts[$0] } }

    /// The shown form of events: for each visible one its code and the facts that a broker may see. Unknown events are
    /// left out.
    public func shown(_ events: [Event]) -> [Event] {
        events.compactMap { event in
            guard let index = tables.eventIndex[event.code], let code = tables.events[index].rule.shownAs else {
                return nil
            }
            return Event(code: code, facts: event.facts.filter { definition.facts[$0.key]?.isShown == true })
        }
    }

    /// Whether a withdrawal of consent may stand behind a code that brokers see.
    public func mayWithdraw(_ code: String) -> Bool {
        tables.codes[code]?.contains { tables.events[$0].rule.isWithdrawal } ?? false
    }

    /// The only lane on which all these events may travel together, urgent before normal; `nil` where there is none.
    public func lane(of events: [Event]) -> Lane? {
        let lanes = events.reduce(Set(Lane.allCases)) { $0.intersection(definition.events[$1.code]?.lanes ?? []) }
        return lanes.contains(.normal) ? .normal : lanes.first
    }

    /// All compulsory facts of an event, those of an attested paper included, sorted.
    public func compulsoryFacts(of event: String) -> [String] {
        tables.eventIndex[event].map { tables.events[$0].factNames } ?? []
    }

    /// Whether the event must say which person acted.
    public func needsPerson(_ event: String) -> Bool {
        tables.eventIndex[event].map { tables.events[$0].needsPerson } ?? false
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.digest == right.digest && left.definition == right.definition
    }
}
