// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import GRDB
import Letters
public import Procedure

/// Accounts and sessions of the page.
extension CaseTransaction {
    public func account(_ name: String) throws -> Account? {
        try Row.fetchOne(database.statement("SELECT * FROM account WHERE name = ?"), arguments: [name]).map(account)
    }

    public func accounts() throws -> [Account] {
        try Row.fetchAll(database.statement("SELECT * FROM account ORDER BY name")).map(account)
    }

    /// The account whose open slip this is.
    public func account(slip: Digest) throws -> Account? {
        try Row.fetchOne(database.statement("SELECT * FROM account WHERE slip = ?"), arguments: [slip.data])
            .map(account)
    }

    /// Adds an account or replaces it.
    public func put(_ account: Account) throws {
        let sealed = try account.credentials.map {
            try AESGCM.seal(
                [UInt8](JSONEncoder().encode($0)), key: try keys.accountKey(),
                associatedData: Self.label(account.name))
        }
        try database.run(
            "INSERT OR REPLACE INTO account VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                account.name, account.role.rawValue, account.state.rawValue, account.language, account.slip?.data,
                account.slipUntil.seconds, sealed.map { Data($0) }, account.lastStep, account.created.seconds,
                account.invitedBy, account.suspended?.at.seconds, account.suspended?.by,
            ])
    }

    private func account(_ row: Row) throws -> Account {
        let name: String = row["name"]
        guard let role = Account.Role(rawValue: row["role"]), let state = Account.State(rawValue: row["state"]) else {
            throw CaseFileError(.damaged, "an account of an unknown role or state")
        }
        let sealed: Data? = row["sealed"]
        let slip: Data? = row["slip"]
        return Account(
            name: name, role: role, state: state, language: row["language"], slip: slip.flatMap { Digest($0) },
            slipUntil: Instant(seconds: row["slip_until"]),
            credentials: try sealed.map { try credentials([UInt8]($0), of: name) }, lastStep: row["last_step"],
            created: Instant(seconds: row["created"]), invitedBy: row["invited_by"],
            suspended: row.optionalInstant("suspended").map { Account.Suspension(at: $0, by: row["suspended_by"]) })
    }

    private func credentials(_ sealed: [UInt8], of name: String) throws -> Credentials {
        do {
            let plain = try AESGCM.open(sealed, key: try keys.accountKey(), associatedData: Self.label(name))
            return try JSONDecoder().decode(Credentials.self, from: Data(plain))
        } catch { throw CaseFileError(.damaged, "an account's credentials do not open") }
    }

    /// Bound to the name: credentials moved to another account do not open.
    private static func label(_ name: String) -> [UInt8] { Array("kheya-account/1\n\(name)".utf8) }

    // MARK: Sessions

    public func session(_ digest: Digest) throws -> SessionRecord? {
        try Row.fetchOne(database.statement("SELECT * FROM session WHERE digest = ?"), arguments: [digest.data]).map {
            SessionRecord(
                digest: digest, account: $0["account"], begun: Instant(seconds: $0["begun"]),
                seen: Instant(seconds: $0["seen"]))
        }
    }

    /// Begins a session, or notes a request of one.
    public func put(_ session: SessionRecord) throws {
        try database.run(
            "INSERT OR REPLACE INTO session VALUES(?, ?, ?, ?)",
            [session.digest.data, session.account, session.begun.seconds, session.seen.seconds])
    }

    public func endSession(_ digest: Digest) throws {
        try database.run("DELETE FROM session WHERE digest = ?", [digest.data])
    }

    /// Ends every session of an account.
    public func endSessions(of account: String) throws {
        try database.run("DELETE FROM session WHERE account = ?", [account])
    }

    /// Removes sessions that have been idle since, or that began before.
    public func clearSessions(idleSince: Instant, begunBefore: Instant) throws {
        try database.run(
            "DELETE FROM session WHERE seen < ? OR begun < ?", [idleSince.seconds, begunBefore.seconds])
    }
}
