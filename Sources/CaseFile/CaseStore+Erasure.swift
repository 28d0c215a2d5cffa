// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
public import Letters
import Procedure

extension CaseStore {
    /// Before the name of a case whose content is being destroyed, in `setting`.
    private static let mark = "erasing "

    /// Destroys what this node holds of a case but its slips: the key first, with which every record, form and attachment is noise, then
    /// the bytes themselves. The case goes on under a new key. Called again, or by ``finishErasures()``, it ends what a crash has left.
    ///
    /// - Parameter body: in the transaction that takes them away.
    /// - Throws: what `body` throws; ``CaseFileError``.
    public func eraseContent<Value>(of caseID: CaseID, _ body: (CaseTransaction) throws -> Value) throws -> Value {
        // Commit point: from here on the content is lost, and a start that finds this mark takes the rest away.
        try write { try $0.setSetting(Self.mark + caseID.text, []) }
        return try destroyContent(of: caseID, body)
    }

    /// Takes away what lies under keys that are destroyed, so that no letter of the case meets a record that nothing opens. Whoever ordered
    /// it is told when somebody says so again.
    ///
    /// - Throws: ``CaseFileError``.
    public func finishErasures() throws {
        let names = try read { transaction in
            try String.fetchAll(
                transaction.database, sql: "SELECT name FROM setting WHERE name >= ? AND name < ?",
                arguments: [Self.mark, Self.mark + "g"])
        }
        for caseID in names.compactMap({ CaseID(String($0.dropFirst(Self.mark.count))) }) {
            try destroyContent(of: caseID) { _ in }
        }
    }

    private func destroyContent<Value>(of caseID: CaseID, _ body: (CaseTransaction) throws -> Value) throws -> Value {
        try keys.destroyKey(of: caseID)
        try keys.makeKey(of: caseID)
        let (value, names) = try write { transaction in
            let value = try body(transaction)
            try transaction.database.execute(
                sql: "DELETE FROM setting WHERE name = ?", arguments: [Self.mark + caseID.text])
            return (value, try transaction.removeContent(of: caseID))
        }
        for name in names.attachments { files.removeAttachment(name) }
        for name in names.parts { files.remove(name) }
        for letter in names.apart { try keys.destroyKey(of: letter) }
        try emptyLog()
        return value
    }
}

extension CaseTransaction {
    /// - Returns: names of files that belong to nothing any more.
    fileprivate func removeContent(
        of caseID: CaseID
    ) throws -> (attachments: [Digest], parts: [Digest], apart: [LetterID]) {
        let own = [caseID.text] as StatementArguments
        let attachments = try String.fetchAll(
            database, sql: "SELECT DISTINCT file FROM attachment WHERE pseudonym = ?", arguments: own)
        let parts = try Data.fetchAll(
            database,
            sql: """
                SELECT DISTINCT digest FROM letter_part WHERE letter IN (SELECT id FROM letter WHERE pseudonym = ?1)
                AND digest NOT IN (
                    SELECT digest FROM letter_part WHERE letter NOT IN (SELECT id FROM letter WHERE pseudonym = ?1))
                """, arguments: own)
        let apart = try Data.fetchAll(database, sql: "SELECT letter FROM apart WHERE pseudonym = ?", arguments: own)
        for table in ["record", "attachment", "upload", "draft", "summary", "apart"] {
            try database.execute(sql: "DELETE FROM \(table) WHERE pseudonym = ?", arguments: own)
        }
        try database.execute(
            sql: "DELETE FROM letter_part WHERE letter IN (SELECT id FROM letter WHERE pseudonym = ?)", arguments: own)
        for part in parts { try database.execute(sql: "DELETE FROM part WHERE digest = ?", arguments: [part]) }
        return (
            attachments.compactMap { Digest(hex: $0) }, parts.compactMap { Digest($0) }, apart.compactMap { Digest($0) }
        )
    }
}
