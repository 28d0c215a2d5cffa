// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import GRDB
public import MessageStore
public import Procedure
import Synchronization
public import TransparencyLog

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The store of one broker in one SQLite file: WAL, `synchronous=FULL`, one process at a time.
///
/// What an attacker who writes to the file gains: letters lost, doubled or handed to the wrong mailbox, all of which the recipients see
/// (signatures, sequences, receipts). No part opens.
public final class SQLiteLetterQueue: LetterQueue {
    private let pool: DatabasePool
    private let writer: GroupCommitWriter
    private let path: String
    private let settings: SQLiteSettings
    private let lock: FileLock
    private let versions: VersionCounter
    private let keys: EventKeys
    private let log: LogWriter

    /// Opens the store, or makes it.
    ///
    /// Beside the file lie `<path>.lock`, which keeps a second process out; `<path>.keys`, the case event keys, which belong in no long
    /// backup; and `<path>.lock-<origin>`, the log's lock, which belongs in none. A log that must not go on stops nothing else: ``halt``.
    ///
    /// - Parameters:
    ///   - path: the file; its folder is there already.
    ///   - signer: of the log that is written; one of a new name begins a new log.
    /// - Throws: ``StoreError`` `.busy` when another process has it, `.unsafeSettings` naming the setting, `.unreadable`.
    public init(path: String, signer: LogSigner, settings: SQLiteSettings = SQLiteSettings()) throws {
        lock = try FileLock(path: path + ".lock")
        self.path = path
        self.settings = settings
        let pool = try SQLiteConnection.pool(path: path, settings: settings)
        do {
            versions = VersionCounter(try pool.writeWithoutTransaction { db in try Self.migrate(db) })
        } catch let error as DatabaseError {
            throw StoreError(error, opening: true)
        }
        self.pool = pool
        keys = try EventKeys(path: Self.keysPath(path))
        log = LogWriter(signer: signer, keys: keys, path: path)
        do {
            try pool.writeWithoutTransaction { [log] db in try log.open(db) }
        } catch let error as DatabaseError {
            throw StoreError(error, opening: true)
        }
        writer = GroupCommitWriter(pool: pool, versions: versions, log: log)
        do {
            try pool.writeWithoutTransaction { [keys] db in try SQLiteTransaction.destroyErased(db, keys) }
        } catch let error as DatabaseError {
            throw StoreError(error, opening: true)
        }
    }

    private static func keysPath(_ path: String) -> String { path + ".keys" }

    public func write<Value: Sendable>(
        all bodies: [@Sendable (any LetterTransaction) throws -> Value]
    ) async -> [Result<Value, any Error>] {
        guard !bodies.isEmpty else { return [] }
        // A cancelled task still waits: the store decides the answer, never the task.
        return await withCheckedContinuation { continuation in
            let answers = Answers<Value>(bodies.count) { continuation.resume(returning: $0) }
            for (index, body) in bodies.enumerated() { writer.add(BodyJob(body: body) { answers.set($0, at: index) }) }
        }
    }

    public func read<Value: Sendable>(_ body: @escaping @Sendable (any LetterReading) throws -> Value) async throws
        -> Value
    {
        do {
            return try await pool.read { [versions, keys, path] db in
                try body(SQLiteTransaction(db, versions, keys, path: path))
            }
        } catch let error as DatabaseError {
            throw StoreError(error)
        }
    }

    public var checkpoint: SignedNote? { log.note }

    public func checkpoint(of origin: String) async throws -> SignedNote? {
        if origin == log.signer.key.name { return log.note }
        guard try await read({ try $0.logs() }).contains(where: { $0.origin == origin }) else { return nil }
        return try Self.lastCheckpoint(of: origin, at: path)
    }

    /// Of a log of a year that has ended: its lock has it.
    private static func lastCheckpoint(of origin: String, at path: String) throws -> SignedNote? {
        try LogLockFile(path: LogWriter.lockPath(store: path, origin: origin))?.note
    }

    /// Why nothing more is logged, and so no letter taken; `nil` while all is well.
    public var halt: StoreError? { log.halt }

    public func receipts(of leaves: [Int64]) async throws -> [LogReceipt?] {
        guard !leaves.isEmpty else { return [] }
        if let receipts = try log.recentReceipts(of: leaves) { return receipts }
        // Taken before the snapshot: one shown while it lasts may be of leaves that the snapshot does not have.
        let newest = log.note
        do {
            return try await pool.read { [versions, keys, log, path] db in
                try SQLiteTransaction(db, versions, keys, path: path).receipts(of: leaves) { origin in
                    try origin == log.signer.key.name ? newest : Self.lastCheckpoint(of: origin, at: path)
                }
            }
        } catch let error as DatabaseError {
            throw StoreError(error)
        }
    }

    /// Computes the whole tree anew from its leaves and compares it with what is stored; halts the log if it is another one.
    ///
    /// Reads in pieces, beside the writer; a start has looked at the last leaves already.
    ///
    /// - Throws: ``StoreError`` `.halted`.
    public func verifyLog() async throws {
        let origin = log.signer.key.name
        var tree = Frontier()
        while true {
            let from = tree.size
            let leaves = try await read { try $0.leafData(of: origin, from: from, count: 65_536) }
            for leaf in leaves { tree.append(leafHash: MerkleHash.leaf(leaf)) }
            let head = tree.head
            let stored = try await read { reading in
                try MerkleTree.head(size: head.size) { try reading.node(of: origin, at: $0) }
            }
            guard stored == head else { throw log.halt(.forked) }
            if leaves.isEmpty { return }
        }
    }

    /// Gives a log whose lock is gone its lock again: the newest of checkpoints that others kept, if the tree has them all. What the store
    /// lacks of a tree that others have is filled in first, as leaves of which nobody knows what they stood for. The log says that it was
    /// `restarted`. No process may have the store open.
    ///
    /// - Parameters:
    ///   - notes: of one log, verified by the caller; at least one.
    ///   - tail: leaf data from leaf `first` on, as others have mirrored them.
    /// - Throws: ``StoreError`` `.halted` if there is a lock, or store and tail are behind a checkpoint or another tree: nothing has changed
    ///   then; `.busy`.
    public static func adopt(
        _ notes: [SignedNote], tail: [Digest] = [], from first: Int64 = 0, path: String, now: Instant
    ) throws {
        let lock = try FileLock(path: path + ".lock")
        defer { lock.release() }
        let settings = SQLiteSettings()
        do {
            let pool = try SQLiteConnection.pool(path: path, settings: settings)
            defer { try? pool.close() }
            try pool.writeWithoutTransaction { db in
                try LogWriter.adopt(notes, tail: tail, from: first, storePath: path, now: now, db)
            }
        } catch let error as DatabaseError {
            throw StoreError(error, opening: true)
        }
    }

    public func destroyErased() async throws {
        log.forget()
        do {
            try await pool.barrierWriteWithoutTransaction { [keys] db in try SQLiteTransaction.destroyErased(db, keys) }
        } catch let error as DatabaseError {
            throw StoreError(error)
        }
    }

    public func close() async throws {
        writer.stop(StoreError(.closed, "the store is closed"))
        try await pool.barrierWriteWithoutTransaction { db in try db.run("PRAGMA wal_checkpoint(TRUNCATE)") }
        try pool.close()
        try keys.close()
        log.close()
        lock.release()
    }

    /// Reads a store beside the process that has it open; changes nothing.
    public static func inspect<Value>(path: String, _ body: (any LetterReading) throws -> Value) throws -> Value {
        guard FileManager.default.fileExists(atPath: path) else {
            throw StoreError(.unreadable, "there is no store yet")
        }
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let keys = try EventKeys(path: keysPath(path), isReadOnly: true)
            return try DatabaseQueue(path: path, configuration: configuration).read { db in
                try body(SQLiteTransaction(db, VersionCounter(0), keys, path: path))
            }
        } catch let error as DatabaseError {
            throw StoreError(error, opening: true)
        }
    }

    /// Makes the tables in a new file; returns the highest version that any case has had.
    private static func migrate(_ db: Database) throws -> Int64 {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if application == 0, version == 0, try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0 {
            try db.inTransaction(.immediate) {
                try db.execute(sql: LetterSchema.statements)
                try db.execute(sql: LogSchema.statements)
                try db.execute(sql: "INSERT INTO setting VALUES ('epoch', 1)")
                try db.execute(sql: "PRAGMA application_id = \(LetterSchema.applicationID)")
                try db.execute(sql: "PRAGMA user_version = \(LetterSchema.version)")
                return .commit
            }
        } else if application != LetterSchema.applicationID || version != LetterSchema.version {
            throw StoreError(.unreadable, "not a broker's store of version \(LetterSchema.version)")
        }
        return try Int64.fetchOne(db, sql: "SELECT max(version) FROM cases") ?? 0
    }
}

/// Numbers that no two changes of a case share while the process lives, also not when one of them was undone.
final class VersionCounter: Sendable {
    private let last: Atomic<Int64>

    init(_ last: Int64) { self.last = Atomic(last) }
    func next() -> Int64 { last.add(1, ordering: .relaxed).newValue }
}

/// Holds `flock` on a file while the process lives: a second broker on the same store would hand letters out twice, a second witness
/// forget what the first has cosigned.
public final class FileLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// - Parameter path: made if need be.
    /// - Throws: ``StoreError`` `.busy` when another process has it, `.unreadable`.
    public init(path: String) throws {
        let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StoreError(.unreadable, "the lock file cannot be made") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw StoreError(.busy, "another process has this store open")
        }
        self.descriptor = Mutex(descriptor)
    }

    public func release() {
        descriptor.withLock {
            if $0 >= 0 { close($0) }
            $0 = -1
        }
    }

    deinit { release() }
}

/// Collects what several jobs answer, and hands it on when the last has answered.
private final class Answers<Value: Sendable>: Sendable {
    private let results: Mutex<(left: Int, all: [Result<Value, any Error>?])>
    private let finish: @Sendable ([Result<Value, any Error>]) -> Void

    init(_ count: Int, finish: @escaping @Sendable ([Result<Value, any Error>]) -> Void) {
        results = Mutex((count, Array(repeating: nil, count: count)))
        self.finish = finish
    }

    func set(_ result: Result<Value, any Error>, at index: Int) {
        let all: [Result<Value, any Error>?]? = results.withLock { state in
            state.all[index] = result
            state.left -= 1
            return state.left == 0 ? state.all : nil
        }
        if let all { finish(all.compactMap { $0 }) }
    }
}
