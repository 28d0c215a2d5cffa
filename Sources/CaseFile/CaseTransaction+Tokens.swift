// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import GRDB
public import Procedure

/// What lets a program of the organisation act for an account, over the HTTP API. Protocols/WebAPI.md, "Tokens".
public struct APIToken: Sendable, Hashable {
    public enum Scope: String, Sendable, CaseIterable {
        /// Lists, cases, letters, forms.
        case read
        /// Steps too.
        case write

        /// Whether a token of this scope serves where that scope is asked for.
        public func admits(_ asked: Scope) -> Bool { self == .write || asked == .read }
    }

    /// SHA-256 of the token.
    public var digest: Digest
    public var account: String
    public var scope: Scope
    public var created: Instant
    public var until: Instant
    /// The last request, to within an hour.
    public var used: Instant?

    public init(digest: Digest, account: String, scope: Scope, created: Instant, until: Instant, used: Instant? = nil) {
        self.digest = digest
        self.account = account
        self.scope = scope
        self.created = created
        self.until = until
        self.used = used
    }

    /// By which people name it: the first eight digits of its digest.
    public var id: String { String(digest.hex.prefix(8)) }
}

extension CaseTransaction {
    public func token(_ digest: Digest) throws -> APIToken? {
        try Row.fetchOne(database.statement("SELECT * FROM token WHERE digest = ?"), arguments: [digest.data])
            .map(token)
    }

    /// All tokens, the oldest first, those that have ended too.
    public func tokens() throws -> [APIToken] {
        try Row.fetchAll(database.statement("SELECT * FROM token ORDER BY created, digest")).map(token)
    }

    /// Adds a token, or notes a request with it.
    public func put(_ token: APIToken) throws {
        try database.run(
            "INSERT OR REPLACE INTO token VALUES(?, ?, ?, ?, ?, ?)",
            [
                token.digest.data, token.account, token.scope.rawValue, token.created.seconds, token.until.seconds,
                token.used?.seconds,
            ])
    }

    public func revokeToken(_ digest: Digest) throws {
        try database.run("DELETE FROM token WHERE digest = ?", [digest.data])
    }

    /// Revokes every token of an account.
    public func revokeTokens(of account: String) throws {
        try database.run("DELETE FROM token WHERE account = ?", [account])
    }

    private func token(_ row: Row) throws -> APIToken {
        APIToken(
            digest: try row.digest("digest"), account: row["account"], scope: try row.code("scope"),
            created: row.instant("created"), until: row.instant("until"), used: row.optionalInstant("used"))
    }
}
