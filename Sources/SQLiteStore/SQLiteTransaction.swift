// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import GRDB
internal import Letters
internal import MessageStore
internal import Procedure
internal import TransparencyLog

/// One job of a transaction, for the time of one closure: what it remembers is undone with it. SQL stands beside the function that needs it; statements are compiled once a connection.
final class SQLiteTransaction: LetterTransaction {
    let db: Database
    let keys: EventKeys
    /// Present while writing.
    let writer: LogWriter?
    private let versions: VersionCounter
    private let path: String
    private let limit: Int64?
    /// Row numbers of letters, which never change, and versions of cases that were changed here.
    private var numbers: [LetterID: Int64] = [:]
    private var changed: [CaseID: Int64] = [:]

    /// - Parameters:
    ///   - path: of the store's file.
    ///   - limit: what ``limitBytes(_:path:)`` gave for the batch; asked anew if `nil`.
    init(
        _ db: Database, _ versions: VersionCounter, _ keys: EventKeys, path: String, limit: Int64? = nil,
        writer: LogWriter? = nil
    ) {
        self.db = db
        self.versions = versions
        self.keys = keys
        self.path = path
        self.limit = limit
        self.writer = writer
    }

    func room() throws -> StoreRoom {
        StoreRoom(usedBytes: try Self.usedBytes(db), limitBytes: try limit ?? Self.limitBytes(db, path: path))
    }

    private static func pages(_ name: String, _ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA \(name)")) ?? 0
    }

    private static func usedBytes(_ db: Database) throws -> Int64 {
        (try pages("page_count", db) - pages("freelist_count", db)) * SQLiteConnection.pageBytes
    }

    /// How large the store can become: by its own limit, and by what the file system still gives.
    static func limitBytes(_ db: Database, path: String) throws -> Int64 {
        min(
            try usedBytes(db) + SQLiteConnection.freeBytes(beside: path),
            try pages("max_page_count", db) * SQLiteConnection.pageBytes)
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

    func ids(_ sql: String, _ arguments: StatementArguments) throws -> [LetterID] {
        try rows(sql, arguments).map { try Self.digest($0[0]) }
    }

    /// - Throws: ``StoreError`` `.unreadable`: the file was written by somebody else.
    static func digest(_ data: Data?) throws -> Digest {
        guard let data, let digest = Digest(data) else { throw StoreError(.unreadable, "not a digest") }
        return digest
    }

    static func member(_ text: String) throws -> MemberID {
        guard let member = MemberID(text) else { throw StoreError(.unreadable, "not a member id") }
        return member
    }

    func number(of id: LetterID) throws -> Int64 {
        if let number = numbers[id] { return number }
        guard let number = try integer("SELECT number FROM letter WHERE id = ?", [Data(id.bytes)]) else {
            throw StoreError(.unreadable, "no such letter")
        }
        numbers[id] = number
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

    static func lane(_ number: Int) -> Lane { number == 0 ? .urgent : .normal }
    static func number(_ lane: Lane) -> Int { lane == .urgent ? 0 : 1 }
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
        if let version = changed[caseID] { return version }
        return try integer("SELECT version FROM cases WHERE case_id = ?", [caseID.text]) ?? 0
    }

    private func change(_ caseID: CaseID?) throws {
        guard let caseID else { return }
        let version = versions.next()
        changed[caseID] = version
        try run(
            "INSERT INTO cases VALUES (?1, ?2) ON CONFLICT (case_id) DO UPDATE SET version = ?2",
            [caseID.text, version])
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
        numbers[record.id] = number
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
