// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import GRDB
internal import Letters
internal import MessageStore
internal import Procedure

/// Taking away what was ordered to be erased. Protocols/Queue.md §10.
extension SQLiteTransaction {
    /// Before the name of a case whose key is still to be destroyed, in `setting`.
    private static let mark = "erased "

    func erase(_ caseID: CaseID, _ leaves: [Int64], of origin: String) throws {
        let first = try integer("SELECT first FROM log WHERE origin = ?", [origin])
        guard let first else { throw StoreError(.unreadable, "no such log") }
        for leaf in leaves {
            try run(
                "UPDATE log_leaf SET text = NULL WHERE number = ? AND case_id = ?", [first + leaf, caseID.text])
            guard db.changesCount == 1 else { throw StoreError(.unreadable, "not a leaf of the case") }
        }
        // Each event names the one before it, so the last one finds them all.
        var own: [Int64] = []
        var next = try integer("SELECT leaf FROM log_case WHERE case_id = ?", [caseID.text])
        while let leaf = next {
            own.append(leaf)
            next = try integer("SELECT before FROM log_leaf WHERE number = ?", [leaf])
        }
        for leaf in own where try integer("SELECT 1 FROM log_leaf WHERE number = ? AND text NOT NULL", [leaf]) != nil {
            return
        }
        for leaf in own {
            try run("UPDATE log_leaf SET case_id = NULL, before = NULL WHERE number = ?", [leaf])
        }
        try run("DELETE FROM log_case WHERE case_id = ?", [caseID.text])
        for letter in try rows("SELECT number FROM letter WHERE case_id = ?", [caseID.text]) {
            let number: Int64 = letter[0]
            for table in ["delivery", "spent", "letter_part", "missing", "addressee", "slip"] {
                try run("DELETE FROM \(table) WHERE letter = ?", [number])
            }
            try run("DELETE FROM letter WHERE number = ?", [number])
        }
        try run("DELETE FROM cases WHERE case_id = ?", [caseID.text])
        try run("INSERT OR IGNORE INTO setting VALUES (?, 1)", [Self.mark + caseID.text])
    }

    /// Outside a transaction: the keys first, then the pages in which anything was, then the names of the cases.
    static func destroyErased(_ db: Database, _ keys: EventKeys) throws {
        let names = try String.fetchAll(
            db, sql: "SELECT name FROM setting WHERE name >= ? AND name < ?", arguments: [mark, mark + "g"])
        guard !names.isEmpty else { return }
        try keys.destroy(names.compactMap { CaseID(String($0.dropFirst(mark.count))) })
        // What was deleted is overwritten in its pages, and the log that still has the old ones is emptied. Before the names go: a crash,
        // or somebody who reads, leaves the rest for the next time.
        try emptyLog(db)
        for name in names { try db.execute(sql: "DELETE FROM setting WHERE name = ?", arguments: [name]) }
        try emptyLog(db)
    }

    /// - Throws: ``StoreError`` `.busy` while another process reads: SQLite says so in a row, not by an error.
    static func emptyLog(_ db: Database) throws {
        guard try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 0 else {
            throw StoreError(.busy, "somebody reads what is to be destroyed")
        }
    }
}
