// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import MessageStore
public import Procedure
import SQLiteStore
import TransparencyLog

/// What waits at a broker, for its operator: counts only, no letter and no case.
public struct BrokerStatus: Sendable, Hashable {
    /// Letters by where they stand.
    public var letters: [LetterStatus: Int]
    /// Letters in the mailbox of each member that has any.
    public var mailboxes: [MemberID: Int]
    /// Letters on the way to each other broker.
    public var forwards: [MemberID: Int]

    /// The log that is written; `nil` before its first event.
    public var log: Log?

    /// How far a log is, and how far others have cosigned it.
    public struct Log: Sendable, Hashable {
        public var origin: String
        /// Leaves.
        public var size: Int64
        /// Of the newest checkpoint that somebody cosigned, and when that was stored.
        public var cosignedSize: Int64?
        public var cosignedAt: Instant?
        /// Of the newest checkpoint with a time stamp.
        public var stampedSize: Int64?
    }

    /// Queues empty, nothing under way.
    public var isEmpty: Bool {
        mailboxes.isEmpty && forwards.isEmpty && LetterStatus.allCases.allSatisfy { !$0.isOpen || letters[$0] == 0 }
    }

    init(_ reading: any LetterReading) throws {
        letters = [:]
        for status in LetterStatus.allCases { letters[status] = try reading.count(status) }
        func open(_ kind: DeliveryKind) throws -> [MemberID: Int] {
            var result: [MemberID: Int] = [:]
            for member in try reading.destinations(kind) {
                result[member] = try reading.openCount(QueueName(member, kind))
            }
            return result
        }
        mailboxes = try open(.mailbox)
        forwards = try open(.forward)
        log = try reading.logs().last.map { log in
            let newest = try reading.checkpoints(of: log.origin, newest: 1).first
            return Log(
                origin: log.origin, size: log.head.size, cosignedSize: newest?.size, cosignedAt: newest?.at,
                stampedSize: try reading.stamps(of: log.origin).last?.size)
        }
    }

    /// Reads the store of a home, also while its broker runs.
    ///
    /// - Throws: ``StoreError`` `.unreadable` when there is none yet.
    public static func read(home path: String) throws -> BrokerStatus {
        try SQLiteLetterQueue.inspect(path: path + "/broker.sqlite") { try BrokerStatus($0) }
    }
}

extension BrokerCore {
    public func status() async throws -> BrokerStatus { try await look { try BrokerStatus($0) } }
}
