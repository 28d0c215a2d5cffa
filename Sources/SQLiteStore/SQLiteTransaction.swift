// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import GRDB
internal import Letters
internal import MessageStore
internal import Procedure
internal import TransparencyLog

/// One transaction, for the time of one closure. SQL stands beside the function that needs it; statements are compiled once a connection.
final class SQLiteTransaction: LetterTransaction {
    let db: Database
    let keys: EventKeys
    /// Present while writing.
    let writer: LogWriter?
    private let versions: VersionCounter

    init(_ db: Database, _ versions: VersionCounter, _ keys: EventKeys, writer: LogWriter? = nil) {
        self.db = db
        self.versions = versions
        self.keys = keys
        self.writer = writer
    }

    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try db.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    func row(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
        try Row.fetchOne(db.cachedStatement(sql: sql), arguments: arguments)
    }

    func rows(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
        try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
    }

    func integer(_ sql: String, _ arguments: StatementArguments) throws -> Int64? {
        try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: arguments)
    }

    private func ids(_ sql: String, _ arguments: StatementArguments) throws -> [LetterID] {
        try rows(sql, arguments).map { try Self.digest($0[0]) }
    }

    /// - Throws: ``StoreError`` `.unreadable`: the file was written by somebody else.
    static func digest(_ data: Data?) throws -> Digest {
        guard let data, let digest = Digest(data) else { throw StoreError(.unreadable, "not a digest") }
        return digest
    }

    private static func member(_ text: String) throws -> MemberID {
        guard let member = MemberID(text) else { throw StoreError(.unreadable, "not a member id") }
        return member
    }

    private func number(of id: LetterID) throws -> Int64 {
        guard let number = try integer("SELECT number FROM letter WHERE id = ?", [Data(id.bytes)]) else {
            throw StoreError(.unreadable, "no such letter")
        }
        return number
    }
}

// MARK: Letters

extension SQLiteTransaction {
    private static let columns =
        "id, status, type, lane, sender, case_id, roles, peer, at, expires, received, progress, code, voided_by, stop, stored, unheard, leaf, verdict, source"

    private static func record(_ row: Row) throws -> LetterRecord {
        guard let status = LetterStatus(rawValue: row[1]), let type = LetterType(rawValue: row[2]) else {
            throw StoreError(.unreadable, "not a status or type")
        }
        let caseText: String? = row[5]
        let roles: String = row[6]
        let verdict: String? = row[18]
        return LetterRecord(
            id: try digest(row[0]), status: status, type: type, lane: lane(row[3]), from: try member(row[4]),
            caseID: caseText.flatMap { CaseID($0) }, roles: Set(roles.split(separator: ",").map(String.init)),
            peer: try member(row[7]),
            at: Instant(seconds: row[8]), expires: (row[9] as Int64?).map { Instant(seconds: $0) },
            received: Instant(seconds: row[10]),
            isStored: row[15], leaf: row[17], source: try (row[19] as Data?).map { try digest($0) },
            verdict: verdict.flatMap { LogEvent.Verdict(rawValue: $0) },
            code: row[12],
            voidedBy: try (row[13] as Data?).map { try digest($0) },
            stop: try (row[14] as Data?).map { try digest($0) }, progress: ReceiptProgress(rawValue: row[11]),
            isUnheard: row[16])
    }

    private static func lane(_ number: Int) -> Lane { number == 0 ? .urgent : .normal }
    private static func number(_ lane: Lane) -> Int { lane == .urgent ? 0 : 1 }
    private static func data(_ digest: Digest?) -> Data? { digest.map { Data($0.bytes) } }

    func letter(_ id: LetterID) throws -> LetterRecord? {
        try row("SELECT \(Self.columns) FROM letter WHERE id = ?", [Data(id.bytes)]).map(Self.record)
    }

    func slip(_ id: LetterID) throws -> [UInt8]? {
        try Data.fetchOne(
            db.cachedStatement(sql: "SELECT file FROM slip WHERE letter = (SELECT number FROM letter WHERE id = ?)"),
            arguments: [Data(id.bytes)]
        ).map { [UInt8]($0) }
    }

    func letters(of caseID: CaseID) throws -> [CaseLetter] {
        try rows(
            "SELECT \(Self.columns), file FROM letter JOIN slip ON slip.letter = letter.number WHERE case_id = ? ORDER BY number",
            [caseID.text]
        ).map { row in CaseLetter(record: try Self.record(row), slip: [UInt8](row[20] as Data)) }
    }

    func version(of caseID: CaseID) throws -> Int64 {
        try integer("SELECT version FROM cases WHERE case_id = ?", [caseID.text]) ?? 0
    }

    private func change(_ caseID: CaseID?) throws {
        guard let caseID else { return }
        try run(
            "INSERT INTO cases VALUES (?1, ?2) ON CONFLICT (case_id) DO UPDATE SET version = ?2",
            [caseID.text, versions.next()])
    }

    func newest(from member: MemberID, in caseID: CaseID) throws -> LetterID? {
        try ids(
            "SELECT id FROM letter WHERE case_id = ? AND sender = ? ORDER BY number DESC LIMIT 1",
            [caseID.text, member.text]
        ).first
    }

    func letterCount(in caseID: CaseID, from member: MemberID) throws -> Int {
        Int(
            try integer("SELECT count(*) FROM letter WHERE case_id = ? AND sender = ?", [caseID.text, member.text]) ?? 0
        )
    }

    func hasUrgentStep(in caseID: CaseID) throws -> Bool {
        try integer("SELECT 1 FROM letter WHERE case_id = ? AND +lane = 0 AND +type = 'step' LIMIT 1", [caseID.text])
            != nil
    }

    func insert(_ record: LetterRecord, slip: Slip, file: [UInt8]) throws {
        try run(
            "INSERT INTO letter (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                Data(record.id.bytes), record.status.rawValue, record.type.rawValue, Self.number(record.lane),
                record.from.text,
                record.caseID?.text, record.roles.sorted().joined(separator: ","), record.peer.text, record.at.seconds,
                record.expires?.seconds, record.received.seconds, record.progress.rawValue, record.code,
                Self.data(record.voidedBy),
                Self.data(record.stop), record.isStored, record.isUnheard, record.leaf, record.verdict?.rawValue,
                Self.data(record.source),
            ])
        let number = db.lastInsertedRowID
        try run("INSERT INTO slip VALUES (?, ?)", [number, Data(file)])
        for addressee in slip.to {
            try run(
                "INSERT INTO addressee VALUES (?, ?, ?, ?, ?)",
                [slip.from.text, addressee.member.text, addressee.epoch, addressee.sequence, number])
        }
        if record.status.isOpen { try hold(record, 1) }
        try change(record.caseID)
    }

    func update(_ record: LetterRecord) throws {
        guard
            let old = try row(
                "SELECT number, status, voided_by, unheard FROM letter WHERE id = ?", [Data(record.id.bytes)])
        else {
            throw StoreError(.unreadable, "no such letter")
        }
        let number: Int64 = old[0]
        try run(
            """
            UPDATE letter SET status = ?, roles = ?, peer = ?, expires = ?, received = ?, progress = ?, code = ?, voided_by = ?, stop = ?,
            stored = ?, unheard = ?, leaf = ?, verdict = ?, source = ? WHERE number = ?
            """,
            [
                record.status.rawValue, record.roles.sorted().joined(separator: ","), record.peer.text,
                record.expires?.seconds,
                record.received.seconds, record.progress.rawValue, record.code, Self.data(record.voidedBy),
                Self.data(record.stop),
                record.isStored, record.isUnheard, record.leaf, record.verdict?.rawValue, Self.data(record.source),
                number,
            ])
        let status = LetterStatus(rawValue: old[1]) ?? .context
        let wasOpen = status.isOpen
        if wasOpen != record.status.isOpen {
            try hold(record, wasOpen ? -1 : 1)
            if wasOpen {
                if status == .waiting { try run("DELETE FROM missing WHERE letter = ?", [number]) }
                try run("INSERT OR IGNORE INTO spent VALUES (?)", [number])
            } else {
                try run("DELETE FROM spent WHERE letter = ?", [number])
            }
        }
        let isSame =
            (status == .waiting) == (record.status == .waiting) && (old[2] as Data?) == Self.data(record.voidedBy)
            && old[3] == record.isUnheard
        if !isSame { try change(record.caseID) }
    }

    func note(_ progress: ReceiptProgress, of id: LetterID) throws {
        try run("UPDATE letter SET progress = progress | ? WHERE id = ?", [progress.rawValue, Data(id.bytes)])
    }

    func count(_ status: LetterStatus) throws -> Int {
        Int(try integer("SELECT count(*) FROM letter WHERE status = ?", [status.rawValue]) ?? 0)
    }

    func conflicts(with slip: Slip, id: LetterID) throws -> [LetterID] {
        try slip.to.flatMap { addressee in
            try ids(
                """
                SELECT id FROM addressee JOIN letter ON number = addressee.letter
                WHERE addressee.sender = ? AND member = ? AND epoch = ? AND sequence = ? AND id <> ?
                """,
                [slip.from.text, addressee.member.text, addressee.epoch, addressee.sequence, Data(id.bytes)])
        }
    }

    func highestSequence(from: MemberID, to: MemberID, epoch: Int64) throws -> Int64 {
        try integer(
            "SELECT max(sequence) FROM addressee WHERE sender = ? AND member = ? AND epoch = ?",
            [from.text, to.text, epoch]) ?? 0
    }
}

// MARK: Waiting

extension SQLiteTransaction {
    func setMissing(_ ancestors: [LetterID], of id: LetterID) throws {
        let number = try number(of: id)
        try run("DELETE FROM missing WHERE letter = ?", [number])
        for ancestor in ancestors {
            try run("INSERT OR IGNORE INTO missing VALUES (?, ?)", [Data(ancestor.bytes), number])
        }
    }

    func waiting(for ancestor: LetterID) throws -> [LetterID] {
        try ids(
            "SELECT id FROM missing JOIN letter ON number = missing.letter WHERE ancestor = ? ORDER BY number",
            [Data(ancestor.bytes)])
    }

    func missingAncestors(of id: LetterID) throws -> [LetterID] {
        try ids(
            "SELECT ancestor FROM missing WHERE letter = (SELECT number FROM letter WHERE id = ?) ORDER BY ancestor",
            [Data(id.bytes)])
    }

    func waitingCount(in caseID: CaseID) throws -> Int {
        Int(try integer("SELECT count(*) FROM letter WHERE case_id = ? AND +status = 1", [caseID.text]) ?? 0)
    }

    func waitingCount(from member: MemberID) throws -> Int {
        Int(try integer("SELECT count(*) FROM letter WHERE status = 1 AND sender = ?", [member.text]) ?? 0)
    }
}

// MARK: Parts

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

// MARK: Deliveries

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
            VALUES ((SELECT number FROM letter WHERE id = ?), ?, ?, ?, 0, 0, 0)
            """, [Data(id.bytes), queue.destination.text, queue.kind.rawValue, Self.number(lane)])
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

// MARK: Members

extension SQLiteTransaction {
    private func hold(_ record: LetterRecord, _ sign: Int) throws {
        let normal = record.lane == .normal ? sign : 0
        try run(
            """
            INSERT INTO member VALUES (?1, ?2, ?3, 0, 0, 0)
            ON CONFLICT (member) DO UPDATE SET normal = normal + ?2, urgent = urgent + ?3
            """, [record.from.text, normal, sign - normal])
    }

    private func charge(_ member: MemberID, _ bytes: Int64) throws {
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
