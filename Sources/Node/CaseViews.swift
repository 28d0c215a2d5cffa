// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
public import Letters
public import Procedure

/// One line of the list of cases.
public struct CaseOverview: Sendable, Hashable {
    public var caseID: CaseID
    public var openedHere: Bool
    public var created: Instant
    /// One state, or all that this node cannot tell apart.
    public var lifecycle: [String]
    /// The profile of the case, for its words.
    public var profile: Digest
    public var hasEnded: Bool?
    /// When the newest letter was sent.
    public var newest: Instant
    /// Letters that were judged and that nobody here has acted on.
    public var unread: Int
    /// Letters that wait for ancestors, or could not be judged.
    public var waiting: Int
}

/// Where a case stands, as this node sees it.
public struct CaseView: Sendable, Hashable {
    public var record: CaseRecord
    /// The version of the procedure that the case runs under now.
    public var profile: Digest
    public var state: CaseState
    /// Roles of the case with their holders.
    public var parties: [String: Set<MemberID>]
    /// The board, sorted by name.
    public var checkpoints: [Checkpoint]
    public var waits: [Wait]
    /// Facts whose form has not come.
    public var formsAwaited: [FormAwaited]
    /// Whether she counts as a child.
    public var countsAsChild: Bool
    /// What stands against erasing it.
    public var retention: Retention
}

/// Who waits on whom, since when, and until when.
public struct Wait: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// The next step is due by the profile's deadline.
        case step
        /// A letter of ours has not reached the broker.
        case broker
        /// A letter of ours has not been opened.
        case receipt
        /// A letter here waits for its ancestors.
        case ancestors
        /// A letter lies here that nobody has acted on.
        case us
    }

    public var kind: Kind
    /// Who has to do something; for a step empty where the role is an office without a node.
    public var on: [MemberID]
    /// For steps: the role that owes it.
    public var role: String?
    public var since: Instant
    /// By when; absent where no deadline says so.
    public var due: Instant?
    /// The deadline's name in the profile.
    public var deadline: String?
    /// For steps: any of these ends the wait.
    public var events: [String]
    public var letter: LetterID?

    public init(
        kind: Kind, on: [MemberID], role: String? = nil, since: Instant, due: Instant? = nil, deadline: String? = nil,
        events: [String] = [], letter: LetterID? = nil
    ) {
        self.kind = kind
        self.on = on
        self.role = role
        self.since = since
        self.due = due
        self.deadline = deadline
        self.events = events
        self.letter = letter
    }
}

/// A fact that was told without its paper.
public struct FormAwaited: Sendable, Hashable {
    public var event: String
    public var form: String
    public var letter: LetterID
    public var from: MemberID
    public var since: Instant
}

/// An event that this node could send next.
public struct PossibleAct: Sendable, Hashable {
    public var event: String
    /// Why not; `nil` where only its facts and its form decide.
    public var refusal: Refusal?
    public var lanes: Set<Lane>
    public var facts: [String]
    public var form: String?
    public var consents: [String]
    /// Whose letters leave open, because this node cannot read them, whether her consent to the form still lives: it cannot be sealed now.
    public var consentHiddenBy: [MemberID]
}

/// One letter in the history of a case.
public struct HistoryEntry: Sendable, Hashable {
    public var letter: LetterRecord
    public var to: [MemberID]
    /// All events where this node could open them, else those that brokers see.
    public var events: [Event]
    /// Whether all events could be read here.
    public var isOpened: Bool
    public var isVoid: Bool
    /// Of a receipt, refusal or notice: what it is about.
    public var about: About?
    public var receipts: [ReceiptRecord]
    public var voids: [VoidRecord]
    /// Forms by the commitment of their part, with their names.
    public var forms: [Digest: String]
    public var attachments: [Digest]
    /// When form and attachments went because nobody may keep them any longer.
    public var formsGone: Instant?
    /// Why this node did not admit it.
    public var refusal: Refusal?
}

/// One letter with everything this node knows of it.
public struct LetterView: Sendable, Hashable {
    public var entry: HistoryEntry
    public var slip: Slip
    public var outbox: OutboxEntry?
    public var inbox: InboxEntry?
}

/// An item of outbox or inbox with its letter.
public struct TransitItem<Entry: Sendable & Hashable>: Sendable, Hashable {
    public var entry: Entry
    public var letter: LetterRecord
    public var to: [MemberID]
    /// Codes of the visible events; what is sealed shows in the history.
    public var shown: [String]
    public var about: About?
    public var receipts: [ReceiptRecord]
}
