// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import Letters
internal import MessageStore
internal import Procedure

/// What is counted of each member.
extension SQLiteTransaction {
    func hold(_ record: LetterRecord, _ sign: Int) throws {
        let normal = record.lane == .normal ? sign : 0
        try run(
            """
            INSERT INTO member VALUES (?1, ?2, ?3, 0, 0, 0)
            ON CONFLICT (member) DO UPDATE SET normal = normal + ?2, urgent = urgent + ?3
            """, [record.from.text, normal, sign - normal])
    }

    func charge(_ member: MemberID, _ bytes: Int64) throws {
        try run(
            "INSERT INTO member VALUES (?1, 0, 0, ?2, 0, 0) ON CONFLICT (member) DO UPDATE SET bytes = bytes + ?2",
            [member.text, bytes])
    }

    func holding(of member: MemberID) throws -> Holding {
        guard
            let row = try row(
                """
                SELECT normal, urgent, bytes + (SELECT coalesce(sum(size), 0) FROM spool WHERE owner = ?1)
                FROM member WHERE member = ?1
                """, [member.text])
        else { return Holding() }
        return Holding(normal: row[0], urgent: row[1], bytes: row[2])
    }

    func nextSequence(to member: MemberID) throws -> (epoch: Int64, sequence: Int64) {
        try run(
            "INSERT INTO member VALUES (?, 0, 0, 0, 0, 1) ON CONFLICT (member) DO UPDATE SET sequence = sequence + 1",
            [member.text])
        let sequence = try integer("SELECT sequence FROM member WHERE member = ?", [member.text]) ?? 1
        return (try integer("SELECT value FROM setting WHERE name = 'epoch'", []) ?? 1, sequence)
    }
}
