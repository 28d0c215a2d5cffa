// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A step that somebody owes: what is missing, who holds it and since when.
///
/// Derived at each end from its own letters and its own clock. It moves nothing: a step that is overdue stays owed until
/// somebody takes it.
///
/// - SeeAlso: Protocols/Procedure.md, "Time".
public struct DueStep: Hashable, Sendable {
    /// The deadline's name in the profile.
    public var deadline: String
    /// Whether law, a source or the profile's own default asks for it.
    public var kind: ProfileDefinition.Deadline.Kind
    /// The events, or fields of forms, any of which meets it.
    public var steps: [String]
    /// The role that owes it. An office may hold a step without a node of its own.
    public var role: String
    /// The members of the case that hold the role, sorted; empty for an office without a node.
    public var holders: [MemberID]
    /// The letter that it runs from.
    public var letter: Digest
    /// From when it runs.
    public var since: Instant
    /// The last moment in time.
    public var due: Instant

    /// Whether the last moment has passed.
    public func isOverdue(at now: Instant) -> Bool { now > due }
}

/// A date or an instant that a form of this case gives.
public struct FormAnswer: Hashable, Sendable {
    public var value: FactValue
    /// The letter of the event that the form belongs to.
    public var letter: Digest

    public init(_ value: FactValue, letter: Digest) {
        self.value = value
        self.letter = letter
    }
}

extension Profile {
    /// What is told to whoever oversees: the step's code, who holds it, since when. No name and no text.
    ///
    /// The fields are `step`, `holder_role`, `holder` (where one member holds it), `since`, `due`.
    ///
    /// - Returns: the form of the profile's escalation; `nil` where it has none.
    public func escalation(of due: DueStep) -> Form? {
        guard let event = definition.escalation, let form = definition.events[event]?.form,
            let step = due.steps.lazy.compactMap({ self.step(asking: $0) }).first
        else { return nil }
        var fields: [String: Form.Value] = [
            "step": .text(step), "holder_role": .text(due.role), "since": .integer(due.since.seconds),
            "due": .integer(due.due.seconds),
        ]
        if due.holders.count == 1 { fields["holder"] = .text(due.holders[0].text) }
        return Form(event: event, name: form, fields: fields)
    }

    /// The event by which what is owed comes: itself, or that of the form whose field it is.
    private func step(asking name: String) -> String? {
        if definition.events[name] != nil { return name }
        let form = name.prefix { $0 != "." }
        return definition.events.filter { $0.value.form.map { $0 == form } ?? false }.keys.min()
    }
}
