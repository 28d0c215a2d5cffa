// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// What the desk shows, in the reader's language: names by the labels of the case's profile, sentences by the words of the
/// program. A name that has no label stands as it is. Never a value of a form.
///
/// - SeeAlso: ``NetworkView/words(of:in:)``, ``CaseDesk/words(for:in:)``.
public struct DeskWords: Sendable {
    public let labels: ProfileLabels
    /// Of the clock by which times are told: seconds east of Greenwich.
    public let offset: Int64
    /// How a member is called.
    public let member: @Sendable (MemberID) -> String

    public init(
        _ labels: ProfileLabels, offset: Int64 = 0, member: @escaping @Sendable (MemberID) -> String = { $0.text }
    ) {
        self.labels = labels
        self.offset = offset
        self.member = member
    }

    // MARK: Names

    /// An event, or the code that brokers see in its place.
    public func event(_ code: String) -> String { labels.label("event", code) ?? labels.name("code", code) }
    public func form(_ name: String) -> String { labels.name("form", name) }
    /// A fact, or a field of a form.
    public func fact(_ name: String) -> String { labels.label("fact", name) ?? labels.name("field", name) }
    public func role(_ name: String) -> String { labels.name("role", name) }
    public func track(_ name: String) -> String { labels.name("track", name) }
    /// Of a deadline: what it is; with `isBroken`, what it means that it has passed.
    public func deadline(_ name: String, isBroken: Bool = false) -> String {
        isBroken ? labels.label("deadline", name + ".breach") ?? name : labels.name("deadline", name)
    }

    /// States of the lifecycle; several where this node cannot tell them apart.
    public func states(_ names: [String]) -> String { either(names.map { labels.name("state", $0) }) }
    /// States of a track; several where this node cannot tell them apart.
    public func states(_ names: [String], of track: String) -> String {
        either(names.map { labels.label("track", "\(track).\($0)") ?? $0 })
    }

    /// Who has her in care: a role, or for what is no role the profile's own word.
    public func care(_ holder: String) -> String { labels.sentence(.care, ["holder": role(holder)]) }

    /// `A, B or C`.
    public func either(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return labels.sentence(.or, ["one": names.dropLast().joined(separator: ", "), "other": last])
    }

    /// Several names of members.
    public func members(_ ids: some Collection<MemberID>) -> String {
        ids.sorted().map(member).joined(separator: ", ")
    }

    public func moment(_ instant: Instant) -> String { labels.moment(instant, offset: offset) }

    // MARK: Where a case stands

    /// A checkpoint: its state, and whether it is settled.
    public func checkpoint(_ checkpoint: Checkpoint) -> String {
        "\(track(checkpoint.track)): \(states(checkpoint.states, of: checkpoint.track)) (\(standing(of: checkpoint)))"
    }

    /// Whether a checkpoint is settled.
    public func standing(of checkpoint: Checkpoint) -> String {
        switch checkpoint.standing {
        case .open: labels.sentence(.checkpointOpen)
        case .green: labels.sentence(.checkpointGreen)
        case .lapsed: labels.sentence(.checkpointLapsed)
        case .unknown: labels.sentence(.checkpointUnknown)
        }
    }

    /// Who waits on whom, for what, until or since when.
    ///
    /// - Parameter others: further waits of the same kind and the same members, to be told together with the first; not
    ///   for steps.
    public func sentence(for wait: Wait, and others: [Wait] = [], at now: Instant) -> String {
        let since = others.map(\.since).min().map { min($0, wait.since) } ?? wait.since
        var values = [
            "letters": labels.count(Int64(others.count + 1), .letter), "span": labels.span(now - since),
            "holder": wait.on.isEmpty ? role(wait.role ?? "") : members(wait.on),
        ]
        switch wait.kind {
        case .step:
            values["events"] = either(wait.events.map(step))
            values["time"] = wait.due.map(moment) ?? ""
            return labels.sentence((wait.due ?? now) < now ? .overdue : .owed, values)
        case .broker: return labels.sentence(.notWithBroker, values)
        case .receipt: return labels.sentence(.notOpened, values)
        case .ancestors: return labels.sentence(.notJudged, values)
        case .us: return labels.sentence(.toActOn, values)
        }
    }

    /// What a case waits for, a line each: every step that is owed, then letters by where they wait and on whom.
    public func sentences(for waits: [Wait], at now: Instant) -> [String] {
        let steps = waits.filter { $0.kind == .step }
        let letters = Dictionary(grouping: waits.filter { $0.kind != .step }) { wait in
            [wait.kind.rawValue] + (wait.kind == .receipt ? wait.on.map(\.text).sorted() : [])
        }
        let order = Wait.Kind.allCases
        let groups = letters.sorted { first, second in
            let places = [first, second].map { group in order.firstIndex { $0.rawValue == group.key[0] } ?? 0 }
            return places[0] == places[1] ? first.key.lexicographicallyPrecedes(second.key) : places[0] < places[1]
        }
        return steps.map { sentence(for: $0, at: now) }
            + groups.map { sentence(for: $0.value[0], and: Array($0.value.dropFirst()), at: now) }
    }

    public func sentence(for awaited: FormAwaited) -> String {
        labels.sentence(
            .formAwaited,
            ["holder": member(awaited.from), "form": form(awaited.form), "event": event(awaited.event)])
    }

    /// Why the form of a step cannot be sealed now, and who can help: its consent may have been changed by what this node cannot read.
    public func unsealable(_ act: PossibleAct) -> String? {
        guard let name = act.form, !act.consentHiddenBy.isEmpty else { return nil }
        return labels.sentence(.consentUnread, ["form": form(name), "names": members(act.consentHiddenBy)])
    }

    /// What a deadline asks for: an event, or a field of a form (`form.field`).
    private func step(_ name: String) -> String {
        guard let dot = name.firstIndex(of: ".") else { return event(name) }
        return "\(form(String(name[..<dot]))): \(fact(String(name[name.index(after: dot)...])))"
    }
}
