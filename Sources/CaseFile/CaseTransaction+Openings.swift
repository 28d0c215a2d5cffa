// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import GRDB
public import Letters
public import Procedure

/// Who read which form, and when: shown on the case.
extension CaseTransaction {
    /// Somebody reads a form of the case.
    public func note(opening form: Digest, in caseID: CaseID, by account: String, at: Instant) throws {
        try database.run(
            "INSERT INTO opening(pseudonym, form, account, at) VALUES(?, ?, ?, ?)",
            [caseID.text, form.data, account, at.seconds])
    }

    /// The newest readings of a case's forms, newest first.
    public func openings(of caseID: CaseID, limit: Int) throws -> [(account: String, form: Digest, at: Instant)] {
        try Row.fetchAll(
            database.statement("SELECT * FROM opening WHERE pseudonym = ? ORDER BY id DESC LIMIT ?"),
            arguments: [caseID.text, limit]
        ).map { ($0["account"], try $0.digest("form"), Instant(seconds: $0["at"])) }
    }
}
