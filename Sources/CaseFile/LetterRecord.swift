// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// A letter as the node keeps it. The slip never changes; its state does.
public struct LetterRecord: Sendable, Hashable {
    public enum Direction: String, Sendable, CaseIterable {
        /// Made here.
        case out
        /// Addressed to us.
        case `in`
        /// The slip of an ancestor, to judge what descends from it; nothing of it was for us.
        case context
    }

    public enum State: String, Sendable, CaseIterable {
        /// Made here, admitted by our own judgement.
        case made
        /// Stored, not judged yet.
        case stored
        /// Ancestors are missing.
        case waiting
        /// Opened and admitted.
        case valid
        /// Opened; a fact against the procedure.
        case flagged
        /// Of known sender, but not opened or not admitted. Its slip stays in the graph; nothing of it counts.
        case invalid
        /// A receipt, refusal or notice, or an ancestor's slip; such a letter, too, when it has come itself and is not judged yet.
        case recorded
        /// Not a letter, or not from whom it says: kept for the log, in no graph.
        case unreadable

        /// Whether the letter is a node of the case's graph.
        public var isInGraph: Bool { self != .stored && self != .waiting && self != .unreadable }
    }

    public var id: LetterID
    public var caseID: CaseID
    public var type: LetterType
    public var lane: Lane
    public var sender: MemberID
    /// The slip's `at`.
    public var sent: Instant
    public var direction: Direction
    public var state: State
    /// What the directory gave the sender when this node first held the letter.
    public var roles: Set<String>
    /// `slip.p7s`.
    public var slip: [UInt8]
    public var arrived: Instant
    /// In which order this node came to know its letters, from 1.
    public var serial: Int64

    public init(
        id: LetterID, caseID: CaseID, type: LetterType, lane: Lane, sender: MemberID, sent: Instant,
        direction: Direction,
        state: State, roles: Set<String>, slip: [UInt8], arrived: Instant, serial: Int64 = 0
    ) {
        self.id = id
        self.caseID = caseID
        self.type = type
        self.lane = lane
        self.sender = sender
        self.sent = sent
        self.direction = direction
        self.state = state
        self.roles = roles
        self.slip = slip
        self.arrived = arrived
        self.serial = serial
    }
}

/// A case of this node.
public struct CaseRecord: Sendable, Hashable {
    public var caseID: CaseID
    public var root: LetterID
    /// The profile it was opened under.
    public var profile: Digest
    public var created: Instant
    public var openedHere: Bool
    /// Our own newest letter of the case, receipts included: the next one's `previous`.
    public var lastOwn: LetterID?

    public init(
        caseID: CaseID, root: LetterID, profile: Digest, created: Instant, openedHere: Bool, lastOwn: LetterID? = nil
    ) {
        self.caseID = caseID
        self.root = root
        self.profile = profile
        self.created = created
        self.openedHere = openedHere
        self.lastOwn = lastOwn
    }
}

/// A letter on its way out.
public struct OutboxEntry: Sendable, Hashable {
    public enum State: String, Sendable, CaseIterable {
        /// To be handed to the broker.
        case waiting
        /// The broker has answered *stored*.
        case stored
        /// The broker refused it with a signed refusal; it is void.
        case refused
        /// The broker says this is no letter for it. Shown, and kept.
        case rejected
        /// A stop voids it, or it expired: a signed notice says so.
        case ended
    }

    public var position: Int64
    public var letter: LetterID
    public var lane: Lane
    public var state: State
    public var tries: Int
    /// Not before this time is it tried again.
    public var due: Instant
    /// The last answer that was not *stored*.
    public var code: String?
    public var stop: LetterID?
    /// The receipt of the broker's log, verified.
    public var relayed: [UInt8]?
    /// When it was last written to a stick.
    public var carried: Instant?
    public var settled: Instant?
}

/// A letter that was addressed to us.
public struct InboxEntry: Sendable, Hashable {
    public enum State: String, Sendable, CaseIterable {
        /// Durable; parts or judgement to come.
        case stored
        /// Ancestors are missing.
        case waiting
        /// Judged; the receipt was written in the same transaction.
        case judged
        /// Not authenticated; no receipt, an alarm.
        case unreadable
    }

    public var position: Int64
    public var letter: LetterID
    public var lane: Lane
    public var state: State
    /// For invalid letters: why.
    public var code: String?
    /// Our receipt.
    public var receipt: LetterID?
    public var due: Instant
    public var judged: Instant?
    /// When a person acted on it.
    public var acted: Instant?
}

/// A receipt for one of our letters, or one of our own.
public struct ReceiptRecord: Sendable, Hashable {
    public var id: LetterID
    public var letter: LetterID
    public var sender: MemberID
    public var state: About.State
    public var code: String?
    public var at: Instant

    public init(id: LetterID, letter: LetterID, sender: MemberID, state: About.State, code: String?, at: Instant) {
        self.id = id
        self.letter = letter
        self.sender = sender
        self.state = state
        self.code = code
        self.at = at
    }
}

/// A signed refusal or notice: what it is about is void.
public struct VoidRecord: Sendable, Hashable {
    public var id: LetterID
    public var letter: LetterID
    public var type: LetterType
    public var code: String
    public var stop: LetterID?
    public var sender: MemberID
    public var at: Instant
    /// `slip.p7s` of the refusal or notice: it travels with the descendants of the void letter.
    public var slip: [UInt8]

    public init(
        id: LetterID, letter: LetterID, type: LetterType, code: String, stop: LetterID?, sender: MemberID, at: Instant,
        slip: [UInt8]
    ) {
        self.id = id
        self.letter = letter
        self.type = type
        self.code = code
        self.stop = stop
        self.sender = sender
        self.at = at
        self.slip = slip
    }
}

/// Something a person should look at: never a reason to hold a letter.
public struct Alarm: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Numbers of a pair are missing: letters lost, withheld or still on their way.
        case gap
        /// Two letters under one number of a pair.
        case conflict
        /// A letter that could not be authenticated.
        case unreadable
        /// A letter whose parts did not open, or that was not admitted.
        case invalid
        /// The broker does not take a letter.
        case rejected
        /// A receipt for a letter we did not send to that member, or that we do not know.
        case strangeReceipt = "strange-receipt"
        /// The receipt of the broker's log does not prove what it should, or fits not to what the log has shown before.
        case logForged = "log-forged"
        /// For a day no quorum of witnesses has cosigned what the broker's log has shown this node.
        case logUnwitnessed = "log-unwitnessed"
        /// A letter's clock runs more than 24 hours ahead of ours.
        case clock
        /// The broker is not who it should be, or does not know us.
        case notTrusted = "not-trusted"
        /// A directory or profile was refused.
        case document
        /// Sign-in with one name failed again and again; the detail is the name, if it is an account's.
        case signIn = "sign-in"
    }

    public var at: Instant
    public var kind: Kind
    public var member: MemberID?
    public var letter: LetterID?
    /// A code, a count, or an account's name.
    public var detail: String?

    public init(at: Instant, kind: Kind, member: MemberID? = nil, letter: LetterID? = nil, detail: String? = nil) {
        self.at = at
        self.kind = kind
        self.member = member
        self.letter = letter
        self.detail = detail
    }
}
