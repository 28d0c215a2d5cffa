// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure
public import TransparencyLog

/// Where a letter stands at a broker. Protocols/Queue.md, "States of a letter".
public enum LetterStatus: Int, Hashable, Sendable, CaseIterable {
    /// Only its slip is here, handed over so that others can be judged. Nothing of it is delivered.
    case context = 0
    /// Its slip is durable; ancestors are missing.
    case waiting = 1
    /// Admitted; part files are missing.
    case awaitingParts = 2
    /// Durable with all parts; at least one delivery is open.
    case queued = 3
    /// Every delivery has ended with the letter handed over.
    case done = 4
    /// Not admitted: a signed refusal says so.
    case refused = 5
    /// A stop voided it while it waited; a signed notice says so.
    case withheld = 6
    /// Nobody fetched it in time; a signed notice says so.
    case expired = 7
    /// A recipient left the directory; a signed notice says so.
    case gone = 8

    /// Whether the broker still owes it something.
    public var isOpen: Bool { self == .waiting || self == .awaitingParts || self == .queued }
}

/// How far receipts say that a letter has come.
public struct ReceiptProgress: OptionSet, Hashable, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let opened = ReceiptProgress(rawValue: 1)
    public static let invalid = ReceiptProgress(rawValue: 2)
    public static let acted = ReceiptProgress(rawValue: 4)
}

/// What the store keeps of a letter beside its slip. The slip never changes; this does.
public struct LetterRecord: Hashable, Sendable {
    public var id: LetterID
    public var status: LetterStatus
    public var type: LetterType
    public var lane: Lane
    public var from: MemberID
    public var caseID: CaseID?
    /// Roles that the directory gave the sender when the letter was judged: replay gives the same state for ever.
    public var roles: Set<String>
    /// Who handed it over: the sender, a broker, or the broker that keeps this store.
    public var peer: MemberID
    public var at: Instant
    /// When it is given up: the slip's, or while it waits for ancestors also a bound of the broker's.
    public var expires: Instant?
    public var received: Instant
    /// Whether the broker has said *stored*: its answer to every duplicate from then on.
    public var isStored: Bool
    /// Of the event *accepted* or *arrived*: what the receipt of the letter proves.
    public var leaf: Int64?
    /// The leaf hash by which the broker that handed it over has logged it: *arrived* names it.
    public var source: Digest?
    /// How the procedure judged it when it came.
    public var verdict: LogEvent.Verdict?
    /// Of a refused or given-up letter: the guard, reason or notice code.
    public var code: String?
    /// The signed refusal or notice that makes it void.
    public var voidedBy: LetterID?
    /// The stop that made it void.
    public var stop: LetterID?
    public var progress: ReceiptProgress
    /// An urgent letter of a sender who, as far as is known here, has no part in the case: it is delivered, and is without effect until all
    /// its ancestors are known.
    public var isUnheard: Bool

    public init(
        id: LetterID, status: LetterStatus, type: LetterType, lane: Lane, from: MemberID, caseID: CaseID?,
        roles: Set<String>,
        peer: MemberID, at: Instant, expires: Instant?, received: Instant, isStored: Bool = false,
        leaf: Int64? = nil, source: Digest? = nil, verdict: LogEvent.Verdict? = nil, code: String? = nil,
        voidedBy: LetterID? = nil, stop: LetterID? = nil, progress: ReceiptProgress = [],
        isUnheard: Bool = false
    ) {
        self.id = id
        self.status = status
        self.type = type
        self.lane = lane
        self.from = from
        self.caseID = caseID
        self.roles = roles
        self.peer = peer
        self.at = at
        self.expires = expires
        self.received = received
        self.isStored = isStored
        self.leaf = leaf
        self.source = source
        self.verdict = verdict
        self.code = code
        self.voidedBy = voidedBy
        self.stop = stop
        self.progress = progress
        self.isUnheard = isUnheard
    }

    /// Whether replay leaves its steps out.
    public var isVoid: Bool { voidedBy != nil || isUnheard }
}

/// One letter of a case as replay needs it.
public struct CaseLetter: Hashable, Sendable {
    public var record: LetterRecord
    /// `slip.p7s`.
    public var slip: [UInt8]

    public init(record: LetterRecord, slip: [UInt8]) {
        self.record = record
        self.slip = slip
    }
}

/// A part file that a letter needs at this broker.
public struct NeededPart: Hashable, Sendable {
    public var digest: Digest
    public var recipient: MemberID
    /// The list of an attachment's pieces; its pieces are needed parts of their own once the list is here.
    public var isList: Bool

    public init(digest: Digest, recipient: MemberID, isList: Bool = false) {
        self.digest = digest
        self.recipient = recipient
        self.isList = isList
    }
}
