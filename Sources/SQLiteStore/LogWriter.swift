// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import GRDB
internal import Letters
internal import MessageStore
internal import Procedure
import Synchronization
internal import TransparencyLog

/// The log that a store writes: appends events inside its transactions, and signs after each commit. Protocols/Log.md §5.4.
///
/// In memory it has nothing that is not in the store and its lock; a process that is killed anywhere leaves what ``open(_:isNew:)`` can go
/// on from.
final class LogWriter: @unchecked Sendable {
    // @unchecked: all but `shown` and `stopped` is touched by the writer's thread alone, and before there is one.
    let signer: LogSigner
    let keys: EventKeys
    let path: String
    private let shown = Mutex<SignedNote?>(nil)
    private let stopped = Mutex<StoreError?>(nil)
    fileprivate var lock: LogLockFile?
    /// Which of the store's logs, and the number of its first leaf.
    private var log: Int64 = 0
    private var first: Int64 = 0
    /// What is committed, and of it what is signed.
    private var committed: LogBatch
    private var signed = Frontier()
    /// The transaction under way.
    private var batch: LogBatch
    private var entries: [LogBatch.Entry] = []
    private let recent = Mutex(RecentLeaves())

    /// Leaves that are hashed again before the first signature. *Assumed.*
    static let recheckedLeaves: Int64 = 65_536

    /// - Parameter path: of the store; the lock lies beside it.
    init(signer: LogSigner, keys: EventKeys, path: String) {
        self.signer = signer
        self.keys = keys
        self.path = path
        committed = LogBatch(origin: signer.key.name, frontier: Frontier(), lastAt: Instant(seconds: 0))
        batch = committed
    }

    /// The newest checkpoint that was signed and locked.
    var note: SignedNote? { shown.withLock { $0 } }
    /// Why nothing is logged any more.
    var halt: StoreError? { stopped.withLock { $0 } }

    static func lockPath(store: String, origin: String) -> String {
        store + ".lock-" + origin.replacing("/", with: "_")
    }

    func halt(_ reason: LogLock.Reason) -> StoreError {
        let error = StoreError(.halted, reason.rawValue)
        return stopped.withLock { stopped in
            stopped = stopped ?? error
            return stopped ?? error
        }
    }

    // MARK: - In a transaction

    func begin() {
        batch = committed
        entries = []
    }

    /// A job of the transaction begins, or, with what this gave before, is undone.
    func mark() -> (batch: LogBatch, entries: Int) { (batch, entries.count) }
    func restore(_ mark: (batch: LogBatch, entries: Int)) {
        batch = mark.batch
        entries.removeSubrange(mark.entries...)
    }

    /// One event, with its row, nodes, and place in its case.
    func append(_ content: LogEvent.Content, in caseID: CaseID?, at now: Instant, _ db: Database) throws -> Int64 {
        if let halt { throw halt }
        if batch.frontier.size == 0, case .start = content {
        } else if batch.frontier.size == 0 {
            _ = try append(.start(before: try lastCosigned(db)), in: nil, at: now, db)
        }
        var place: LogEvent.Place?
        var before: Int64?
        var key: [UInt8]?
        if let caseID {
            let newest = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT number, leaf, hash FROM log_case WHERE case_id = ?"),
                arguments: [caseID.text])
            before = newest?[1]
            place = LogEvent.Place(
                caseID: caseID, number: newest.map { $0[0] + 1 } ?? 0,
                previous: try newest.map { try SQLiteTransaction.digest($0[2]) })
            key = try newest == nil ? keys.begin(caseID) : keys.need(caseID)
        }
        let origin = batch.origin
        let entry = batch.append(content, place: place, now: now) { index in
            key.map { EventSalt.ofCase(key: $0, origin: origin, index: index) } ?? EventSalt.random()
        }
        // Their own list, so that the mark of a job copies none of them.
        entries.append(entry)
        batch = LogBatch(origin: origin, frontier: batch.frontier, lastAt: batch.at)
        let leaf = first + entry.index
        let text = try key.map { try EventKeys.seal(entry.event, key: $0, leaf: leaf) } ?? entry.event
        try Self.insert(leaf, entry.leafData, before: before, caseID: caseID, text: text, entry.nodes, log: log, db)
        if let place {
            try db.cachedStatement(
                sql: """
                    INSERT INTO log_case VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT (case_id) DO UPDATE SET number = ?2, leaf = ?3, hash = ?4
                    """
            ).execute(arguments: [place.caseID.text, place.number, leaf, Data(entry.leafHash.bytes)])
        }
        return leaf
    }

    /// What the first event of a log names: the last checkpoint file of the log before that somebody cosigned.
    private func lastCosigned(_ db: Database) throws -> Digest? {
        try Data.fetchOne(
            db,
            sql: "SELECT note FROM log_checkpoint WHERE log = ? ORDER BY size DESC, at DESC LIMIT 1",
            arguments: [log - 1]
        ).map { Digest.sha256([UInt8]($0)) }
    }

    /// The last thing before the commit: the head that these events give. The keys are durable before it.
    func finish(_ db: Database) throws {
        guard isAhead else { return }
        try keys.flush()
        try Self.store(batch, log: log, db)
    }

    /// Whether the transaction under way logs anything.
    var isAhead: Bool { batch.frontier.size > committed.frontier.size }
    /// The transaction is durable.
    func committedAll() {
        recent.withLock { $0.add(entries, first: first, after: committed.frontier) }
        committed = batch
    }

    /// What is erased is kept nowhere.
    func forget() { recent.withLock { $0 = RecentLeaves() } }

    /// Receipts of leaves that were all written lately; `nil` if they must be read from the store.
    func recentReceipts(of leaves: [Int64]) throws -> [LogReceipt]? {
        guard let note else { return nil }
        let size = try Checkpoint(text: note.text).head.size
        return try recent.withLock { recent in
            var receipts: [LogReceipt] = []
            for leaf in leaves {
                guard let receipt = try recent.receipt(of: leaf, in: size, under: note) else { return nil }
                receipts.append(receipt)
            }
            return receipts
        }
    }

    // MARK: - After it

    /// Reads back, signs, moves the lock on, shows the checkpoint. Only then may anybody be answered.
    ///
    /// - Throws: ``StoreError`` `.halted`; `.failed` when nobody knows what the lock has.
    func seal(_ db: Database) throws(StoreError) {
        if let halt { throw halt }
        guard committed.frontier.size > signed.size || note == nil, let lock, let old = lock.note else { return }
        do {
            let head = try storedHead(db)
            let readBack = try signed.reaching(head, with: try readLeaves(from: signed.size, db))
            guard readBack == committed.frontier else { throw LogError(.inconsistent, "not the tree that was written") }
            let known = try Checkpoint(text: old.text).head
            let verdict = try LogLock.judge(lock: known, head: head) { size in
                try size == signed.size ? signed.head : MerkleTree.head(size: size) { try node($0, db) }
            }
            switch verdict {
            case .halted(let reason): throw halt(reason)
            case .current: shown.withLock { $0 = old }
            case .ahead:
                // Commit point: a crash before the lock has it leaves leaves without checkpoint, and the next start signs the same
                // bytes; a crash after it loses answers, and the sender's resend gets the same leaf under this checkpoint.
                let note = try signer.sign(try Checkpoint(origin: signer.key.name, head: head))
                try lock.replace(old, by: note)
                shown.withLock { $0 = note }
            }
            signed = readBack
        } catch let error as StoreError {
            throw error
        } catch is DatabaseError {
            throw StoreError(.failed, "the log cannot be read back")
        } catch {
            throw halt(.forked)
        }
    }

    private func storedHead(_ db: Database) throws -> TreeHead {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT size, root FROM log WHERE number = ?"), arguments: [log])
        guard let row else { throw LogError(.inconsistent, "the head is gone") }
        return TreeHead(size: row[0], root: try SQLiteTransaction.digest(row[1]))
    }

    /// Leaf data from `index` on; each with its event, as far as that is not erased, hashed anew.
    private func readLeaves(from index: Int64, _ db: Database) throws -> [Digest] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT number, data, case_id, text FROM log_leaf WHERE number >= ? ORDER BY number"),
            arguments: [first + index])
        return try rows.map { row in
            let data = try SQLiteTransaction.digest(row[1])
            guard let event = try Self.event(row, keys) else { return data }
            guard Digest.sha256(event) == data else { throw LogError(.inconsistent, "an event that is not its leaf's") }
            return data
        }
    }

    /// The event's file out of `number, …, case_id, text`; `nil` once it is erased.
    static func event(_ row: Row, _ keys: EventKeys) throws -> [UInt8]? {
        guard let text = row["text"] as Data? else { return nil }
        guard let caseText = row["case_id"] as String? else { return [UInt8](text) }
        guard let caseID = CaseID(caseText), let key = try keys.key(of: caseID) else { return nil }
        return try EventKeys.open([UInt8](text), key: key, leaf: row["number"])
    }

    func node(_ position: TreeNode.Position, _ db: Database) throws -> Digest {
        try SQLiteTransaction.node(position, log: log, first: first, db)
    }
}

extension LogWriter {
    func close() { lock?.close() }
}

// MARK: - At start

extension LogWriter {
    /// Goes on from what the store and the lock have: the end of the tree is computed anew, then judged by the lock, then signed if need be.
    /// If it must not be signed, ``halt`` says why, and everything else goes on.
    ///
    /// - Throws: ``StoreError``.
    func open(_ db: Database) throws {
        let origin = signer.key.name
        let row = try Row.fetchOne(
            db, sql: "SELECT number, first, size, peaks, at FROM log WHERE origin = ?", arguments: [origin])
        let lockPath = Self.lockPath(store: path, origin: origin)
        lock = try LogLockFile(path: lockPath)
        if let row {
            (log, first) = (row[0], row[1])
            try load(size: row[2], peaks: [UInt8](row[3] as Data), at: row[4], db)
        } else {
            // A new log. Its lock comes first: a crash in between leaves a lock of an empty log, which this one goes on from.
            if lock == nil {
                try LogLockFile.create(
                    path: lockPath, note: try signer.sign(try Checkpoint(origin: origin, head: .empty)))
                lock = try LogLockFile(path: lockPath)
            }
            first = try Int64.fetchOne(db, sql: "SELECT max(first + size) FROM log") ?? 1
            try db.execute(
                sql: "INSERT INTO log (origin, first, size, root, peaks, at) VALUES (?, ?, 0, ?, x'', 0)",
                arguments: [origin, first, Data(TreeHead.empty.root.bytes)])
            log = db.lastInsertedRowID
        }
        guard lock != nil else {
            _ = halt(.missing)
            return
        }
        do { try seal(db) } catch {
            guard error.code == .halted else { throw error }
        }
    }

    /// The tree as the store has it, its last leaves computed anew from their data.
    private func load(size: Int64, peaks: [UInt8], at: Int64, _ db: Database) throws {
        guard let stored = Frontier(size: size, peaks: Frontier.peaks(peaks)) else {
            _ = halt(.forked)
            return
        }
        committed = LogBatch(origin: signer.key.name, frontier: stored, lastAt: Instant(seconds: at))
        batch = committed
        do {
            // Of what the lock has, nothing has to be signed again.
            let locked = try lock?.note.map { try Checkpoint(text: $0.text).head.size } ?? 0
            let from = max(0, min(locked, size) - Self.recheckedLeaves)
            signed = try frontier(of: from, db)
            let data = try Row.fetchCursor(
                db, sql: "SELECT data FROM log_leaf WHERE number >= ? AND number < ? ORDER BY number",
                arguments: [first + from, first + size])
            var tree = signed
            while let row = try data.next() {
                tree.append(leafHash: MerkleHash.leaf(try SQLiteTransaction.digest(row[0])))
            }
            guard tree == stored else { throw LogError(.inconsistent, "the leaves do not give the stored root") }
            // The texts of what was not signed yet are read back as after any commit.
            signed = try frontier(of: min(locked, size), db)
        } catch let error as DatabaseError {
            throw StoreError(error)
        } catch {
            _ = halt(.forked)
        }
    }

    private func frontier(of size: Int64, _ db: Database) throws -> Frontier {
        var peaks: [Digest] = []
        var start: Int64 = 0
        for level in stride(from: 52, through: 0, by: -1) where size & (1 << Int64(level)) != 0 {
            peaks.append(try node(.init(level: level, index: start >> Int64(level)), db))
            start += 1 << Int64(level)
        }
        guard let frontier = Frontier(size: size, peaks: peaks) else { throw LogError(.inconsistent, "no such tree") }
        return frontier
    }

    /// A person brings checkpoints that others kept, because the lock is gone, and leaves that they mirrored: the newest becomes the lock if
    /// the tree has them all.
    ///
    /// - Throws: ``StoreError`` `.halted` if there is a lock, or the tree is another one.
    static func adopt(
        _ notes: [SignedNote], tail: [Digest], from firstOfTail: Int64, storePath: String, now: Instant, _ db: Database
    ) throws {
        let checkpoints = try notes.map { try Checkpoint(text: $0.text) }
        guard let origin = checkpoints.first?.origin, checkpoints.allSatisfy({ $0.origin == origin }),
            let newest = zip(notes, checkpoints).max(by: { $0.1.head.size < $1.1.head.size })
        else { throw StoreError(.halted, "checkpoints of one log are needed") }
        let lockPath = lockPath(store: storePath, origin: origin)
        guard try LogLockFile(path: lockPath) == nil else { throw StoreError(.halted, "there is a lock") }
        let row = try Row.fetchOne(
            db, sql: "SELECT number, first, size, peaks, at FROM log WHERE origin = ?", arguments: [origin])
        guard let row, var tree = Frontier(size: row[2], peaks: Frontier.peaks([UInt8](row[3] as Data))) else {
            throw StoreError(.halted, "no log of this name")
        }
        let (log, first): (Int64, Int64) = (row[0], row[1])
        guard firstOfTail <= tree.size else { throw StoreError(.halted, LogLock.Reason.behind.rawValue) }
        // Commit point: after a crash before the lock is made the log is still halted, and the same command goes on.
        try db.inTransaction(.immediate) {
            let own = try Data.fetchAll(
                db, sql: "SELECT data FROM log_leaf WHERE number >= ? AND number < ? ORDER BY number",
                arguments: [first + firstOfTail, first + tree.size])
            guard zip(own, tail).allSatisfy({ $0.0.elementsEqual($0.1.bytes) }) else {
                throw StoreError(.halted, LogLock.Reason.forked.rawValue)
            }
            for data in tail.dropFirst(own.count) {
                try insert(
                    first + tree.size, data, text: nil, tree.append(leafHash: MerkleHash.leaf(data)), log: log, db)
            }
            for head in checkpoints.map(\.head) {
                guard head.size <= tree.size else { throw StoreError(.halted, LogLock.Reason.behind.rawValue) }
                let own = try MerkleTree.head(size: head.size) {
                    try SQLiteTransaction.node($0, log: log, first: first, db)
                }
                guard own == head else { throw StoreError(.halted, LogLock.Reason.forked.rawValue) }
            }
            var batch = LogBatch(origin: origin, frontier: tree, lastAt: Instant(seconds: row[4]))
            let entry = batch.append(.restarted(.recovery), now: now) { _ in EventSalt.random() }
            try insert(first + entry.index, entry.leafData, text: entry.event, entry.nodes, log: log, db)
            try store(batch, log: log, db)
            return .commit
        }
        try LogLockFile.create(path: lockPath, note: newest.0)
    }

    /// One leaf, and the nodes that it completes. The leaf's own hash is that of its data: only what stands above is stored.
    private static func insert(
        _ number: Int64, _ data: Digest, before: Int64? = nil, caseID: CaseID? = nil, text: [UInt8]?,
        _ nodes: [TreeNode],
        log: Int64, _ db: Database
    ) throws {
        try db.cachedStatement(sql: "INSERT INTO log_leaf VALUES (?, ?, ?, ?, ?)").execute(arguments: [
            number, Data(data.bytes), before, caseID?.text, text.map { Data($0) },
        ])
        for node in nodes.dropFirst() {
            try db.cachedStatement(sql: "INSERT INTO log_node VALUES (?, ?, ?, ?)").execute(arguments: [
                log, node.position.level, node.position.index, Data(node.hash.bytes),
            ])
        }
    }

    /// The head that the store has from now on.
    private static func store(_ batch: LogBatch, log: Int64, _ db: Database) throws {
        let head = batch.frontier.head
        try db.cachedStatement(sql: "UPDATE log SET size = ?, root = ?, peaks = ?, at = ? WHERE number = ?").execute(
            arguments: [
                head.size, Data(head.root.bytes), Data(batch.frontier.peaks.flatMap(\.bytes)), batch.at.seconds, log,
            ])
    }
}
