// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import GRDB
public import Procedure

/// Who took the list of cases away, when, and how many.
extension CaseTransaction {
    public func note(export cases: Int, by account: String, at: Instant) throws {
        try database.run("INSERT INTO export(account, at, cases) VALUES(?, ?, ?)", [account, at.seconds, cases])
    }

    /// The newest first.
    public func exports(limit: Int) throws -> [(account: String, at: Instant, cases: Int)] {
        try Row.fetchAll(database.statement("SELECT * FROM export ORDER BY id DESC LIMIT ?"), arguments: [limit])
            .map { ($0["account"], $0.instant("at"), $0["cases"]) }
    }
}
