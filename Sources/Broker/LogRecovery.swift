// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Membership
public import MessageStore
public import Procedure
import SQLiteStore
public import TransparencyLog

/// Gives a log whose lock is gone its lock again. Without it nobody here knows how far the log was signed; others do. Protocols/Log.md §5.3.
public struct LogRecovery: Hashable, Sendable {
    /// Of the newest checkpoint that anybody has: the lock from now on.
    public let checkpoint: SeenCheckpoint
    /// Leaves that the store had lost, taken from a mirror: nobody opens them again.
    public let filled: Int64

    /// Asks each of the others what it has cosigned and mirrored of the log; fills in what the store lacks; makes the lock.
    ///
    /// - Parameters:
    ///   - note: that somebody kept; signed by the log.
    ///   - path: of the store, which no process has open.
    ///   - others: whom to ask; all of them have to answer, because one that does not may know more.
    /// - Throws: ``LogError`` for what is not this log's; ``ExchangeError`` of one that cannot be asked; ``StoreError`` `.halted` if there
    ///   is a lock (`there is a lock`), nobody mirrors as much as somebody has seen (`behind`), or the store is another tree (`forked`).
    ///   Nothing has changed then.
    public init(
        from note: SignedNote, of log: ListedLog, path: String, asking others: [any BrokerConnection], now: Instant
    ) async throws {
        let origin = log.key.name
        var notes = [note]
        for line in others {
            if let recorded = try await line.recordedCheckpoint() { notes.append(try SignedNote(recorded)) }
        }
        let checkpoints = try notes.map { try log.policy.verify($0).checkpoint }
        guard checkpoints.allSatisfy({ $0.origin == origin }) else { throw LogError(.binding, "of another log") }
        let sizes = checkpoints.map(\.head.size)
        let size = try SQLiteLetterQueue.inspect(path: path) { reading in
            try reading.logs().first { $0.origin == origin }?.head.size ?? 0
        }
        // What lies below the newest checkpoint that the store reaches is proved by that checkpoint's root; what a mirror has above the
        // newest of all by none, and whoever mirrors can have made it up.
        let first = sizes.filter { $0 <= size }.max() ?? 0
        let end = sizes.max() ?? first
        var tail: [Digest] = []
        for line in others {
            let mirrored = try await Self.mirrored(first..<end, over: line)
            guard zip(mirrored, tail).allSatisfy({ $0 == $1 }) else {
                throw StoreError(.halted, LogLock.Reason.forked.rawValue)
            }
            if mirrored.count > tail.count { tail = mirrored }
        }
        try SQLiteLetterQueue.adopt(notes, tail: tail, from: first, path: path, now: now)
        filled = max(0, first + Int64(tail.count) - size)
        let newest = checkpoints.max { $0.head.size < $1.head.size }
        checkpoint = try newest?.seen ?? Checkpoint(text: note.text).seen
    }

    private static func mirrored(_ range: Range<Int64>, over line: any BrokerConnection) async throws -> [Digest] {
        var leaves: [Digest] = []
        while leaves.count < range.count,
            case let more = try await line.mirrored(from: range.lowerBound + Int64(leaves.count)),
            !more.isEmpty
        {
            leaves += more.prefix(range.count - leaves.count)
        }
        return leaves
    }
}
