// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
public import Letters
public import Procedure

/// Outbox, inbox, sealed parts, pairs.
extension CaseTransaction {
    // MARK: Outbox

    /// Puts a letter behind all others of the outbox.
    public func enqueue(_ letter: LetterID, lane: Lane) throws {
        try database.run(
            "INSERT INTO outbox(letter, lane, state) VALUES(?, ?, 'waiting')", [letter.data, lane.rawValue])
    }

    public func outbox() throws -> [OutboxEntry] {
        try Row.fetchAll(database.statement("SELECT * FROM outbox ORDER BY position")).map { try OutboxEntry($0) }
    }

    public func outboxEntry(_ letter: LetterID) throws -> OutboxEntry? {
        try Row.fetchOne(database.statement("SELECT * FROM outbox WHERE letter = ?"), arguments: [letter.data]).map {
            try OutboxEntry($0)
        }
    }

    /// What is to be handed to the broker now: urgent letters first, each lane in the order in which the letters were made.
    public func due(at now: Instant, limit: Int) throws -> [OutboxEntry] {
        try Row.fetchAll(
            database.statement(
                "SELECT * FROM outbox WHERE state = 'waiting' AND due <= ? ORDER BY lane DESC, position LIMIT ?"),
            arguments: [now.seconds, limit]
        ).map { try OutboxEntry($0) }
    }

    /// When the next letter that waits out its back-off, or for its readers, is due; `nil` when none is.
    public func nextDue() throws -> Instant? {
        try Int64.fetchOne(
            database.statement(
                """
                SELECT min(due) FROM (SELECT min(due) AS due FROM outbox WHERE state = 'waiting'
                UNION ALL SELECT min(due) FROM outbox WHERE state = 'stored' AND due > 0)
                """)
        ).map { Instant(seconds: $0) }
    }

    /// The letter came to an end here: stored, refused, rejected or ended by a notice.
    ///
    /// - Parameter again: for one that is stored and that its readers have not answered: when it is handed over once more.
    public func settle(
        _ letter: LetterID, as state: OutboxEntry.State, at now: Instant, code: String? = nil, stop: LetterID? = nil,
        relayed: [UInt8]? = nil, again: Instant? = nil
    ) throws {
        try database.run(
            """
            UPDATE outbox SET state = ?, settled = ?, due = ?, code = ?, stop = ?, relayed = coalesce(?, relayed) WHERE letter = ?
            """,
            [
                state.rawValue, now.seconds, again?.seconds ?? 0, code, stop?.data, relayed.map { Data($0) },
                letter.data,
            ])
    }

    /// All readers have answered: nothing has to be handed over again.
    public func setAnswered(_ letter: LetterID) throws {
        try database.run("UPDATE outbox SET due = 0 WHERE letter = ? AND state = 'stored'", [letter.data])
    }

    /// Whether something was stored long ago and never answered.
    public func hasUnanswered(at now: Instant) throws -> Bool {
        try Bool.fetchOne(
            database.statement("SELECT 1 FROM outbox WHERE state = 'stored' AND due > 0 AND due <= ? LIMIT 1"),
            arguments: [now.seconds]) ?? false
    }

    /// What was stored long ago and never answered may be handed over once more.
    public func makeUnansweredDue(at now: Instant) throws {
        try database.run(
            "UPDATE outbox SET state = 'waiting', due = 0 WHERE state = 'stored' AND due > 0 AND due <= ?",
            [now.seconds])
    }

    /// The letter stays, to be tried again at `due`.
    public func postpone(_ letter: LetterID, until due: Instant, code: String?, countsAsTry: Bool = true) throws {
        try database.run(
            "UPDATE outbox SET due = ?, code = ?, tries = tries + ? WHERE letter = ? AND state = 'waiting'",
            [due.seconds, code, countsAsTry ? 1 : 0, letter.data])
    }

    /// Everything that waits out a back-off may be tried at once: the broker is there again.
    public func makeAllDue() throws { try database.run("UPDATE outbox SET due = 0 WHERE state = 'waiting'") }

    /// The same letter goes out once more, bit for bit: its recipient has asked for it by sending again what it answers.
    public func sendAgain(_ letter: LetterID) throws {
        try database.run(
            "UPDATE outbox SET state = 'waiting', due = 0 WHERE letter = ? AND state = 'stored'", [letter.data])
    }

    public func setCarried(_ letter: LetterID, at now: Instant) throws {
        try database.run("UPDATE outbox SET carried = ? WHERE letter = ?", [now.seconds, letter.data])
    }

    // MARK: Inbox

    public func receive(_ letter: LetterID, lane: Lane, state: InboxEntry.State = .stored) throws {
        try database.run(
            "INSERT INTO inbox(letter, lane, state) VALUES(?, ?, ?)", [letter.data, lane.rawValue, state.rawValue])
    }

    public func inbox() throws -> [InboxEntry] {
        try Row.fetchAll(database.statement("SELECT * FROM inbox ORDER BY position")).map { try InboxEntry($0) }
    }

    public func inboxEntry(_ letter: LetterID) throws -> InboxEntry? {
        try Row.fetchOne(database.statement("SELECT * FROM inbox WHERE letter = ?"), arguments: [letter.data]).map {
            try InboxEntry($0)
        }
    }

    /// Letters to be judged: urgent first, then in the order of arrival.
    public func unjudged(_ state: InboxEntry.State, limit: Int) throws -> [InboxEntry] {
        try Row.fetchAll(
            database.statement("SELECT * FROM inbox WHERE state = ? ORDER BY lane DESC, position LIMIT ?"),
            arguments: [state.rawValue, limit]
        ).map { try InboxEntry($0) }
    }

    public func setInbox(
        _ letter: LetterID, state: InboxEntry.State, code: String? = nil, receipt: LetterID? = nil,
        judged: Instant? = nil
    ) throws {
        try database.run(
            "UPDATE inbox SET state = ?, code = ?, receipt = coalesce(?, receipt), judged = ? WHERE letter = ?",
            [state.rawValue, code, receipt?.data, judged?.seconds, letter.data])
    }

    /// Letters with steps that were judged and that nobody here has acted on, as they came.
    public func unacted(limit: Int) throws -> [LetterID] {
        try Row.fetchAll(
            database.statement(
                """
                SELECT inbox.letter FROM inbox JOIN letter ON letter.id = inbox.letter WHERE inbox.state = 'judged'
                AND inbox.acted IS NULL AND letter.type = 'step' ORDER BY inbox.position LIMIT ?
                """), arguments: [limit]
        ).map { try $0.digest("letter") }
    }

    public func setActed(_ letter: LetterID, at now: Instant) throws {
        try database.run("UPDATE inbox SET acted = ? WHERE letter = ?", [now.seconds, letter.data])
    }

    /// How many letters wait for their ancestors, of one case and of one sender.
    public func waitingCount(caseID: CaseID, sender: MemberID) throws -> (ofCase: Int, ofSender: Int) {
        let base = "SELECT count(*) FROM letter WHERE state = 'waiting' AND "
        return (
            try Int.fetchOne(database.statement(base + "pseudonym = ?"), arguments: [caseID.text]) ?? 0,
            try Int.fetchOne(database.statement(base + "sender = ?"), arguments: [sender.text]) ?? 0
        )
    }

    // MARK: Sealed part files

    /// Keeps a part file in the database, or beside it when it is large. A file is durable before the row that names it; a crash
    /// between the two leaves a file without a row, which ``CaseStore/clearAway()`` removes.
    public func putPart(_ bytes: [UInt8], digest: Digest, letter: LetterID, place: Int) throws {
        let inline = bytes.count <= CaseFileLimits.inlinePartBytes
        if !inline { try files.write(bytes, as: digest) }
        try namePart(digest, size: bytes.count, content: inline ? bytes : nil, letter: letter, place: place)
    }

    /// Names a part whose file lies in ``PartFiles`` already.
    public func namePart(_ digest: Digest, size: Int, content: [UInt8]? = nil, letter: LetterID, place: Int) throws {
        try database.run("INSERT OR IGNORE INTO part VALUES(?, ?, ?)", [digest.data, size, content.map { Data($0) }])
        try database.run("INSERT OR IGNORE INTO letter_part VALUES(?, ?, ?)", [letter.data, digest.data, place])
    }

    /// The part files of a letter, in the order of its slip, with their sizes.
    public func partSizes(of letter: LetterID) throws -> [(digest: Digest, size: Int)] {
        try Row.fetchAll(
            database.statement(
                "SELECT digest, size FROM letter_part JOIN part USING(digest) WHERE letter = ? ORDER BY place"),
            arguments: [letter.data]
        ).map { (try $0.digest("digest"), $0["size"]) }
    }

    public func hasPart(_ digest: Digest) throws -> Bool {
        try Bool.fetchOne(database.statement("SELECT 1 FROM part WHERE digest = ?"), arguments: [digest.data]) ?? false
    }

    /// - Throws: ``CaseFileError`` `.damaged` when the row names a file that is gone.
    public func part(_ digest: Digest, offset: Int = 0, count: Int = .max) throws -> [UInt8]? {
        guard
            let row = try Row.fetchOne(
                database.statement("SELECT content FROM part WHERE digest = ?"), arguments: [digest.data])
        else { return nil }
        if let content = row["content"] as Data? {
            let end = count == .max ? content.count : min(content.count, offset + count)
            return offset < end ? [UInt8](content[(content.startIndex + offset)..<(content.startIndex + end)]) : []
        }
        guard let bytes = try files.read(digest, offset: offset, count: count) else {
            throw CaseFileError(.damaged, "a part's file is missing")
        }
        return bytes
    }

    /// The letter's sealed parts are no longer needed here: opened into records, or stored by the broker. Parts that another letter
    /// names stay. Returns files to remove once this transaction has ended.
    public func dropParts(of letter: LetterID) throws -> [Digest] {
        let digests = try partSizes(of: letter).map(\.digest)
        try database.run("DELETE FROM letter_part WHERE letter = ?", [letter.data])
        var files: [Digest] = []
        for digest in digests {
            let used = try Bool.fetchOne(
                database.statement("SELECT 1 FROM letter_part WHERE digest = ? LIMIT 1"), arguments: [digest.data])
            guard used == nil else { continue }
            try database.run("DELETE FROM part WHERE digest = ?", [digest.data])
            files.append(digest)
        }
        return files
    }

    // MARK: Receipts, refusals, notices

    public func add(_ receipt: ReceiptRecord) throws {
        try database.run(
            "INSERT OR IGNORE INTO receipt VALUES(?, ?, ?, ?, ?, ?)",
            [
                receipt.id.data, receipt.letter.data, receipt.sender.text, receipt.state.rawValue, receipt.code,
                receipt.at.seconds,
            ])
    }

    public func receipts(for letter: LetterID) throws -> [ReceiptRecord] {
        try Row.fetchAll(
            database.statement("SELECT * FROM receipt WHERE letter = ? ORDER BY at, id"), arguments: [letter.data]
        ).map {
            ReceiptRecord(
                id: try $0.digest("id"), letter: letter, sender: try $0.member("sender"), state: try $0.code("state"),
                code: $0["code"],
                at: $0.instant("at"))
        }
    }

    public func add(_ void: VoidRecord) throws {
        try database.run(
            "INSERT OR IGNORE INTO void VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
            [
                void.id.data, void.letter.data, void.type.rawValue, void.code, void.stop?.data, void.sender.text,
                void.at.seconds,
                Data(void.slip),
            ])
    }

    public func voids(of letter: LetterID) throws -> [VoidRecord] {
        try Row.fetchAll(
            database.statement("SELECT * FROM void WHERE letter = ? ORDER BY at, id"), arguments: [letter.data]
        )
        .map {
            VoidRecord(
                id: try $0.digest("id"), letter: letter, type: try $0.code("kind"), code: $0["code"],
                stop: try $0.optionalDigest("stop"),
                sender: try $0.member("sender"), at: $0.instant("at"), slip: [UInt8]($0["slip"] as Data))
        }
    }

    // MARK: Pairs

    /// Takes the next number of the pair from us to `member`. The epoch is that of the store.
    public func nextSequence(to member: MemberID) throws -> (epoch: Int64, sequence: Int64) {
        try database.run(
            """
            INSERT INTO pair VALUES(?, ?, 1) ON CONFLICT(member) DO UPDATE SET
            sequence = CASE WHEN epoch = excluded.epoch THEN sequence + 1 ELSE 1 END, epoch = excluded.epoch
            """, [member.text, try epoch()])
        guard
            let row = try Row.fetchOne(
                database.statement("SELECT epoch, sequence FROM pair WHERE member = ?"), arguments: [member.text])
        else { throw CaseFileError(.damaged, "pair") }
        return (row["epoch"], row["sequence"])
    }

    /// The newest number used in this epoch; 0 when there is none.
    public func newestSequence(to member: MemberID) throws -> Int64 {
        try Int64.fetchOne(
            database.statement("SELECT sequence FROM pair WHERE member = ? AND epoch = ?"),
            arguments: [member.text, try epoch()]) ?? 0
    }

    /// The epoch of this store, from 1. A node that was restored from a backup starts a new one.
    public func epoch() throws -> Int64 {
        let text = try setting("epoch").map { String(decoding: $0, as: UTF8.self) }
        guard let text else { return 1 }
        guard let epoch = Int64(text), epoch > 0 else { throw CaseFileError(.damaged, "epoch") }
        return epoch
    }

    /// Starts the next epoch; called once after a restore.
    public func startEpoch() throws { try setSetting("epoch", Array(String(try epoch() + 1).utf8)) }

    /// What the numbers of a pair tell.
    public struct Heard: Sendable, Hashable {
        /// Another letter stands under the same number.
        public var isConflict: Bool
        /// So many numbers were passed over between the newest heard until now and this one.
        public var missing: Int64
    }

    /// Notes a number of the pair from `member` to us.
    public func hear(from member: MemberID, epoch: Int64, sequence: Int64, letter: LetterID) throws -> Heard {
        let arguments: StatementArguments = [member.text, epoch, sequence]
        let newest =
            try Int64.fetchOne(
                database.statement("SELECT max(sequence) FROM heard WHERE member = ? AND epoch = ?"),
                arguments: [member.text, epoch]) ?? 0
        let others =
            try Int.fetchOne(
                database.statement(
                    "SELECT count(*) FROM heard WHERE member = ? AND epoch = ? AND sequence = ? AND letter != ?"),
                arguments: arguments + [letter.data]) ?? 0
        try database.run("INSERT OR IGNORE INTO heard VALUES(?, ?, ?, ?)", arguments + [letter.data])
        if sequence < newest {
            // A number that was passed over has come: the gap is no gap any more.
            let heard =
                try Int64.fetchOne(
                    database.statement("SELECT count(DISTINCT sequence) FROM heard WHERE member = ? AND epoch = ?"),
                    arguments: [member.text, epoch]) ?? 0
            if heard == newest {
                try database.run("DELETE FROM alarm WHERE kind = 'gap' AND member = ?", [member.text])
            }
        }
        return Heard(isConflict: others > 0, missing: max(0, sequence - newest - 1))
    }

    // MARK: Alarms

    /// Raises an alarm; one of the same kind, member and letter is there once, as it was the last time.
    public func raise(_ alarm: Alarm) throws {
        try database.run(
            "DELETE FROM alarm WHERE kind = ? AND member IS ? AND letter IS ?",
            [alarm.kind.rawValue, alarm.member?.text, alarm.letter?.data])
        try database.run(
            "INSERT INTO alarm(at, kind, member, letter, detail) VALUES(?, ?, ?, ?, ?)",
            [alarm.at.seconds, alarm.kind.rawValue, alarm.member?.text, alarm.letter?.data, alarm.detail])
    }

    /// When the first alarm after `mark` was raised.
    public func firstAlarm(after mark: Instant) throws -> Instant? {
        try Int64.fetchOne(
            database.statement("SELECT min(at) FROM alarm WHERE at > ?"), arguments: [mark.seconds]
        ).map { Instant(seconds: $0) }
    }

    /// Newest first.
    public func alarms() throws -> [Alarm] {
        try Row.fetchAll(database.statement("SELECT * FROM alarm ORDER BY id DESC")).map {
            Alarm(
                at: $0.instant("at"), kind: try $0.code("kind"),
                member: ($0["member"] as String?).flatMap { MemberID($0) },
                letter: try $0.optionalDigest("letter"), detail: $0["detail"])
        }
    }
}

extension OutboxEntry {
    init(_ row: Row) throws {
        self.init(
            position: row["position"], letter: try row.digest("letter"), lane: try row.code("lane"),
            state: try row.code("state"),
            tries: row["tries"], due: row.instant("due"), code: row["code"], stop: try row.optionalDigest("stop"),
            relayed: (row["relayed"] as Data?).map { [UInt8]($0) }, carried: row.optionalInstant("carried"),
            settled: row.optionalInstant("settled"))
    }
}

extension InboxEntry {
    init(_ row: Row) throws {
        self.init(
            position: row["position"], letter: try row.digest("letter"), lane: try row.code("lane"),
            state: try row.code("state"),
            code: row["code"], receipt: try row.optionalDigest("receipt"),
            due: row.instant("due"),
            judged: row.optionalInstant("judged"), acted: row.optionalInstant("acted"))
    }
}
