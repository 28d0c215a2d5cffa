// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import GRDB
public import Procedure

/// Who compared a safety number with another member, by telephone, and when.
extension CaseTransaction {
    public struct Comparison: Sendable, Hashable {
        /// SHA-256 of which the digits are shown.
        public var number: Digest
        public var account: String
        public var at: Instant
    }

    /// Somebody here has compared this number with the member; who did before keeps the first time.
    public func note(comparing number: Digest, with member: MemberID, by account: String, at: Instant) throws {
        try database.run(
            "INSERT OR IGNORE INTO comparison VALUES(?, ?, ?, ?)", [member.text, number.data, account, at.seconds])
    }

    /// All comparisons with a member, of earlier keys too, the oldest first.
    public func comparisons(with member: MemberID) throws -> [Comparison] {
        try Row.fetchAll(
            database.statement("SELECT * FROM comparison WHERE member = ? ORDER BY at, account"),
            arguments: [member.text]
        ).map { Comparison(number: try $0.digest("number"), account: $0["account"], at: $0.instant("at")) }
    }
}
