// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import GRDB
internal import Letters
internal import MessageStore
internal import Procedure

/// Files, and files under way.
extension SQLiteTransaction {
    func need(_ parts: [NeededPart], for id: LetterID) throws {
        guard !parts.isEmpty else { return }
        let number = try number(of: id)
        for part in parts {
            try run(
                """
                INSERT INTO letter_part VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (letter, digest) DO UPDATE SET recipient = ?3 WHERE is_list = 0
                """,
                [number, Data(part.digest.bytes), part.recipient.text, part.isList])
        }
    }

    func neededParts(of id: LetterID) throws -> [NeededPart] {
        try rows(
            "SELECT digest, recipient, is_list FROM letter_part WHERE letter = (SELECT number FROM letter WHERE id = ?) ORDER BY digest",
            [Data(id.bytes)]
        ).map { NeededPart(digest: try Self.digest($0[0]), recipient: try Self.member($0[1]), isList: $0[2]) }
    }

    func missingParts(of id: LetterID) throws -> [Digest] {
        try ids(
            """
            SELECT digest FROM letter_part WHERE letter = (SELECT number FROM letter WHERE id = ?)
            AND NOT EXISTS (SELECT 1 FROM part WHERE part.digest = letter_part.digest) ORDER BY digest
            """, [Data(id.bytes)])
    }

    func letters(needing digest: Digest) throws -> [LetterID] {
        try ids(
            "SELECT id FROM letter_part JOIN letter ON number = letter_part.letter WHERE digest = ? ORDER BY number",
            [Data(digest.bytes)])
    }

    func partSize(_ digest: Digest) throws -> Int? {
        try integer("SELECT size FROM part WHERE digest = ?", [Data(digest.bytes)]).map(Int.init)
    }

    func part(_ digest: Digest, offset: Int, count: Int) throws -> (bytes: [UInt8], size: Int)? {
        guard
            let row = try row(
                "SELECT size, substr(bytes, ?, ?) FROM part WHERE digest = ?", [offset + 1, count, Data(digest.bytes)])
        else { return nil }
        return ([UInt8](row[1] as Data), row[0])
    }

    func storePart(_ digest: Digest, bytes: [UInt8], chargedTo member: MemberID) throws {
        try run(
            "INSERT OR IGNORE INTO part (digest, owner, size, bytes) VALUES (?, ?, ?, ?)",
            [Data(digest.bytes), member.text, bytes.count, Data(bytes)])
        if db.changesCount > 0 { try charge(member, Int64(bytes.count)) }
        try dropSpool(digest)
    }

    func spooled(_ digest: Digest) throws -> Int {
        Int(try integer("SELECT received FROM spool WHERE digest = ?", [Data(digest.bytes)]) ?? 0)
    }

    func spool(_ digest: Digest, bytes: [UInt8], size: Int, at: Instant, chargedTo member: MemberID) throws -> [UInt8]?
    {
        let key = Data(digest.bytes)
        let received = try spooled(digest)
        try run(
            "INSERT INTO spool VALUES (?1, ?5, ?2, ?3, ?4) ON CONFLICT (digest) DO UPDATE SET size = ?2, received = ?3, at = ?4",
            [key, size, received + bytes.count, at.seconds, member.text])
        let last = try row(
            "SELECT number, length(bytes) FROM spool_row WHERE digest = ? ORDER BY start DESC LIMIT 1", [key])
        if let last, let length: Int = last[1], length < StoreLimits.spoolRowBytes {
            // CAST: `||` of two blobs gives text.
            try run(
                "UPDATE spool_row SET bytes = CAST(bytes || ? AS BLOB) WHERE number = ?",
                [Data(bytes), last[0] as Int64])
        } else if !bytes.isEmpty {
            try run("INSERT INTO spool_row (digest, start, bytes) VALUES (?, ?, ?)", [key, received, Data(bytes)])
        }
        guard received + bytes.count >= size else { return nil }
        var whole: [UInt8] = []
        whole.reserveCapacity(size)
        for row in try rows("SELECT bytes FROM spool_row WHERE digest = ? ORDER BY start", [key]) {
            whole += row[0] as Data
        }
        return whole
    }

    func dropSpool(_ digest: Digest) throws { try run("DELETE FROM spool WHERE digest = ?", [Data(digest.bytes)]) }

    func dropSpools(before: Instant) throws { try run("DELETE FROM spool WHERE at < ?", [before.seconds]) }

    func discardParts(limit: Int) throws -> Int {
        var left = limit
        while left > 0, let letter = try integer("SELECT letter FROM spent LIMIT 1", []) {
            let digests = try rows("SELECT digest FROM letter_part WHERE letter = ? LIMIT ?", [letter, left])
            for row in digests {
                let digest: Data = row[0]
                try run("DELETE FROM letter_part WHERE letter = ? AND digest = ?", [letter, digest])
                let other = try integer("SELECT 1 FROM letter_part WHERE digest = ? LIMIT 1", [digest])
                guard other == nil else { continue }
                if let part = try self.row("SELECT number, owner, size FROM part WHERE digest = ?", [digest]) {
                    try run("DELETE FROM part WHERE number = ?", [part[0] as Int64])
                    try charge(try Self.member(part[1]), -(part[2] as Int64))
                }
                try run("DELETE FROM spool WHERE digest = ?", [digest])
            }
            if digests.count < left { try run("DELETE FROM spent WHERE letter = ?", [letter]) }
            left -= max(1, digests.count)
        }
        return limit - max(0, left)
    }
}
