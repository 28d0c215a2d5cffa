// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import MessageStore
import Synchronization

/// Runs jobs in the order they come, as many as have gathered in one transaction, hence one sync.
///
/// While a commit waits for the disk, the next jobs gather: the busier the broker, the fewer syncs a letter costs. Each job has a savepoint
/// of its own, so that one that fails undoes only itself. No caller is answered before the commit it is part of has returned.
///
/// Jobs run on the writer queue of the pool, a thread that may block, never on the cooperative pool.
final class GroupCommitWriter: Sendable {
    private struct State {
        var pending: [any WriteJob] = []
        var isRunning = false
        /// Set for ever by an error after which nobody knows what is on the disk.
        var failure: StoreError?
    }

    private let pool: DatabasePool
    private let versions: VersionCounter
    private let log: LogWriter
    private let state = Mutex(State())

    init(pool: DatabasePool, versions: VersionCounter, log: LogWriter) {
        self.pool = pool
        self.versions = versions
        self.log = log
    }

    func add(_ job: any WriteJob) {
        enum Next { case start, queued, failed(StoreError) }
        let next: Next = state.withLock { state in
            if let failure = state.failure { return .failed(failure) }
            state.pending.append(job)
            if state.isRunning { return .queued }
            state.isRunning = true
            return .start
        }
        switch next {
        case .queued: break
        case .start: pool.asyncWriteWithoutTransaction { db in self.drain(db) }
        case .failed(let error): job.finish(error)
        }
    }

    /// Every later job fails with `error`.
    func stop(_ error: StoreError) {
        let left = state.withLock { state in
            state.failure = state.failure ?? error
            defer { state.pending = [] }
            return state.pending
        }
        for job in left { job.finish(error) }
    }

    private func drain(_ db: Database) {
        while true {
            let batch: [any WriteJob] = state.withLock { state in
                let batch = Array(state.pending.prefix(StoreLimits.jobsInACommit))
                state.pending.removeFirst(batch.count)
                if batch.isEmpty { state.isRunning = false }
                return batch
            }
            if batch.isEmpty { return }
            commit(batch, db)
        }
    }

    private func commit(_ batch: [any WriteJob], _ db: Database) {
        do {
            try attempt(batch, db)
        } catch {
            rollBack(db)
            // A full disk undoes the whole transaction, so each job gets one of its own: what still has room is not hurt by what has not.
            guard batch.count > 1, error.code != .failed else {
                if error.code == .failed { stop(error) }
                for job in batch { job.finish(error) }
                return
            }
            for job in batch { commit([job], db) }
            return
        }
        // Commit point: a crash before this line loses the batch, of which nobody has been told; a crash after it loses only answers, and
        // the sender's resend gets the stored one.
        let wrote = log.isAhead
        log.committedAll()
        do {
            try log.seal(db)
            for job in batch { job.finish(nil) }
        } catch {
            // What logs nothing goes on while the log halts; nobody is told of an event that no checkpoint covers.
            if error.code == .failed { stop(error) }
            for job in batch { job.finish(wrote || error.code == .failed ? error : nil) }
        }
    }

    private func attempt(_ batch: [any WriteJob], _ db: Database) throws(StoreError) {
        do {
            log.begin()
            try db.run("BEGIN IMMEDIATE")
            // Asked once: this file system gives the batch its bytes at the commit.
            let limit = try SQLiteTransaction.limitBytes(db, path: log.path)
            for job in batch {
                let mark = log.mark()
                try db.run("SAVEPOINT job")
                do {
                    try job.attempt(
                        SQLiteTransaction(db, versions, log.keys, path: log.path, limit: limit, writer: log))
                } catch {
                    // SQLite ends the whole transaction by itself after some errors (SQLITE_FULL, SQLITE_IOERR): then all must be redone.
                    guard db.isInsideTransaction else { throw error }
                    if let error = error as? DatabaseError, error.resultCode != .SQLITE_CONSTRAINT { throw error }
                    job.fail(error)
                    try db.run("ROLLBACK TO job")
                    log.restore(mark)
                }
                try db.run("RELEASE job")
            }
            try log.finish(db)
            try db.run("COMMIT")
        } catch let error as DatabaseError {
            throw StoreError(error)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.failed, "not a database error outside a transaction")
        }
    }

    private func rollBack(_ db: Database) {
        if db.isInsideTransaction { try? db.run("ROLLBACK") }
    }
}

/// A transaction that somebody waits for.
protocol WriteJob: AnyObject, Sendable {
    /// Runs the body; may be called again after the transaction was undone.
    func attempt(_ transaction: SQLiteTransaction) throws
    /// The body threw: its answer is the error, once the transaction of the others is through.
    func fail(_ error: any Error)
    /// Answers the caller: what the body returned or threw, or the error of the commit.
    func finish(_ error: StoreError?)
}

final class BodyJob<Value: Sendable>: WriteJob, @unchecked Sendable {
    // @unchecked: `result` is touched by the writer's thread alone, and every job is finished once, after its last attempt.
    private let body: @Sendable (any LetterTransaction) throws -> Value
    private let answer: @Sendable (Result<Value, any Error>) -> Void
    private var result: Result<Value, any Error>?

    init(
        body: @escaping @Sendable (any LetterTransaction) throws -> Value,
        answer: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        self.body = body
        self.answer = answer
    }

    func attempt(_ transaction: SQLiteTransaction) throws { result = .success(try body(transaction)) }
    func fail(_ error: any Error) { result = .failure((error as? DatabaseError).map { StoreError($0) } ?? error) }
    func finish(_ error: StoreError?) {
        if let result = error.map({ .failure($0) }) ?? result { answer(result) }
    }
}

extension Database {
    /// A statement without arguments, compiled once.
    func run(_ sql: String) throws { try cachedStatement(sql: sql).execute() }
}
