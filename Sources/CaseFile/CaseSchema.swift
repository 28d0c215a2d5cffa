// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables of `node.sqlite`. Protocols/CaseFile.md, "Tables", says what each one means.
enum CaseSchema {
    /// What each version added to the one before it. A database is brought to the newest when it is opened.
    private static let versions = [
        tables, webTables, logTables, draftTables, approvalTables, uploadTables, summaryTables, comparisonTables,
        noticeTables, tokenTables, exportTables, practiceTables, apartTables, suspensionTables, goneTables,
    ]
    static var version: Int { versions.count }

    static func make(in database: Database) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw CaseFileError(.damaged, "a database of version \(found); this program writes \(version)")
        }
        for added in versions.dropFirst(found) { try database.execute(sql: added) }
        try database.execute(sql: "PRAGMA user_version=\(version)")
    }

    /// The newest checkpoint of each log that this node has verified.
    private static let logTables = """
        CREATE TABLE checkpoint(origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL) WITHOUT ROWID;
        """

    private static let draftTables = """
        CREATE TABLE draft(
            id BLOB PRIMARY KEY, pseudonym TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
            letters BLOB, sealed BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX draft_case ON draft(pseudonym);

        CREATE TABLE opening(
            id INTEGER PRIMARY KEY AUTOINCREMENT, pseudonym TEXT NOT NULL, form BLOB NOT NULL, account TEXT NOT NULL,
            at INTEGER NOT NULL);
        CREATE INDEX opening_case ON opening(pseudonym);
        """

    /// What second people approved and nobody has sealed yet.
    private static let approvalTables = """
        CREATE TABLE approval(
            digest BLOB NOT NULL, account TEXT NOT NULL, pseudonym TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY(digest, account)) WITHOUT ROWID;
        """

    /// Every change of what a case's summary is made of gives the case a new turn: no writer can forget it.
    private static let summaryTables = """
        CREATE TABLE touched(pseudonym TEXT PRIMARY KEY, turn INTEGER NOT NULL) WITHOUT ROWID;
        CREATE UNIQUE INDEX touched_turn ON touched(turn);
        INSERT INTO touched SELECT pseudonym, row_number() OVER (ORDER BY pseudonym) FROM cases;
        CREATE TABLE summary(
            pseudonym TEXT PRIMARY KEY, turn INTEGER NOT NULL, basis BLOB NOT NULL, holds_until INTEGER, sealed BLOB NOT NULL)
            WITHOUT ROWID;
        """
        + ["cases": ["INSERT"], "letter": ["INSERT", "UPDATE OF direction, state"], "record": ["INSERT", "UPDATE"]]
        .flatMap { table, changes in changes.map { trigger(on: table, $0, "SELECT NEW.pseudonym AS pseudonym") } }
        .joined()
        + [
            "outbox": ["INSERT", "UPDATE OF state, settled"],
            "inbox": ["INSERT", "UPDATE OF state, code, judged, acted"],
            "receipt": ["INSERT"], "void": ["INSERT"],
        ]
        .flatMap { table, changes in
            changes.map { trigger(on: table, $0, "SELECT pseudonym FROM letter WHERE id = NEW.letter") }
        }.joined()

    private static let suspensionTables = """
        ALTER TABLE account ADD COLUMN suspended INTEGER;
        ALTER TABLE account ADD COLUMN suspended_by TEXT;
        """

    /// Letters of which forms lie under keys of their own. `judged`: the turn of the case at which it was last asked whether they stay.
    private static let apartTables =
        """
        CREATE TABLE apart(
            letter BLOB PRIMARY KEY, pseudonym TEXT NOT NULL, judged INTEGER NOT NULL, holds_until INTEGER) WITHOUT ROWID;
        ALTER TABLE record ADD COLUMN apart INTEGER NOT NULL DEFAULT 0;
        """ + trigger(on: "apart", "DELETE", "SELECT OLD.pseudonym AS pseudonym")

    /// When the forms of such a letter went: the row stays, and says so.
    private static let goneTables =
        """
        ALTER TABLE apart ADD COLUMN gone INTEGER;
        DROP TRIGGER touch_apart_DELETE;
        """ + trigger(on: "apart", "UPDATE OF gone", "SELECT NEW.pseudonym AS pseudonym")

    /// Without a conflict clause: the one of the statement that fires a trigger would take its place.
    private static func trigger(on table: String, _ change: String, _ pseudonym: String) -> String {
        """

        CREATE TRIGGER touch_\(table)_\(change.prefix(6)) AFTER \(change) ON \(table) BEGIN
            UPDATE touched SET turn = (SELECT max(turn) + 1 FROM touched) WHERE pseudonym = (\(pseudonym));
            INSERT INTO touched
                SELECT pseudonym, (SELECT coalesce(max(turn), 0) + 1 FROM touched) FROM (\(pseudonym)) AS changed
                WHERE NOT EXISTS (SELECT 1 FROM touched WHERE touched.pseudonym = changed.pseudonym);
        END;
        """
    }

    private static let uploadTables = """
        CREATE TABLE upload(
            draft BLOB NOT NULL, pseudonym TEXT NOT NULL, name BLOB NOT NULL, position INTEGER NOT NULL, size INTEGER NOT NULL,
            sealed BLOB NOT NULL);
        CREATE UNIQUE INDEX upload_place ON upload(draft, name, position, size);
        """

    private static let comparisonTables = """
        CREATE TABLE comparison(
            member TEXT NOT NULL, number BLOB NOT NULL, account TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY(member, number, account)) WITHOUT ROWID;
        """

    private static let noticeTables = """
        CREATE TABLE notice(
            account TEXT PRIMARY KEY, looked INTEGER NOT NULL, told INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
        """

    private static let tokenTables = """
        CREATE TABLE token(
            digest BLOB PRIMARY KEY, account TEXT NOT NULL, scope TEXT NOT NULL, created INTEGER NOT NULL, until INTEGER NOT NULL,
            used INTEGER) WITHOUT ROWID;
        """

    private static let exportTables = """
        CREATE TABLE export(
            id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, at INTEGER NOT NULL, cases INTEGER NOT NULL);
        """

    /// The pseudonym of a practice case serves for no case and no letter, whoever writes: so none of its letters can come into the outbox.
    private static let practiceTables =
        """
        ALTER TABLE account ADD COLUMN invited_by TEXT;
        ALTER TABLE export ADD COLUMN program TEXT;
        ALTER TABLE export ADD COLUMN pseudonym TEXT;
        CREATE INDEX alarm_at ON alarm(at);
        CREATE TABLE practice(pseudonym TEXT PRIMARY KEY) WITHOUT ROWID;
        CREATE TRIGGER practice_only BEFORE INSERT ON practice
            WHEN EXISTS (SELECT 1 FROM cases WHERE pseudonym = NEW.pseudonym)
                OR EXISTS (SELECT 1 FROM letter WHERE pseudonym = NEW.pseudonym)
            BEGIN SELECT RAISE(ABORT, 'a case is no practice'); END;
        CREATE TRIGGER practice_stays BEFORE DELETE ON practice BEGIN SELECT RAISE(ABORT, 'practice stays practice'); END;

        """
        + ["cases", "letter"].map { table in
            """
            CREATE TRIGGER practice_\(table) BEFORE INSERT ON \(table)
                WHEN EXISTS (SELECT 1 FROM practice WHERE pseudonym = NEW.pseudonym)
                BEGIN SELECT RAISE(ABORT, 'practice makes no \(table)'); END;

            """
        }.joined()

    private static let webTables = """
        CREATE TABLE account(
            name TEXT PRIMARY KEY, role TEXT NOT NULL, state TEXT NOT NULL, language TEXT NOT NULL, slip BLOB UNIQUE,
            slip_until INTEGER NOT NULL, sealed BLOB, last_step INTEGER NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;

        CREATE TABLE session(
            digest BLOB PRIMARY KEY, account TEXT NOT NULL, begun INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX session_account ON session(account);
        """

    private static let tables = """
        CREATE TABLE setting(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

        CREATE TABLE cases(
            pseudonym TEXT PRIMARY KEY, root BLOB NOT NULL, profile BLOB NOT NULL, created INTEGER NOT NULL,
            opened_here INTEGER NOT NULL, last_own BLOB) WITHOUT ROWID;

        CREATE TABLE letter(
            id BLOB PRIMARY KEY, pseudonym TEXT NOT NULL, type TEXT NOT NULL, lane TEXT NOT NULL, sender TEXT NOT NULL,
            sent INTEGER NOT NULL, direction TEXT NOT NULL, state TEXT NOT NULL, roles TEXT NOT NULL, slip BLOB NOT NULL,
            arrived INTEGER NOT NULL, serial INTEGER NOT NULL);
        CREATE INDEX letter_case ON letter(pseudonym, serial);
        CREATE UNIQUE INDEX letter_serial ON letter(serial);

        CREATE TABLE ancestry(child BLOB NOT NULL, parent BLOB NOT NULL, PRIMARY KEY(child, parent)) WITHOUT ROWID;
        CREATE INDEX ancestry_parent ON ancestry(parent);

        CREATE TABLE record(
            kind TEXT NOT NULL, pseudonym TEXT NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL, letter BLOB NOT NULL,
            sealed BLOB NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
        CREATE INDEX record_letter ON record(letter);

        CREATE TABLE attachment(
            commitment BLOB PRIMARY KEY, pseudonym TEXT NOT NULL, letter BLOB NOT NULL, file TEXT NOT NULL,
            bytes INTEGER NOT NULL) WITHOUT ROWID;

        CREATE TABLE part(digest BLOB PRIMARY KEY, size INTEGER NOT NULL, content BLOB) WITHOUT ROWID;
        CREATE TABLE letter_part(
            letter BLOB NOT NULL, digest BLOB NOT NULL, place INTEGER NOT NULL, PRIMARY KEY(letter, digest)) WITHOUT ROWID;
        CREATE INDEX letter_part_digest ON letter_part(digest);

        CREATE TABLE outbox(
            position INTEGER PRIMARY KEY AUTOINCREMENT, letter BLOB NOT NULL UNIQUE, lane TEXT NOT NULL, state TEXT NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0, code TEXT, stop BLOB, relayed BLOB, carried INTEGER,
            settled INTEGER);
        CREATE INDEX outbox_waiting ON outbox(state, lane DESC, position);
        CREATE INDEX outbox_unanswered ON outbox(due) WHERE state = 'stored' AND due > 0;

        CREATE TABLE inbox(
            position INTEGER PRIMARY KEY AUTOINCREMENT, letter BLOB NOT NULL UNIQUE, lane TEXT NOT NULL, state TEXT NOT NULL,
            code TEXT, receipt BLOB, due INTEGER NOT NULL DEFAULT 0, judged INTEGER,
            acted INTEGER);
        CREATE INDEX inbox_state ON inbox(state, lane DESC, position);

        CREATE TABLE receipt(
            id BLOB PRIMARY KEY, letter BLOB NOT NULL, sender TEXT NOT NULL, state TEXT NOT NULL, code TEXT, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX receipt_letter ON receipt(letter);

        CREATE TABLE void(
            id BLOB PRIMARY KEY, letter BLOB NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL, stop BLOB, sender TEXT NOT NULL,
            at INTEGER NOT NULL, slip BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX void_letter ON void(letter);

        CREATE TABLE pair(member TEXT PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE heard(
            member TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, letter BLOB NOT NULL,
            PRIMARY KEY(member, epoch, sequence, letter)) WITHOUT ROWID;

        CREATE TABLE alarm(
            id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, member TEXT, letter BLOB, detail TEXT);
        """
}
