// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import GRDB
public import Letters
public import Procedure

/// What can be read and written inside one transaction of a ``CaseStore``.
public struct CaseTransaction {
    let database: Database
    public let keys: CaseKeys
    public let files: PartFiles

    init(database: Database, keys: CaseKeys, files: PartFiles) {
        self.database = database
        self.keys = keys
        self.files = files
    }

    // MARK: Settings

    public func setting(_ name: String) throws -> [UInt8]? {
        try Data.fetchOne(database.statement("SELECT value FROM setting WHERE name = ?"), arguments: [name]).map {
            [UInt8]($0)
        }
    }

    public func setSetting(_ name: String, _ value: [UInt8]) throws {
        try database.run(
            "INSERT INTO setting VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
            [name, Data(value)])
    }

    // MARK: Cases

    public func cases() throws -> [CaseRecord] {
        try Row.fetchAll(database.statement("SELECT * FROM cases ORDER BY created, pseudonym")).map {
            try CaseRecord($0)
        }
    }

    public func caseRecord(_ caseID: CaseID) throws -> CaseRecord? {
        try Row.fetchOne(database.statement("SELECT * FROM cases WHERE pseudonym = ?"), arguments: [caseID.text]).map {
            try CaseRecord($0)
        }
    }

    /// Cases whose pseudonym begins so, at most 100.
    ///
    /// - Parameter beginning: lower-case hexadecimal digits.
    public func cases(beginning: String) throws -> [CaseRecord] {
        try Row.fetchAll(
            database.statement("SELECT * FROM cases WHERE pseudonym >= ? AND pseudonym < ? LIMIT 100"),
            arguments: [beginning, beginning + "g"]
        ).map { try CaseRecord($0) }
    }

    /// Adds a case and its key. The key is durable before the row.
    public func addCase(_ record: CaseRecord) throws {
        try keys.makeKey(of: record.caseID)
        try database.run(
            "INSERT INTO cases VALUES(?, ?, ?, ?, ?, ?)",
            [
                record.caseID.text, record.root.data, record.profile.data, record.created.seconds, record.openedHere,
                record.lastOwn?.data,
            ])
    }

    /// Our newest letter of the case is now `letter`.
    public func setLastOwn(_ letter: LetterID, in caseID: CaseID) throws {
        try database.run("UPDATE cases SET last_own = ? WHERE pseudonym = ?", [letter.data, caseID.text])
    }

    // MARK: Letters

    public func letter(_ id: LetterID) throws -> LetterRecord? {
        try Row.fetchOne(database.statement("SELECT * FROM letter WHERE id = ?"), arguments: [id.data]).map {
            try LetterRecord($0)
        }
    }

    /// All letters of a case in the order in which this node came to know them.
    public func letters(of caseID: CaseID) throws -> [LetterRecord] {
        try Row.fetchAll(
            database.statement("SELECT * FROM letter WHERE pseudonym = ? ORDER BY serial"), arguments: [caseID.text]
        )
        .map { try LetterRecord($0) }
    }

    /// Those of `ids` that this node holds in the graph of their case.
    public func known(_ ids: some Sequence<LetterID>) throws -> Set<LetterID> {
        var result: Set<LetterID> = []
        for id in ids {
            let state = try String.fetchOne(
                database.statement("SELECT state FROM letter WHERE id = ?"), arguments: [id.data])
            if let state, LetterRecord.State(rawValue: state)?.isInGraph == true { result.insert(id) }
        }
        return result
    }

    /// Adds a letter with its edges in the graph; ``LetterRecord/serial`` is given here.
    public func add(_ record: LetterRecord, ancestors: [LetterID]) throws {
        let serial = try Int64.fetchOne(database.statement("SELECT coalesce(max(serial), 0) + 1 FROM letter")) ?? 1
        try database.run(
            "INSERT INTO letter VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                record.id.data, record.caseID.text, record.type.rawValue, record.lane.rawValue, record.sender.text,
                record.sent.seconds, record.direction.rawValue, record.state.rawValue,
                record.roles.sorted().joined(separator: " "),
                Data(record.slip), record.arrived.seconds, serial,
            ])
        for ancestor in ancestors {
            try database.run("INSERT OR IGNORE INTO ancestry VALUES(?, ?)", [record.id.data, ancestor.data])
        }
    }

    public func setState(_ state: LetterRecord.State, of letter: LetterID) throws {
        try database.run("UPDATE letter SET state = ? WHERE id = ?", [state.rawValue, letter.data])
    }

    /// A letter known as context has now been delivered to us. It stays in the graph, unread, until it is judged: others descend from it.
    public func setDelivered(_ letter: LetterID) throws {
        try database.run("UPDATE letter SET direction = 'in' WHERE id = ? AND direction = 'context'", [letter.data])
    }

    public func children(of letter: LetterID) throws -> [LetterID] {
        try Row.fetchAll(database.statement("SELECT child FROM ancestry WHERE parent = ?"), arguments: [letter.data])
            .map {
                try $0.digest("child")
            }
    }

    /// Steps of the case which this node has processed and from which no other step, and nothing of its own, descends, newest first,
    /// at most `limit`: the `parents` of its next letter.
    ///
    /// Receipts of others are left out. Each is about a letter of ours, from which `previous` descends anyway; and it may descend from
    /// letters between others that this node has never seen. So is an urgent letter that has its effect and whose ancestors have not come:
    /// whatever descended from it would wait for them.
    public func heads(of caseID: CaseID, limit: Int) throws -> [LetterID] {
        try Row.fetchAll(
            database.statement(
                """
                SELECT id FROM letter WHERE pseudonym = ? AND type = 'step'
                AND direction != 'context' AND state IN ('made', 'valid', 'flagged', 'invalid', 'recorded')
                AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.letter = letter.id AND inbox.state != 'judged')
                AND NOT EXISTS (
                    SELECT 1 FROM ancestry JOIN letter AS child ON child.id = ancestry.child
                    WHERE ancestry.parent = letter.id AND (child.type = 'step' OR child.direction = 'out')
                    AND child.direction != 'context' AND child.state IN ('made', 'valid', 'flagged', 'invalid', 'recorded')
                    AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.letter = child.id AND inbox.state != 'judged'))
                ORDER BY serial DESC LIMIT ?
                """), arguments: [caseID.text, limit]
        ).map { try $0.digest("id") }
    }

    // MARK: Records under the case's key

    /// Kinds of records; each is encrypted under the key of its case.
    public enum RecordKind: String, Sendable, CaseIterable {
        /// The sealed steps of a letter: canonical JSON of ``SealedSteps``. Id: the letter.
        case steps
        /// A form: JSON (text) of ``FormDocument``. Id: the commitment of its part.
        case form
        /// Why a letter was not admitted, in the procedure's words. Id: the letter.
        case verdict
    }

    /// One of another letter is never written over: a part that two letters name belongs to the first.
    ///
    /// - Parameter isApart: a form that lies under its letter's own key, which must be there.
    public func putRecord(
        _ kind: RecordKind, id: Digest, letter: LetterID, in caseID: CaseID, version: Int64 = 1, isApart: Bool = false,
        _ content: [UInt8]
    ) throws {
        let key = try isApart ? keys.key(of: letter, in: caseID) : keys.key(of: caseID)
        let sealed = try AESGCM.seal(content, key: key, associatedData: Self.label(kind, id, caseID, version))
        try database.execute(
            sql: """
                INSERT INTO record VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(kind, id) DO UPDATE
                SET version = excluded.version, sealed = excluded.sealed, apart = excluded.apart WHERE letter = excluded.letter
                """,
            arguments: [kind.rawValue, caseID.text, id.data, version, letter.data, Data(sealed), isApart])
    }

    /// - Returns: `nil` where there is none, or one of another case, or one whose letter's own key is destroyed.
    /// - Throws: ``CaseFileError`` `.damaged` when the record is not what this node wrote there.
    public func record(_ kind: RecordKind, id: Digest, in caseID: CaseID) throws -> [UInt8]? {
        try Row.fetchOne(
            database.statement(
                "SELECT id, version, letter, sealed, apart FROM record WHERE kind = ? AND id = ? AND pseudonym = ?"),
            arguments: [kind.rawValue, id.data, caseID.text]
        ).flatMap { try open(kind, $0, caseID) }
    }

    /// All records of a kind that belong to a letter, by id.
    public func records(_ kind: RecordKind, of letter: LetterID, in caseID: CaseID) throws -> [Digest: [UInt8]] {
        var result: [Digest: [UInt8]] = [:]
        for row in try Row.fetchAll(
            database.statement("SELECT id, version, letter, sealed, apart FROM record WHERE kind = ? AND letter = ?"),
            arguments: [kind.rawValue, letter.data])
        {
            result[try row.digest("id")] = try open(kind, row, caseID)
        }
        return result
    }

    private func open(_ kind: RecordKind, _ row: Row, _ caseID: CaseID) throws -> [UInt8]? {
        let (id, letter) = (try row.digest("id"), try row.digest("letter"))
        let isApart: Bool = row["apart"]
        if isApart, try !keys.hasKey(of: letter) { return nil }
        let key = try isApart ? keys.key(of: letter, in: caseID) : keys.key(of: caseID)
        let sealed: Data = row["sealed"]
        do {
            return try AESGCM.open(
                [UInt8](sealed), key: key, associatedData: Self.label(kind, id, caseID, row["version"]))
        } catch { throw CaseFileError(.damaged, "a record does not open under its case's key") }
    }

    private static func label(_ kind: RecordKind, _ id: Digest, _ caseID: CaseID, _ version: Int64) -> [UInt8] {
        Array("kheya-record/1\nrecord\n\(kind.rawValue)\n\(caseID.text)\n\(id.hex)\n\(version)".utf8)
    }

    // MARK: Attachments

    /// - Parameter letter: where its forms lie under a key of their own.
    public func attachmentWriter(
        named name: Digest, in caseID: CaseID, apartWith letter: LetterID? = nil
    ) throws -> AttachmentWriter {
        let key = try letter.map { try keys.key(of: $0, in: caseID) } ?? keys.key(of: caseID)
        return AttachmentWriter(caseID: caseID, key: key, name: name.hex, files: files)
    }

    /// Whose attachment this is, in any case.
    public func letter(ofAttachment commitment: Digest) throws -> LetterID? {
        try Row.fetchOne(
            database.statement("SELECT letter FROM attachment WHERE commitment = ?"), arguments: [commitment.data]
        ).map { try $0.digest("letter") }
    }

    /// Names an attachment that lies finished in a file. One file may stand under several commitments: one for each recipient.
    public func addAttachment(_ commitment: Digest, file: Digest, bytes: Int64, letter: LetterID, in caseID: CaseID)
        throws
    {
        try database.run(
            "INSERT OR IGNORE INTO attachment VALUES(?, ?, ?, ?, ?)",
            [commitment.data, caseID.text, letter.data, file.hex, bytes])
    }

    /// The attachment's bytes and a reader of its content.
    public func attachment(_ commitment: Digest, in caseID: CaseID) throws -> (
        byteCount: Int64, reader: AttachmentReader
    )? {
        guard
            let row = try Row.fetchOne(
                database.statement("SELECT letter, file, bytes FROM attachment WHERE commitment = ? AND pseudonym = ?"),
                arguments: [commitment.data, caseID.text])
        else { return nil }
        let letter = try row.digest("letter")
        if try isGone(letter) { return nil }
        let reader = try AttachmentReader(
            caseID: caseID, key: try contentKey(of: letter, in: caseID), name: row["file"], files: files)
        return (row["bytes"], reader)
    }

    /// Commitments of a letter's attachments.
    public func attachments(of letter: LetterID) throws -> [Digest] {
        try Row.fetchAll(
            database.statement("SELECT commitment FROM attachment WHERE letter = ?"), arguments: [letter.data]
        )
        .map { try $0.digest("commitment") }
    }
}

extension Digest {
    /// The 32 bytes as a blob of the database.
    var data: Data { Data(bytes) }
}

extension Row {
    func digest(_ column: String) throws -> Digest {
        guard let digest = try optionalDigest(column) else { throw CaseFileError(.damaged, "\(column): no digest") }
        return digest
    }

    func optionalDigest(_ column: String) throws -> Digest? {
        guard let data = self[column] as Data? else { return nil }
        guard let digest = Digest(data) else { throw CaseFileError(.damaged, "\(column): not 32 bytes") }
        return digest
    }

    func code<Code: RawRepresentable>(_ column: String) throws -> Code where Code.RawValue == String {
        guard let code = Code(rawValue: self[column] as String) else {
            throw CaseFileError(.damaged, "\(column): unknown code")
        }
        return code
    }

    func member(_ column: String) throws -> MemberID {
        guard let member = MemberID(self[column] as String) else {
            throw CaseFileError(.damaged, "\(column): not a member")
        }
        return member
    }

    func instant(_ column: String) -> Instant { Instant(seconds: self[column]) }
    func optionalInstant(_ column: String) -> Instant? { (self[column] as Int64?).map { Instant(seconds: $0) } }
}

extension CaseRecord {
    init(_ row: Row) throws {
        guard let caseID = CaseID(row["pseudonym"] as String) else {
            throw CaseFileError(.damaged, "pseudonym: not one")
        }
        self.init(
            caseID: caseID, root: try row.digest("root"), profile: try row.digest("profile"),
            created: row.instant("created"),
            openedHere: row["opened_here"], lastOwn: try row.optionalDigest("last_own"))
    }
}

extension LetterRecord {
    init(_ row: Row) throws {
        guard let caseID = CaseID(row["pseudonym"] as String) else {
            throw CaseFileError(.damaged, "pseudonym: not one")
        }
        self.init(
            id: try row.digest("id"), caseID: caseID, type: try row.code("type"), lane: try row.code("lane"),
            sender: try row.member("sender"), sent: row.instant("sent"), direction: try row.code("direction"),
            state: try row.code("state"), roles: Set((row["roles"] as String).split(separator: " ").map(String.init)),
            slip: [UInt8](row["slip"] as Data), arrived: row.instant("arrived"), serial: row["serial"])
    }
}

extension Database {
    /// Compiled once for each connection.
    func statement(_ sql: String) throws -> Statement { try cachedStatement(sql: sql) }

    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try statement(sql).execute(arguments: arguments)
    }
}
