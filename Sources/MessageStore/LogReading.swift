// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure
public import TransparencyLog

/// What a store tells of its transparency logs: everything that an export, a peer's mirror or a witness needs. Protocols/Log.md §5.6.
///
/// One log for each origin; of several the last one is written. What it gives of leaves may be newer than the last checkpoint that was
/// signed: ``LetterQueue/checkpoint`` says how far anybody may be shown.
public protocol LogReading {
    /// The logs of this store, the oldest first.
    func logs() throws -> [StoredLog]
    /// At most `count` leaves from `first` on, ascending, each with its event.
    func leaves(of origin: String, from first: Int64, count: Int) throws -> [StoredLeaf]
    /// The leaf data alone, for mirrors: no key is needed.
    func leafData(of origin: String, from first: Int64, count: Int) throws -> [Digest]
    /// Where the events about a case stand, the oldest first; of a case that was erased none.
    func leaves(of caseID: CaseID) throws -> [StoredLeaf.Place]
    /// The newest event of each case that is not erased, ascending by case: the rows of `heads`.
    func heads(_ body: (HeadRow) throws -> Void) throws
    /// A perfect subtree's root, for proofs.
    ///
    /// - Throws: ``StoreError`` `.unreadable` for one that is not in the tree.
    func node(of origin: String, at position: TreeNode.Position) throws -> Digest
    /// Checkpoints of the log that somebody cosigned, by size, then by time.
    func checkpoints(of origin: String) throws -> [StoredCheckpoint]
    /// At most `count` of them, the newest first.
    func checkpoints(of origin: String, newest count: Int) throws -> [StoredCheckpoint]
    /// Time stamps over them, by size.
    func stamps(of origin: String) throws -> [StoredStamp]
    /// What is mirrored of another broker's log: the right edge of its tree.
    func mirror(of origin: String) throws -> Frontier
    /// A perfect subtree's root of a mirror.
    ///
    /// - Throws: ``StoreError`` `.unreadable` for one that is not in it.
    func mirrorNode(of origin: String, at position: TreeNode.Position) throws -> Digest
    /// At most `count` leaf data of a mirror from `first` on.
    func mirrored(of origin: String, from first: Int64, count: Int) throws -> [Digest]
    /// Checkpoint files that contradict what their logs had signed before, as `conflict` events name them.
    func conflicts() throws -> [[UInt8]]
    /// Where the events about these documents stand, the oldest first.
    func documentLeaves() throws -> [StoredLeaf.Place]
    /// Documents that came into force here, in that order, with their files.
    func documents() throws -> [StoredDocument]
}

/// One log as far as it has been written.
public struct StoredLog: Hashable, Sendable {
    public var origin: String
    public var head: TreeHead
    /// `at` of its last event.
    public var at: Instant

    public init(origin: String, head: TreeHead, at: Instant) {
        self.origin = origin
        self.head = head
        self.at = at
    }
}

/// One leaf and what it stands for.
public struct StoredLeaf: Hashable, Sendable {
    /// A leaf's name in all logs of a store.
    public struct Place: Hashable, Sendable {
        public var origin: String
        public var index: Int64

        public init(origin: String, index: Int64) {
            self.origin = origin
            self.index = index
        }
    }

    public var index: Int64
    public var data: Digest
    /// The event's file; `nil` once it is erased.
    public var event: [UInt8]?

    public init(index: Int64, data: Digest, event: [UInt8]?) {
        self.index = index
        self.data = data
        self.event = event
    }
}

/// A checkpoint file with cosignatures, byte for byte.
public struct StoredCheckpoint: Hashable, Sendable {
    public var size: Int64
    /// When it was stored.
    public var at: Instant
    public var note: [UInt8]

    public init(size: Int64, at: Instant, note: [UInt8]) {
        self.size = size
        self.at = at
        self.note = note
    }
}

/// A time stamp over a checkpoint file.
public struct StoredStamp: Hashable, Sendable {
    /// Of the checkpoint, and when that was stored.
    public var size: Int64
    public var at: Instant
    /// What the authority says.
    public var time: Instant
    /// Its RFC 3161 response: DER.
    public var response: [UInt8]

    public init(size: Int64, at: Instant, time: Instant, response: [UInt8]) {
        self.size = size
        self.at = at
        self.time = time
        self.response = response
    }
}

/// A directory or profile that came into force, as its event names it.
public struct StoredDocument: Hashable, Sendable {
    public var kind: LetterType
    public var document: LogEvent.Document
    /// `slip.p7s`.
    public var slip: [UInt8]
    public var file: [UInt8]

    public init(kind: LetterType, document: LogEvent.Document, slip: [UInt8], file: [UInt8]) {
        self.kind = kind
        self.document = document
        self.slip = slip
        self.file = file
    }
}
