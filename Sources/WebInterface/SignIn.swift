// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
public import Cryptography
import Letters
import Sealing
public import Procedure

/// Accounts, slips and sign-in at a node: everything here is one transaction or none.
///
/// - SeeAlso: Protocols/Web.md, "Accounts".
public struct SignIn: Sendable {
    /// How long a slip serves: three days.
    public static let slipSeconds = WebLimits.slipSeconds

    let store: CaseStore
    let cost: ScryptCost

    /// - Parameter cost: of one guess at a password. What an account has keeps its own cost.
    public init(store: CaseStore, cost: ScryptCost = .passphrase) {
        self.store = store
        self.cost = cost
    }

    public enum Fault: Error, Sendable, Hashable {
        /// There is no such account.
        case unknownAccount
        /// There is one of that name.
        case taken
        /// Not a name: 1 to 64 of `a-z 0-9 - .`.
        case badName
        /// No open invitation has this slip, or it has ended.
        case badSlip
        /// Shorter or longer than a password may be.
        case passwordLength
        /// The two passwords differ.
        case passwordsDiffer
        /// Not the code that the authenticator shows now.
        case badCode
        /// Name, password or code: it is not told which.
        case refused
        /// No token, or several, are called so.
        case unknownToken
    }

    /// Who does something with accounts at the page, with a code of her authenticator: it is spent with what it was given for, or not at all.
    public struct Confirmation: Sendable {
        let name: String
        let code: String
    }

    // MARK: Accounts

    /// Makes an account and its slip.
    ///
    /// - Parameters:
    ///   - language: of the first page that its person sees; one of ``languages``.
    ///   - inviter: whoever invites at the page; `nil`: whoever runs the node.
    /// - Returns: the slip: 20 digits in groups of five. It is shown once; only its digest is stored.
    /// - Throws: Fault `.taken`, `.badName`; `.badCode`.
    public func invite(
        _ name: String, role: Account.Role, language: String = "en", by inviter: Confirmation? = nil, at now: Instant
    ) throws -> String {
        guard Account.isName(name) else { throw Fault.badName }
        let slip = Self.newSlip()
        try store.write { transaction in
            guard try transaction.account(name) == nil else { throw Fault.taken }
            if let inviter { try Self.spend(inviter, transaction, at: now) }
            try transaction.put(
                Account(
                    name: name, role: role, language: language, slip: Self.digest(slip: slip),
                    slipUntil: now + WebLimits.slipSeconds, created: now, invitedBy: inviter?.name))
        }
        return slip
    }

    /// Makes an account that acts by command only; a reset gives it a slip for the page.
    ///
    /// - Throws: Fault `.taken`, `.badName`.
    public func add(_ name: String, role: Account.Role, at now: Instant) throws {
        guard Account.isName(name) else { throw Fault.badName }
        try store.write { transaction in
            guard try transaction.account(name) == nil else { throw Fault.taken }
            try transaction.put(Account(actsByCommand: name, role: role, at: now))
        }
    }

    /// Those that the page speaks.
    public static var languages: [String] { Words.languages }

    /// Ends the account's sessions and takes away what it signed in with; a new slip lets its person in again, or another.
    ///
    /// - Parameter by: the supervisor who hands out the slip and now stands for whom it lets in; `nil`: whoever runs the node.
    public func reset(_ name: String, by supervisor: Confirmation? = nil, at now: Instant) throws -> String {
        let slip = Self.newSlip()
        try change(name) { account, transaction in
            if let supervisor { try Self.spend(supervisor, transaction, at: now) }
            account.state = .invited
            account.invitedBy = supervisor?.name
            account.suspended = nil
            account.credentials = nil
            account.slip = Self.digest(slip: slip)
            account.slipUntil = now + WebLimits.slipSeconds
            try Self.endAll(of: name, transaction)
            try transaction.removeNotice(of: name)
        }
        return slip
    }

    /// Ends the account's sessions; nobody signs in with it until it is reset. Who did it, and when, stays with the account.
    ///
    /// - Parameter by: the supervisor who does it at the page; `nil`: whoever runs the node.
    public func suspend(_ name: String, by supervisor: Confirmation? = nil, at now: Instant) throws {
        try change(name) { account, transaction in
            if let supervisor { try Self.spend(supervisor, transaction, at: now) }
            account.state = .suspended
            account.suspended = Account.Suspension(at: now, by: supervisor?.name)
            account.slip = nil
            try Self.endAll(of: name, transaction)
        }
    }

    /// What an account has begun and nobody has used yet.
    private static func endAll(of name: String, _ transaction: CaseTransaction) throws {
        try transaction.endSessions(of: name)
        try transaction.revokeTokens(of: name)
        try transaction.removeApprovals(by: name)
    }

    public func accounts() throws -> [Account] { try store.read { try $0.accounts() } }

    func setLanguage(_ language: String, of name: String) throws {
        try change(name) { account, _ in account.language = language }
    }

    func change(_ name: String, _ body: (inout Account, CaseTransaction) throws -> Void) throws {
        try store.write { transaction in
            guard var account = try transaction.account(name) else { throw Fault.unknownAccount }
            try body(&account, transaction)
            try transaction.put(account)
        }
    }

    // MARK: Slips

    private static func newSlip() -> String {
        var digits = ""
        while digits.utf8.count < 20 {
            for byte in SecureRandom.bytes(32) where byte < 250 && digits.utf8.count < 20 { digits += "\(byte % 10)" }
        }
        return stride(from: 0, to: 20, by: 5).map { start in
            String(decoding: Array(digits.utf8)[start..<start + 5], as: UTF8.self)
        }.joined(separator: " ")
    }

    /// Where a slip's code leads: the page that asks for its digits, in the language of whom it is for.
    ///
    /// The digits are typed and posted. An address stands in histories, of browsers and of whatever scanned it, and in logs on the way.
    /// - Parameter origin: `https://node.example`.
    public static func address(ofSlipIn language: String, at origin: String) -> String {
        "\(origin)/welcome/\(language)"
    }

    private static func digest(slip: String) -> Digest {
        .sha256(Array(Digits.folded(slip).utf8.filter { $0 != 0x2D }))
    }

    /// Whose slip this is, and the secret that the authenticator takes: fixed by the slip, so that nothing is kept meanwhile.
    ///
    /// - Throws: Fault `.badSlip`.
    func open(slip: String, at now: Instant) throws -> (account: Account, secret: [UInt8]) {
        let digest = Self.digest(slip: slip)
        guard let account = try store.read({ try $0.account(slip: digest) }), now < account.slipUntil else {
            throw Fault.badSlip
        }
        let secret = HKDFSHA256.derive(
            from: try store.keys.accountKey(), salt: digest.bytes, info: Array("kheya one-time passwords".utf8),
            count: 20)
        return (account, secret)
    }

    /// Uses the slip: the account is active, and a session begins.
    ///
    /// - Returns: the session's token and eight recovery codes, both shown once.
    func accept(
        slip: String, password: String, again: String, code: String, language: String, at now: Instant
    ) throws -> (token: [UInt8], recovery: [String]) {
        let (account, secret) = try open(slip: slip, at: now)
        guard WebLimits.passwordCharacters.contains(password.count) else { throw Fault.passwordLength }
        guard password == again else { throw Fault.passwordsDiffer }
        guard let step = TOTP.accept(Digits.folded(code), secret: secret, at: now.seconds, after: account.lastStep)
        else { throw Fault.badCode }
        let codes = (0..<8).map { _ in Base32.encode(SecureRandom.bytes(10)) }
        let salt = SecureRandom.bytes(16)
        let credentials = Credentials(
            salt: salt, n: cost.n, r: cost.r, p: cost.p,
            hash: try Scrypt.derive(password: Array(password.utf8), salt: salt, cost: cost), secret: secret,
            recovery: codes.map(Self.digest(code:)))
        let token = SecureRandom.bytes(32)
        try store.write { transaction in
            // Used meanwhile, by another press or another person.
            guard var account = try transaction.account(account.name), account.slip == Self.digest(slip: slip) else {
                throw Fault.badSlip
            }
            account.state = .active
            account.slip = nil
            account.credentials = credentials
            account.language = language
            account.lastStep = step
            try transaction.put(account)
            try transaction.put(Self.session(token, of: account.name, at: now))
        }
        return (token, codes.map(Self.spaced))
    }

    // MARK: Signing in

    /// - Parameter code: of the authenticator, or a recovery code.
    /// - Returns: the token of a new session.
    /// - Throws: Fault `.refused`, after the same work whether there is such an account or not.
    func begin(name: String, password: String, code: String, at now: Instant) throws -> [UInt8] {
        let token = SecureRandom.bytes(32)
        try prove(name, password: password, code: code, at: now) {
            try $0.put(Self.session(token, of: name, at: now))
        }
        return token
    }

    /// That somebody at a terminal of this machine is who they say; the code then serves no more, and no session begins.
    ///
    /// - Throws: as ``begin(name:password:code:at:)``.
    public func prove(_ name: String, password: String, code: String, at now: Instant) throws {
        try prove(name, password: password, code: code, at: now) { _ in }
    }

    private func prove(
        _ name: String, password: String, code: String, at now: Instant, _ body: (CaseTransaction) throws -> Void
    ) throws {
        let account = try store.read { try $0.account(name) }
        let known = account.flatMap { $0.state == .active ? $0.credentials : nil }
        let cost = known.map { ScryptCost(n: $0.n, r: $0.r, p: $0.p) } ?? self.cost
        let hash = try Scrypt.derive(
            password: Array(password.utf8), salt: known?.salt ?? [UInt8](repeating: 0, count: 16), cost: cost)
        guard let known, Secret.areEqual(hash, known.hash) else { throw Fault.refused }
        try store.write { transaction in
            guard var account = try transaction.account(name), account.state == .active,
                var credentials = account.credentials, credentials.hash == known.hash
            else { throw Fault.refused }
            if let step = TOTP.accept(
                Digits.folded(code), secret: credentials.secret, at: now.seconds, after: account.lastStep)
            {
                account.lastStep = step
            } else {
                let digest = Self.digest(code: Self.unspaced(code))
                guard let index = credentials.recovery.firstIndex(of: digest) else { throw Fault.refused }
                credentials.recovery.remove(at: index)
                account.credentials = credentials
            }
            try transaction.put(account)
            try body(transaction)
        }
    }

    /// The account of a session that has not ended, and notes the request.
    ///
    /// - Returns: `nil` when it has ended: idle, too old, suspended, signed out.
    func account(of token: [UInt8], at now: Instant) throws -> Account? {
        let digest = Self.digest(token: token)
        let found = try store.read { transaction -> (SessionRecord, Account)? in
            guard let session = try transaction.session(digest), let account = try transaction.account(session.account)
            else { return nil }
            return (session, account)
        }
        guard let (session, account) = found, account.state == .active,
            now - session.seen < WebLimits.idleSeconds, now - session.begun < WebLimits.sessionSeconds
        else { return nil }
        if now - session.seen >= WebLimits.seenSeconds {
            try store.write { transaction in
                guard var session = try transaction.session(digest) else { return }
                session.seen = now
                try transaction.put(session)
            }
        }
        return account
    }

    func end(_ token: [UInt8]) throws { try store.write { try $0.endSession(Self.digest(token: token)) } }

    /// Removes sessions that have ended by themselves.
    func clear(at now: Instant) throws {
        try store.write {
            try $0.clearSessions(
                idleSince: now + -WebLimits.idleSeconds, begunBefore: now + -WebLimits.sessionSeconds)
        }
    }

    static func session(_ token: [UInt8], of name: String, at now: Instant) -> SessionRecord {
        SessionRecord(digest: digest(token: token), account: name, begun: now, seen: now)
    }

    private static func digest(token: [UInt8]) -> Digest { .sha256(token) }
    private static func digest(code: String) -> String { Digest.sha256(Array(code.utf8)).hex }

    /// What authenticators read from a picture: the same secret, and the account's local name.
    static func enrolment(of name: String, secret: [UInt8]) -> String {
        "otpauth://totp/Kheya:\(name)?secret=\(Base32.encode(secret))&issuer=Kheya"
    }

    /// In groups of four, to be typed.
    static func spaced(secret: [UInt8]) -> String { spaced(Base32.encode(secret)) }

    private static func unspaced(_ code: String) -> String {
        String(decoding: code.uppercased().utf8.filter { $0 > 0x20 && $0 != 0x2D }, as: UTF8.self)
    }

    private static func spaced(_ code: String) -> String {
        let bytes = Array(code.utf8)
        return stride(from: 0, to: bytes.count, by: 4).map {
            String(decoding: bytes[$0..<min($0 + 4, bytes.count)], as: UTF8.self)
        }.joined(separator: " ")
    }
}

/// Numbers as people type them in their own script.
enum Digits {
    /// Digits of any script as 0–9; white space goes; everything else stays.
    static func folded(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !scalar.properties.isWhitespace {
            if scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue,
                let digit = Unicode.Scalar(0x30 + UInt32(value))
            {
                result.append(digit)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}
