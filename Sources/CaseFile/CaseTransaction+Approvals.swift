// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import GRDB
public import Letters
public import Procedure

/// What second people approved and nobody has sealed yet.
extension CaseTransaction {
    /// Somebody approves the act of this digest; a second time changes nothing.
    public func note(approval digest: Digest, of caseID: CaseID, by account: String, at: Instant) throws {
        try database.run(
            "INSERT OR IGNORE INTO approval VALUES(?, ?, ?, ?)", [digest.data, account, caseID.text, at.seconds])
    }

    /// The accounts that approved the act of this digest, ascending.
    public func approvals(of digest: Digest) throws -> [String] {
        try String.fetchAll(
            database.statement("SELECT account FROM approval WHERE digest = ? ORDER BY account"),
            arguments: [digest.data])
    }

    /// Whoever has this account from now on has approved nothing.
    public func removeApprovals(by account: String) throws {
        try database.run("DELETE FROM approval WHERE account = ?", [account])
    }

    /// The act was sealed: its approvals serve once.
    public func useApprovals(of digest: Digest) throws {
        try database.run("DELETE FROM approval WHERE digest = ?", [digest.data])
    }
}
