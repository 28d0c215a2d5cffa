// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Procedure

/// What somebody who is signed in has to prove again.
extension SignIn {
    /// That whoever presses holds the authenticator too; the code then serves no more.
    ///
    /// - Throws: Fault `.badCode`.
    func confirm(_ name: String, code: String, at now: Instant) throws {
        try store.write { try Self.spend(Confirmation(name: name, code: code), $0, at: now) }
    }

    /// The same within the transaction of what it is for.
    static func spend(_ confirmation: Confirmation, _ transaction: CaseTransaction, at now: Instant) throws {
        guard var account = try transaction.account(confirmation.name), account.state == .active,
            let secret = account.credentials?.secret,
            let step = TOTP.accept(
                Digits.folded(confirmation.code), secret: secret, at: now.seconds, after: account.lastStep)
        else { throw Fault.badCode }
        account.lastStep = step
        try transaction.put(account)
    }

    /// Another password. Every session of the account ends, and a new one begins; so do the tokens of programs, which whoever had the old
    /// one may have had made.
    ///
    /// - Parameter keepsTokens: programs go on with theirs.
    /// - Returns: its token.
    /// - Throws: Fault `.passwordLength`, `.passwordsDiffer`; `.refused` where the present password or the code is wrong.
    func changePassword(
        of name: String, from old: String, to password: String, again: String, code: String, keepsTokens: Bool = false,
        at now: Instant
    ) throws -> [UInt8] {
        guard WebLimits.passwordCharacters.contains(password.count) else { throw Fault.passwordLength }
        guard password == again else { throw Fault.passwordsDiffer }
        guard let known = try store.read({ try $0.account(name) })?.credentials else { throw Fault.refused }
        let present = try Scrypt.derive(
            password: Array(old.utf8), salt: known.salt, cost: ScryptCost(n: known.n, r: known.r, p: known.p))
        guard Secret.areEqual(present, known.hash) else { throw Fault.refused }
        let salt = SecureRandom.bytes(16)
        let hash = try Scrypt.derive(password: Array(password.utf8), salt: salt, cost: cost)
        let token = SecureRandom.bytes(32)
        try change(name) { account, transaction in
            guard account.state == .active, account.credentials?.hash == known.hash,
                let step = TOTP.accept(
                    Digits.folded(code), secret: known.secret, at: now.seconds, after: account.lastStep)
            else { throw Fault.refused }
            account.lastStep = step
            var credentials = known
            (credentials.salt, credentials.hash) = (salt, hash)
            (credentials.n, credentials.r, credentials.p) = (cost.n, cost.r, cost.p)
            // A recovery code that served meanwhile stays used.
            credentials.recovery = account.credentials?.recovery ?? []
            account.credentials = credentials
            try transaction.endSessions(of: name)
            if !keepsTokens { try transaction.revokeTokens(of: name) }
            try transaction.put(Self.session(token, of: name, at: now))
        }
        return token
    }
}
