// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Something that a profile must never allow, or must always allow: data beside the profile, like its labels.
///
/// - SeeAlso: Protocols/Procedure.md, "What the check proves".
public struct ProcedureProperty: Hashable, Sendable {
    /// Which steps a property speaks of: named ones, or whatever leads somewhere, so that a way added later counts too.
    public struct Steps: Hashable, Sendable {
        public var events: [String] = []
        /// States as `machine.state`: every event with an edge into one of them from elsewhere.
        public var into: [String] = []
        /// Every event that passes her care to this holder from another.
        public var careTo: String?
        public init(events: [String] = [], into: [String] = [], careTo: String? = nil) {
            self.events = events
            self.into = into
            self.careTo = careTo
        }
    }

    /// Forms of what is proved. Guards are texts of the guard language.
    public enum Form: Hashable, Sendable {
        /// No such step is in order unless `guardText` is green against what its sender knows.
        case requires(Steps, guardText: String)
        /// Such a step is one of these events, sent in one of these roles (empty: in any that the event names).
        case only(Steps, events: [String], by: [String])
        /// No such step before one of these events.
        case before(Steps, first: [String])
        /// Not true in any state that letters can bring about, crossing ones included.
        case never(guardText: String)
        /// Where `inState` holds, each of these events may be sent in each of these roles, whatever the facts, and
        /// `then` holds after it.
        case possible(events: [String], by: [String], inState: String?, then: String?)
        /// Some way leads to such a state.
        case reachable(guardText: String)
        /// From each state where `from` holds some way leads to `to`, by letters of these roles alone (empty: of all).
        case leads(from: String, to: String, by: [String])
        /// No form of such a tier or above goes between these roles on basis consent unless `guardText` is green. Empty
        /// `events`: all.
        case discloses(from: String, to: String, tier: Tier, events: [String], guardText: String)
        /// A broker can always tell whether such a track is settled.
        case visible(tracks: [String])
    }

    /// Short and unique: `S1.nationality`.
    public var id: String
    /// The rule in one sentence, for people.
    public var says: String
    public var form: Form
    /// The machines that are followed besides those the form names; all others are left open.
    public var tracks: [String]
    /// Facts count only where they are in order; else they land anywhere.
    public var isPlanned: Bool

    public init(id: String, says: String, form: Form, tracks: [String] = [], isPlanned: Bool = true) {
        self.id = id
        self.says = says
        self.form = form
        self.tracks = tracks
        self.isPlanned = isPlanned
    }

    /// The texts of the guard language in it.
    var guardTexts: [String] {
        switch form {
        case .requires(_, let text), .never(let text), .reachable(let text), .discloses(_, _, _, _, let text): [text]
        case .possible(_, _, let inState, let then): [inState, then].compactMap { $0 }
        case .leads(let from, let to, _): [from, to]
        case .only, .before, .visible: []
        }
    }
}
