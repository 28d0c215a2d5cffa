// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import GRDB
internal import Letters
internal import MessageStore
internal import Procedure

/// Mailboxes and the ways to other brokers.
extension SQLiteTransaction {
    private static let deliveryColumns =
        "delivery.number, letter.id, destination, kind, delivery.lane, state, due, tries FROM delivery JOIN letter ON letter.number = letter"

    private static func delivery(_ row: Row) throws -> DeliveryRecord {
        guard let kind = DeliveryKind(rawValue: row[3]), let state = DeliveryState(rawValue: row[5]) else {
            throw StoreError(.unreadable, "not a delivery")
        }
        return DeliveryRecord(
            number: row[0], letter: try digest(row[1]), destination: try member(row[2]), kind: kind, lane: lane(row[4]),
            state: state,
            due: Instant(seconds: row[6]), tries: row[7])
    }

    func enqueue(_ id: LetterID, lane: Lane, to queue: QueueName) throws {
        try run(
            """
            INSERT OR IGNORE INTO delivery (letter, destination, kind, lane, state, due, tries)
            VALUES (?, ?, ?, ?, 0, 0, 0)
            """, [try number(of: id), queue.destination.text, queue.kind.rawValue, Self.number(lane)])
        guard db.changesCount > 0, queue.kind == .mailbox else { return }
        try run(
            "INSERT INTO member VALUES (?, 0, 0, 0, 1, 0) ON CONFLICT (member) DO UPDATE SET changes = changes + 1",
            [queue.destination.text])
    }

    func deliveries(of id: LetterID) throws -> [DeliveryRecord] {
        try rows(
            "SELECT \(Self.deliveryColumns) WHERE letter = (SELECT number FROM letter WHERE id = ?) ORDER BY delivery.number",
            [Data(id.bytes)]
        ).map(Self.delivery)
    }

    func queued(_ queue: QueueName, limit: Int) throws -> [DeliveryRecord] {
        try rows(
            """
            SELECT \(Self.deliveryColumns) WHERE kind = ? AND destination = ? AND state = 0
            ORDER BY delivery.lane, delivery.number LIMIT ?
            """, [queue.kind.rawValue, queue.destination.text, limit]
        ).map(Self.delivery)
    }

    func restingCount(_ queue: QueueName) throws -> Int {
        Int(
            try integer(
                "SELECT count(*) FROM delivery WHERE kind = ? AND destination = ? AND state = 1",
                [queue.kind.rawValue, queue.destination.text]) ?? 0)
    }

    func nextDue(_ queue: QueueName) throws -> Instant? {
        try integer(
            "SELECT min(due) FROM delivery WHERE kind = ? AND destination = ? AND state = 1",
            [queue.kind.rawValue, queue.destination.text]
        ).map { Instant(seconds: $0) }
    }

    func openCount(_ queue: QueueName) throws -> Int {
        let queued = try integer(
            "SELECT count(*) FROM delivery WHERE kind = ? AND destination = ? AND state = 0",
            [queue.kind.rawValue, queue.destination.text])
        return try restingCount(queue) + Int(queued ?? 0)
    }

    func destinations(_ kind: DeliveryKind) throws -> [MemberID] {
        try rows(
            """
            SELECT destination FROM delivery WHERE kind = ?1 AND state = 0
            UNION SELECT destination FROM delivery WHERE kind = ?1 AND state = 1
            """, [kind.rawValue]
        ).map { try Self.member($0[0]) }
    }

    func rest(_ delivery: Int64, until due: Instant) throws {
        try run(
            "UPDATE delivery SET state = 1, due = ?, tries = tries + 1 WHERE number = ? AND state < 2",
            [due.seconds, delivery])
    }

    func extend(_ delivery: Int64, until due: Instant) throws {
        try run("UPDATE delivery SET state = 1, due = ? WHERE number = ? AND state < 2", [due.seconds, delivery])
    }

    func wake(_ queue: QueueName, at: Instant) throws -> Int {
        try run(
            "UPDATE delivery SET state = 0 WHERE kind = ? AND destination = ? AND state = 1 AND due <= ?",
            [queue.kind.rawValue, queue.destination.text, at.seconds])
        return db.changesCount
    }

    func finish(_ delivery: Int64, _ state: DeliveryState) throws {
        try run("UPDATE delivery SET state = ? WHERE number = ? AND state < 2", [state.rawValue, delivery])
    }

    func expired(by instant: Instant, limit: Int) throws -> [LetterID] {
        try ids(
            """
            SELECT id FROM letter WHERE status IN (1, 2, 3) AND expires IS NOT NULL AND expires <= ?
            ORDER BY expires LIMIT ?
            """, [instant.seconds, limit])
    }

    func nextExpiry() throws -> Instant? {
        try integer("SELECT min(expires) FROM letter WHERE status IN (1, 2, 3) AND expires IS NOT NULL", []).map {
            Instant(seconds: $0)
        }
    }

    func changes(of member: MemberID) throws -> Int64 {
        try integer("SELECT changes FROM member WHERE member = ?", [member.text]) ?? 0
    }
}
