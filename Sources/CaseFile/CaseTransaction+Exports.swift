// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import GRDB
public import Letters
public import Procedure

/// Somebody took the list of cases away, or one case.
public struct ExportRecord: Sendable, Hashable {
    public var account: String
    public var at: Instant
    public var cases: Int
    /// The token of the program that did it for the account, as people name it.
    public var program: String?
    /// The one case.
    public var caseID: CaseID?
}

/// Who took cases away, when, and how many.
extension CaseTransaction {
    public func note(
        export cases: Int, of caseID: CaseID? = nil, by account: String, program: String? = nil, at: Instant
    ) throws {
        try database.run(
            "INSERT INTO export(account, at, cases, program, pseudonym) VALUES(?, ?, ?, ?, ?)",
            [account, at.seconds, cases, program, caseID?.text])
    }

    /// Whether it was noted at that time or later that a program took so many cases or more.
    public func hasNotedExport(of cases: Int, by account: String, program: String, since: Instant) throws -> Bool {
        try Bool.fetchOne(
            database.statement(
                "SELECT EXISTS(SELECT 1 FROM export WHERE account = ? AND program = ? AND at >= ? AND cases >= ? AND pseudonym IS NULL)"
            ),
            arguments: [account, program, since.seconds, cases]) ?? false
    }

    /// The newest first.
    public func exports(limit: Int) throws -> [ExportRecord] {
        try Row.fetchAll(database.statement("SELECT * FROM export ORDER BY id DESC LIMIT ?"), arguments: [limit])
            .map {
                ExportRecord(
                    account: $0["account"], at: $0.instant("at"), cases: $0["cases"], program: $0["program"],
                    caseID: ($0["pseudonym"] as String?).flatMap { CaseID($0) })
            }
    }
}
