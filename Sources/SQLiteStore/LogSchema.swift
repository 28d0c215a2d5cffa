// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The tables of a store's transparency logs. Protocols/Log.md §5.6.
///
/// A leaf is one row, and one row more on average is a node that it completes; both grow at the right end of their trees, so that an event
/// costs the same with a thousand leaves and with a hundred million. Triggers keep everybody, ourselves too, from changing what was
/// written: of a leaf only its text and its case may be taken away, by an erasure.
enum LogSchema {
    static let statements = """
        CREATE TABLE log (
            number INTEGER PRIMARY KEY, origin TEXT NOT NULL UNIQUE, first INTEGER NOT NULL,
            size INTEGER NOT NULL, root BLOB NOT NULL, peaks BLOB NOT NULL, at INTEGER NOT NULL) STRICT;
        CREATE TABLE log_leaf (number INTEGER PRIMARY KEY, data BLOB NOT NULL, before INTEGER, case_id TEXT, text BLOB) STRICT;
        CREATE TABLE log_node (
            log INTEGER NOT NULL, level INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL,
            PRIMARY KEY (log, level, place)) STRICT, WITHOUT ROWID;
        CREATE TABLE log_case (
            case_id TEXT PRIMARY KEY, number INTEGER NOT NULL, leaf INTEGER NOT NULL, hash BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE log_checkpoint (
            log INTEGER NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL, note BLOB NOT NULL,
            PRIMARY KEY (log, size, at)) STRICT, WITHOUT ROWID;
        CREATE TABLE log_stamp (
            log INTEGER NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL, time INTEGER NOT NULL, response BLOB NOT NULL,
            PRIMARY KEY (log, size, at)) STRICT, WITHOUT ROWID;
        CREATE TABLE log_document (
            leaf INTEGER PRIMARY KEY, letter BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, version INTEGER NOT NULL,
            slip BLOB NOT NULL, file BLOB NOT NULL) STRICT;

        CREATE TABLE log_conflict (leaf INTEGER PRIMARY KEY, note BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE log_mirror (origin TEXT NOT NULL, leaf INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (origin, leaf))
            STRICT, WITHOUT ROWID;
        CREATE TABLE log_mirror_node (
            origin TEXT NOT NULL, level INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL,
            PRIMARY KEY (origin, level, place)) STRICT, WITHOUT ROWID;
        CREATE TABLE log_mirror_head (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, peaks BLOB NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TRIGGER log_shrinks BEFORE UPDATE ON log
        WHEN new.origin <> old.origin OR new.first <> old.first OR new.size < old.size
        BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_goes BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_leaf_changes BEFORE UPDATE ON log_leaf
        WHEN new.number <> old.number OR new.data <> old.data OR new.text IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_leaf_goes BEFORE DELETE ON log_leaf BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_node_changes BEFORE UPDATE ON log_node BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_node_goes BEFORE DELETE ON log_node BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_checkpoint_changes BEFORE UPDATE ON log_checkpoint BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_checkpoint_goes BEFORE DELETE ON log_checkpoint BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_stamp_changes BEFORE UPDATE ON log_stamp BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_stamp_goes BEFORE DELETE ON log_stamp BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_document_changes BEFORE UPDATE ON log_document BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        CREATE TRIGGER log_document_goes BEFORE DELETE ON log_document BEGIN SELECT RAISE(ABORT, 'append-only'); END;
        """
}
