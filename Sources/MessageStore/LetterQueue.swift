// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure
public import TransparencyLog

/// The letters that a broker keeps, their parts, and where each has to go.
///
/// A letter never changes after it is stored; its record and its deliveries do. Every store runs `StoreConformance`.
///
/// - SeeAlso: Protocols/Queue.md.
public protocol LetterQueue: Sendable {
    /// Runs the bodies in their order, each in a transaction of its own; they, and those of other callers, may share one sync.
    ///
    /// When this returns, everything they wrote survives power loss, and the log has signed what they logged. Of a body that threw nothing was written, and what others wrote is
    /// not touched. A body may run more than once and on another thread, so it touches only the transaction.
    ///
    /// - Returns: for each what it returned or threw, or a ``StoreError``.
    func write<Value: Sendable>(
        all bodies: [@Sendable (any LetterTransaction) throws -> Value]
    ) async -> [Result<Value, any Error>]

    /// Runs `body` on one consistent state: everything written before this call was made.
    func read<Value: Sendable>(_ body: @escaping @Sendable (any LetterReading) throws -> Value) async throws -> Value

    /// The newest checkpoint that the log has signed; `nil` before its first event.
    var checkpoint: SignedNote? { get }

    /// The newest checkpoint of a log of this store by its name, one that has ended too; `nil` if there is none.
    func checkpoint(of origin: String) async throws -> SignedNote?

    /// Proves that these leaves are in the log, each under the newest checkpoint of its log.
    ///
    /// - Parameter leaves: as ``LetterTransaction/log(_:in:at:)`` gave them, in transactions that have ended.
    /// - Returns: in their order; `nil` where there is none: the event is erased, or no checkpoint covers the leaf because the log has halted.
    /// - Throws: ``StoreError`` `.unreadable` for a leaf that is not there.
    func receipts(of leaves: [Int64]) async throws -> [LogReceipt?]

    /// Destroys the keys of cases whose record was erased, and what the files still hold of them. A crash before it has ended leaves the
    /// rest for the next start.
    func destroyErased() async throws

    /// Waits for what is under way and closes the files. Later calls throw `store.closed`.
    func close() async throws
}

extension LetterQueue {
    /// One transaction, as in ``write(all:)``.
    ///
    /// - Throws: what `body` throws; ``StoreError``.
    public func write<Value: Sendable>(_ body: @escaping @Sendable (any LetterTransaction) throws -> Value) async throws
        -> Value
    {
        try await write(all: [body])[0].get()
    }
}

/// Reading, inside a transaction or beside it.
public protocol LetterReading: LogReading {
    /// How full the store is, with what this transaction has written so far; cheap enough to be asked for each letter.
    func room() throws -> StoreRoom
    func letter(_ id: LetterID) throws -> LetterRecord?
    /// `slip.p7s`.
    func slip(_ id: LetterID) throws -> [UInt8]?
    /// All letters of a case in the order they became known here, void and waiting ones too.
    func letters(of caseID: CaseID) throws -> [CaseLetter]
    /// Changes whenever replay could: with each new letter of the case, and when one stops waiting or becomes void. Never takes a value
    /// again, also not after a transaction that wrote it was undone. 0 while the case is unknown.
    func version(of caseID: CaseID) throws -> Int64
    /// How many letters of `member` are known of the case, whatever became of them.
    func letterCount(in caseID: CaseID, from member: MemberID) throws -> Int
    /// The newest letter of `member` in the case.
    func newest(from member: MemberID, in caseID: CaseID) throws -> LetterID?

    /// Whether a step on lane urgent is known of the case: only then can anything in it be void by a stop.
    func hasUrgentStep(in caseID: CaseID) throws -> Bool

    /// Letters that lack `ancestor`, in the order of arrival: those that wait for it, and urgent ones that went on without it.
    func waiting(for ancestor: LetterID) throws -> [LetterID]
    /// The ancestors that a letter lacks.
    func missingAncestors(of id: LetterID) throws -> [LetterID]
    func waitingCount(in caseID: CaseID) throws -> Int
    func waitingCount(from member: MemberID) throws -> Int

    /// The parts this broker needs for the letter.
    func neededParts(of id: LetterID) throws -> [NeededPart]
    /// Those of them that are not stored yet, ascending.
    func missingParts(of id: LetterID) throws -> [Digest]
    /// Letters that need the part here, in the order of arrival.
    func letters(needing digest: Digest) throws -> [LetterID]
    func partSize(_ digest: Digest) throws -> Int?
    /// At most `count` bytes from `offset`, and the whole size.
    func part(_ digest: Digest, offset: Int, count: Int) throws -> (bytes: [UInt8], size: Int)?
    /// Bytes of an unfinished upload; 0 when there is none.
    func spooled(_ digest: Digest) throws -> Int

    func deliveries(of id: LetterID) throws -> [DeliveryRecord]
    /// Queued deliveries, urgent ones first, then in the order of arrival.
    func queued(_ queue: QueueName, limit: Int) throws -> [DeliveryRecord]
    func restingCount(_ queue: QueueName) throws -> Int
    /// When the first resting delivery of the queue is due.
    func nextDue(_ queue: QueueName) throws -> Instant?
    func openCount(_ queue: QueueName) throws -> Int
    /// Destinations that have open deliveries of the kind.
    func destinations(_ kind: DeliveryKind) throws -> [MemberID]
    /// Open letters that expire at or before the instant, the oldest first.
    func expired(by instant: Instant, limit: Int) throws -> [LetterID]
    func nextExpiry() throws -> Instant?
    /// Grows whenever something that was not there before is queued for the member.
    func changes(of member: MemberID) throws -> Int64

    func holding(of member: MemberID) throws -> Holding
    func count(_ status: LetterStatus) throws -> Int
    /// Another letter under the same numbers of the same pair.
    func conflicts(with slip: Slip, id: LetterID) throws -> [LetterID]
    /// The highest sequence stored of the pair in this epoch; 0 when there is none.
    func highestSequence(from: MemberID, to: MemberID, epoch: Int64) throws -> Int64
}

/// Writing, inside a transaction only. Nothing here is visible to anybody before the transaction has ended.
public protocol LetterTransaction: LetterReading {
    /// Stores a letter that is not known here, with its addressees' numbers. The case's version changes.
    func insert(_ record: LetterRecord, slip: Slip, file: [UInt8]) throws
    /// Replaces the record of a known letter; its id, type, lane, sender, case and `at` stay.
    func update(_ record: LetterRecord) throws
    /// Marks how far receipts say that a letter has come.
    func note(_ progress: ReceiptProgress, of id: LetterID) throws
    /// Says which ancestors the letter lacks. One that waits and ends lacks nothing any more.
    func setMissing(_ ancestors: [LetterID], of id: LetterID) throws

    /// Names parts that the letter needs here. One that is named already may be given to another recipient, once its list says whose.
    func need(_ parts: [NeededPart], for id: LetterID) throws
    /// Stores a part file, whose digest the caller has checked; an unfinished upload of it ends. Storing it again changes nothing.
    func storePart(_ digest: Digest, bytes: [UInt8], chargedTo member: MemberID) throws
    /// Appends to an unfinished upload; `bytes` goes on where it ends (the caller has cut what was there already). Returns all
    /// its bytes once they are `size`, and keeps them until the part is stored or the upload dropped. Its whole size counts in what
    /// `member` holds.
    func spool(_ digest: Digest, bytes: [UInt8], size: Int, at: Instant, chargedTo member: MemberID) throws -> [UInt8]?
    func dropSpool(_ digest: Digest) throws
    /// Drops unfinished uploads that nobody went on with since the instant.
    func dropSpools(before: Instant) throws
    /// Deletes parts of letters that are no longer open, at most `limit` part files; returns how many it deleted.
    func discardParts(limit: Int) throws -> Int

    /// Queues the letter for a destination; one that is there already stays as it is. A mailbox' counter of changes grows.
    func enqueue(_ id: LetterID, lane: Lane, to queue: QueueName) throws
    /// Lets the delivery rest until `due` and counts the try.
    func rest(_ delivery: Int64, until due: Instant) throws
    /// Gives the delivery a new end of rest without counting a try.
    func extend(_ delivery: Int64, until due: Instant) throws
    /// Queues again what is due; a mailbox' counter of changes does not grow. Returns how many.
    func wake(_ queue: QueueName, at: Instant) throws -> Int
    /// Ends the delivery as `delivered` or `ended`.
    func finish(_ delivery: Int64, _ state: DeliveryState) throws

    /// Appends an event to the log: in force, and signed, only when the transaction has ended.
    ///
    /// - Parameters:
    ///   - caseID: of an event about a case.
    ///   - now: the broker's clock; an event never has an earlier time than the one before.
    /// - Returns: the leaf's number in this store.
    /// - Throws: ``StoreError`` `.halted`: the log must not go on.
    @discardableResult
    func log(_ content: LogEvent.Content, in caseID: CaseID?, at now: Instant) throws -> Int64
    /// Appends that a document came into force, with the document. One that is logged already changes nothing.
    func log(_ document: StoredDocument, at now: Instant) throws
    /// Goes on with the mirror of another broker's log; what does not begin where the mirror ends changes nothing.
    ///
    /// - Returns: how many leaves are mirrored then.
    func mirror(_ leaves: [Digest], of origin: String, from first: Int64) throws -> Int64
    /// Appends that another log has signed two histories, with the note that shows it. A note that is logged already changes nothing.
    func log(conflict seen: SeenCheckpoint, note: [UInt8], at now: Instant) throws
    /// Takes away what the store holds of a case's events at these leaves: of a leaf its data is left. With the last event of the case its
    /// letters go, and ``LetterQueue/destroyErased()`` destroys its key.
    ///
    /// - Parameter leaves: of the case, in the log `origin`.
    /// - Throws: ``StoreError`` `.unreadable` for a leaf that is not the case's.
    func erase(_ caseID: CaseID, _ leaves: [Int64], of origin: String) throws
    /// Keeps a checkpoint of the own log with its cosignatures.
    func keep(_ checkpoint: StoredCheckpoint) throws
    /// Keeps a time stamp over a checkpoint of the own log.
    func keep(_ stamp: StoredStamp) throws

    /// The next number of the broker's own letters to this member.
    func nextSequence(to member: MemberID) throws -> (epoch: Int64, sequence: Int64)
}
