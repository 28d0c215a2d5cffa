// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// What has to be done with a letter for one destination. The letter never changes; its deliveries do.
public enum DeliveryKind: Int, Hashable, Sendable, CaseIterable {
    /// Lies in the mailbox of a member of this broker until it is acknowledged.
    case mailbox = 0
    /// Must be stored by another broker, with the parts for its members.
    case forward = 1
    /// Only the slip goes to another broker, so that it can judge: a stop, at once.
    case context = 2
}

/// How far a delivery is. Protocols/Queue.md, "States of a delivery".
public enum DeliveryState: Int, Hashable, Sendable, CaseIterable {
    case queued = 0
    /// Leased, or resting after a try: not handed out before `due`.
    case resting = 1
    case delivered = 2
    /// Ended without being handed over: refused by the other broker, withheld, expired, gone.
    case ended = 3
}

/// One letter on its way to one destination.
public struct DeliveryRecord: Hashable, Sendable {
    /// Names the delivery; ascending in the order of arrival.
    public var number: Int64
    public var letter: LetterID
    public var destination: MemberID
    public var kind: DeliveryKind
    public var lane: Lane
    public var state: DeliveryState
    /// While resting: when the lease ends or the next try is due.
    public var due: Instant
    /// How often it was handed out or tried.
    public var tries: Int

    public init(
        number: Int64, letter: LetterID, destination: MemberID, kind: DeliveryKind, lane: Lane, state: DeliveryState,
        due: Instant,
        tries: Int
    ) {
        self.number = number
        self.letter = letter
        self.destination = destination
        self.kind = kind
        self.lane = lane
        self.state = state
        self.due = due
        self.tries = tries
    }

    public var isOpen: Bool { state == .queued || state == .resting }
}

/// A place where letters wait.
public struct QueueName: Hashable, Sendable {
    public var destination: MemberID
    public var kind: DeliveryKind

    public init(_ destination: MemberID, _ kind: DeliveryKind) {
        self.destination = destination
        self.kind = kind
    }
}

/// What a member makes the broker hold.
public struct Holding: Hashable, Sendable {
    /// Open letters on lane normal.
    public var normal: Int
    /// Open letters on lane urgent.
    public var urgent: Int
    /// Slips and part files of open letters, and the whole size of unfinished uploads.
    public var bytes: Int64

    public init(normal: Int = 0, urgent: Int = 0, bytes: Int64 = 0) {
        self.normal = normal
        self.urgent = urgent
        self.bytes = bytes
    }
}

/// How full a store is.
public struct StoreRoom: Hashable, Sendable {
    public var usedBytes: Int64
    /// What it may grow to: the setting, or what the file system has left, whichever is less.
    public var limitBytes: Int64

    public init(usedBytes: Int64, limitBytes: Int64) {
        self.usedBytes = usedBytes
        self.limitBytes = limitBytes
    }

    /// From 0 (empty) to 1 (full).
    public var fraction: Double { limitBytes > 0 ? min(1, Double(usedBytes) / Double(limitBytes)) : 1 }
}
