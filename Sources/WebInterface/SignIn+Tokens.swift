// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
import Cryptography
import Letters
public import Procedure
import Sealing

/// Tokens of programs. Protocols/WebAPI.md, "Tokens".
extension SignIn {
    /// Days that a token may last.
    public static let tokenDays = 1...366

    /// Makes a token that acts for an account.
    ///
    /// - Parameter days: of ``tokenDays``.
    /// - Returns: the token, shown once, and what is kept of it.
    /// - Throws: Fault `.unknownAccount` also for one that is not active.
    public func issueToken(
        for name: String, scope: APIToken.Scope, days: Int, at now: Instant
    ) throws -> (secret: String, token: APIToken) {
        let secret = SecureRandom.bytes(32)
        let token = APIToken(
            digest: .sha256(secret), account: name, scope: scope, created: now, until: now + Int64(days) * 86_400)
        try store.write { transaction in
            guard try transaction.account(name)?.state == .active else { throw Fault.unknownAccount }
            try transaction.put(token)
        }
        return (APIToken.prefix + Hex.text(secret), token)
    }

    /// All tokens, those that have ended too.
    public func tokens() throws -> [APIToken] { try store.read { try $0.tokens() } }

    /// - Parameters:
    ///   - id: as people name it.
    ///   - account: whose it has to be; `nil` for anybody's.
    /// - Throws: Fault `.unknownToken` where none or several are called so.
    public func revokeToken(_ id: String, of account: String? = nil) throws {
        try store.write { transaction in
            let found = try transaction.tokens().filter { $0.id == id && (account == nil || $0.account == account) }
            guard found.count == 1 else { throw Fault.unknownToken }
            try transaction.revokeToken(found[0].digest)
        }
    }

    /// For whom a token acts now, and notes the request.
    ///
    /// - Returns: `nil` where there is no such token, it has ended, or its account is not active.
    func holder(of secret: [UInt8], at now: Instant) throws -> (Account, APIToken)? {
        let digest = Digest.sha256(secret)
        let found = try store.read { transaction -> (APIToken, Account)? in
            guard let token = try transaction.token(digest), let account = try transaction.account(token.account)
            else { return nil }
            return (token, account)
        }
        guard let (token, account) = found, account.state == .active, now < token.until else { return nil }
        if token.used.map({ now - $0 >= WebLimits.tokenUsedSeconds }) ?? true {
            try store.write { transaction in
                guard var token = try transaction.token(digest) else { return }
                token.used = now
                try transaction.put(token)
            }
        }
        return (account, token)
    }
}

extension APIToken {
    /// So that a scanner for secrets knows one when it sees it.
    static let prefix = "kheya_"

    /// The 32 bytes in `Authorization: Bearer kheya_…`.
    static func secret(in field: String?) -> [UInt8]? {
        guard let field, field.lowercased().hasPrefix("bearer \(prefix)"),
            let secret = Hex.bytes(String(field.dropFirst(7 + prefix.count))), secret.count == 32
        else { return nil }
        return secret
    }
}
