// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import GRDB
public import Letters
public import Procedure

/// Who read which form, and when: shown on the case.
extension CaseTransaction {
    /// Somebody reads a form of the case, or a draft that somebody else began.
    ///
    /// - Parameter form: the form's commitment, or the draft's id.
    public func note(opening form: Digest, in caseID: CaseID, by account: String, at: Instant) throws {
        try database.run(
            "INSERT INTO opening(pseudonym, form, account, at) VALUES(?, ?, ?, ?)",
            [caseID.text, form.data, account, at.seconds])
    }

    /// Whether this person's reading of it was noted at that time or later.
    public func hasNoted(opening form: Digest, in caseID: CaseID, by account: String, since: Instant) throws -> Bool {
        try Bool.fetchOne(
            database.statement(
                "SELECT EXISTS(SELECT 1 FROM opening WHERE pseudonym = ? AND form = ? AND account = ? AND at >= ?)"),
            arguments: [caseID.text, form.data, account, since.seconds]) ?? false
    }

    /// The newest readings of a case's forms, newest first.
    public func openings(of caseID: CaseID, limit: Int) throws -> [(account: String, form: Digest, at: Instant)] {
        try Row.fetchAll(
            database.statement("SELECT * FROM opening WHERE pseudonym = ? ORDER BY id DESC LIMIT ?"),
            arguments: [caseID.text, limit]
        ).map { ($0["account"], try $0.digest("form"), Instant(seconds: $0["at"])) }
    }
}
