// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
public import Letters
import Procedure

extension CaseStore {
    /// Destroys what this node holds of a case but its slips: the key first, with which every record, form and attachment is noise, then
    /// the bytes themselves. The case goes on under a new key. Called again, it ends what a crash has left.
    ///
    /// - Parameter body: in the transaction that takes them away.
    /// - Throws: what `body` throws; ``CaseFileError``.
    public func eraseContent<Value>(of caseID: CaseID, _ body: (CaseTransaction) throws -> Value) throws -> Value {
        try keys.destroyKey(of: caseID)
        try keys.makeKey(of: caseID)
        let (value, names) = try write { transaction in
            (try body(transaction), try transaction.removeContent(of: caseID))
        }
        for name in names.attachments { files.removeAttachment(name) }
        for name in names.parts { files.remove(name) }
        try emptyLog()
        return value
    }
}

extension CaseTransaction {
    /// - Returns: names of files that belong to nothing any more.
    fileprivate func removeContent(of caseID: CaseID) throws -> (attachments: [Digest], parts: [Digest]) {
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
        for table in ["record", "attachment", "upload", "draft", "summary"] {
            try database.execute(sql: "DELETE FROM \(table) WHERE pseudonym = ?", arguments: own)
        }
        try database.execute(
            sql: "DELETE FROM letter_part WHERE letter IN (SELECT id FROM letter WHERE pseudonym = ?)", arguments: own)
        for part in parts { try database.execute(sql: "DELETE FROM part WHERE digest = ?", arguments: [part]) }
        return (attachments.compactMap { Digest(hex: $0) }, parts.compactMap { Digest($0) })
    }
}
