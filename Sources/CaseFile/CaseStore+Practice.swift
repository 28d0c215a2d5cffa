// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import GRDB
public import Letters
import Procedure

/// Practice cases: drafts about invented persons, under a pseudonym that can never name a case or a letter. Protocols/CaseFile.md.
extension CaseTransaction {
    /// Marks a pseudonym as practice, for ever.
    ///
    /// - Throws: GRDB's error for the pseudonym of a case.
    public func addPractice(_ caseID: CaseID) throws {
        try database.run("INSERT INTO practice VALUES(?)", [caseID.text])
    }

    public func isPractice(_ caseID: CaseID) throws -> Bool {
        try Bool.fetchOne(
            database.statement("SELECT EXISTS(SELECT 1 FROM practice WHERE pseudonym = ?)"), arguments: [caseID.text])
            ?? false
    }
}

extension CaseStore {
    /// Deletes everything of a practice case at once, and its key. The mark stays: a page that is still open makes no case of it.
    ///
    /// - Throws: ``CaseFileError`` `.unknownCase` for what is no practice case: nothing was deleted.
    public func endPractice(_ caseID: CaseID) throws {
        try write { transaction in
            guard try transaction.isPractice(caseID) else { throw CaseFileError(.unknownCase, "no practice case") }
            for table in ["draft", "upload", "opening", "approval"] {
                try transaction.database.execute(
                    sql: "DELETE FROM \(table) WHERE pseudonym = ?", arguments: [caseID.text])
            }
        }
        try keys.destroyKey(of: caseID)
    }
}
