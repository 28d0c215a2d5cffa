// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The tables of a broker's store. Protocols/Queue.md, "Store".
///
/// Each letter costs a handful of rows, and most indexes grow at their right end: only `letter.id`, `letter(case_id)`, `part.digest` and
/// `letter_part(digest)` are written at random places, so that a letter costs the same with a thousand queued and with a million.
enum LetterSchema {
    /// "KHYB": the file is a broker's store.
    static let applicationID = 0x4B48_5942
    static let version = 4

    static let statements = """
        CREATE TABLE setting (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE letter (
            number INTEGER PRIMARY KEY,
            id BLOB NOT NULL UNIQUE,
            status INTEGER NOT NULL,
            type TEXT NOT NULL,
            lane INTEGER NOT NULL,
            sender TEXT NOT NULL,
            case_id TEXT,
            roles TEXT NOT NULL,
            peer TEXT NOT NULL,
            at INTEGER NOT NULL,
            expires INTEGER,
            received INTEGER NOT NULL,
            progress INTEGER NOT NULL,
            code TEXT,
            voided_by BLOB,
            stop BLOB,
            stored INTEGER NOT NULL,
            leaf INTEGER,
            source BLOB,
            verdict TEXT,
            unheard INTEGER NOT NULL) STRICT;
        CREATE INDEX letter_case ON letter (case_id, sender, number) WHERE case_id IS NOT NULL;
        CREATE INDEX letter_waiting ON letter (sender) WHERE status = 1;
        CREATE INDEX letter_expires ON letter (expires) WHERE status IN (1, 2, 3) AND expires IS NOT NULL;
        CREATE TABLE slip (letter INTEGER PRIMARY KEY REFERENCES letter (number), file BLOB NOT NULL) STRICT;
        CREATE TABLE addressee (
            sender TEXT NOT NULL, member TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
            letter INTEGER NOT NULL REFERENCES letter (number),
            PRIMARY KEY (sender, member, epoch, sequence, letter)) STRICT, WITHOUT ROWID;
        CREATE TABLE cases (case_id TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE missing (
            ancestor BLOB NOT NULL, letter INTEGER NOT NULL REFERENCES letter (number),
            PRIMARY KEY (ancestor, letter)) STRICT, WITHOUT ROWID;
        CREATE INDEX missing_letter ON missing (letter);

        CREATE TABLE part (
            number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, owner TEXT NOT NULL, size INTEGER NOT NULL, bytes BLOB NOT NULL
        ) STRICT;
        CREATE TABLE letter_part (
            letter INTEGER NOT NULL REFERENCES letter (number), digest BLOB NOT NULL, recipient TEXT NOT NULL, is_list INTEGER NOT NULL,
            PRIMARY KEY (letter, digest)) STRICT, WITHOUT ROWID;
        CREATE INDEX letter_part_digest ON letter_part (digest);
        CREATE TABLE spent (letter INTEGER PRIMARY KEY REFERENCES letter (number)) STRICT;
        CREATE TABLE spool (digest BLOB PRIMARY KEY, owner TEXT NOT NULL, size INTEGER NOT NULL, received INTEGER NOT NULL, at INTEGER NOT NULL)
            STRICT, WITHOUT ROWID;
        CREATE INDEX spool_owner ON spool (owner);
        CREATE TABLE spool_row (
            number INTEGER PRIMARY KEY, digest BLOB NOT NULL REFERENCES spool (digest) ON DELETE CASCADE, start INTEGER NOT NULL,
            bytes BLOB NOT NULL, UNIQUE (digest, start)) STRICT;

        CREATE TABLE delivery (
            number INTEGER PRIMARY KEY,
            letter INTEGER NOT NULL REFERENCES letter (number),
            destination TEXT NOT NULL,
            kind INTEGER NOT NULL,
            lane INTEGER NOT NULL,
            state INTEGER NOT NULL,
            due INTEGER NOT NULL,
            tries INTEGER NOT NULL,
            UNIQUE (letter, destination, kind)) STRICT;
        CREATE INDEX delivery_queued ON delivery (kind, destination, lane, number) WHERE state = 0;
        CREATE INDEX delivery_resting ON delivery (kind, destination, due) WHERE state = 1;

        CREATE TABLE member (
            member TEXT PRIMARY KEY, normal INTEGER NOT NULL, urgent INTEGER NOT NULL, bytes INTEGER NOT NULL,
            changes INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """
}
