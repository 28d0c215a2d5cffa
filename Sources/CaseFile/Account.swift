// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import Procedure

/// A person who acts at this node, by command or at its page. Never leaves the node.
///
/// - SeeAlso: Protocols/Web.md, "Accounts".
public struct Account: Sendable, Hashable {
    /// What a person may do, at the page and by command.
    public enum Role: String, Sendable, CaseIterable {
        /// Works on cases.
        case caseworker
        /// Works on cases and answers for the people who do.
        case supervisor
        /// Runs the node; sees no case.
        case administrator
        /// Sees the trail; no case.
        case auditor
        /// Sees where cases stand; may record a stop and nothing else.
        case readOnly = "read-only"

        /// Whether it acts in cases: at the page, by command, through a program.
        public var worksOnCases: Bool {
            switch self {
            case .caseworker, .supervisor: true
            case .administrator, .auditor, .readOnly: false
            }
        }

        /// Whether it sees where cases stand, and may record a stop.
        public var seesCases: Bool {
            switch self {
            case .caseworker, .supervisor, .readOnly: true
            case .administrator, .auditor: false
            }
        }
    }

    public enum State: String, Sendable, CaseIterable {
        /// A slip is out; nobody can sign in yet.
        case invited
        /// Acts. Without ``Account/credentials`` by command only.
        case active
        /// Sessions ended, no sign-in; what the person did stays.
        case suspended
    }

    /// Who suspended an account.
    public struct Suspension: Sendable, Hashable {
        public var at: Instant
        /// The supervisor who did it at the page; absent: the operator, by command.
        public var by: String?

        public init(at: Instant, by: String?) {
            self.at = at
            self.by = by
        }
    }

    /// 1 to 64 of `a-z 0-9 - .`.
    public var name: String
    public var role: Role
    public var state: State
    /// BCP 47: the language of the person's pages.
    public var language: String
    /// Of an open invitation or reset: the digest of its slip, and when it ends.
    public var slip: Digest?
    public var slipUntil: Instant
    /// What the person signs in with at the page; absent until a slip was used.
    public var credentials: Credentials?
    /// The last step of a one-time password that served.
    public var lastStep: Int64
    public var created: Instant
    /// Who invited this person at the page; absent: the operator, by command.
    public var invitedBy: String?
    /// Of an account that is suspended.
    public var suspended: Suspension?

    public init(
        name: String, role: Role, state: State = .invited, language: String = "en", slip: Digest? = nil,
        slipUntil: Instant, credentials: Credentials? = nil, lastStep: Int64 = 0, created: Instant,
        invitedBy: String? = nil, suspended: Suspension? = nil
    ) {
        self.name = name
        self.role = role
        self.state = state
        self.language = language
        self.slip = slip
        self.slipUntil = slipUntil
        self.credentials = credentials
        self.lastStep = lastStep
        self.created = created
        self.invitedBy = invitedBy
        self.suspended = suspended
    }

    /// An account that acts by command and signs in nowhere: who has the command line needs no password for it.
    public init(actsByCommand name: String, role: Role, at now: Instant) {
        self.init(name: name, role: role, state: .active, slipUntil: now, created: now)
    }

    /// Whether it acts by command and cannot sign in at the page.
    public var actsByCommandOnly: Bool { state == .active && credentials == nil }

    /// Whether it can be the name of an account: 1 to 64 of `a-z 0-9 - .`.
    public static func isName(_ text: String) -> Bool { pattern.matches(text) }

    private static let pattern = Pattern("an account", length: 1...64) {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
    }
}

/// What somebody signs in with. At rest under the accounts key.
public struct Credentials: Sendable, Hashable, Codable {
    /// scrypt: salt, cost and 32 bytes of result.
    public var salt: [UInt8]
    public var n: UInt64
    public var r: UInt64
    public var p: UInt64
    public var hash: [UInt8]
    /// The secret of the one-time passwords, 20 bytes.
    public var secret: [UInt8]
    /// SHA-256 of each recovery code that is left, in hexadecimal.
    public var recovery: [String]

    public init(
        salt: [UInt8], n: UInt64, r: UInt64, p: UInt64, hash: [UInt8], secret: [UInt8], recovery: [String]
    ) {
        self.salt = salt
        self.n = n
        self.r = r
        self.p = p
        self.hash = hash
        self.secret = secret
        self.recovery = recovery
    }
}

/// A sign-in that has not ended.
public struct SessionRecord: Sendable, Hashable {
    /// SHA-256 of what the browser holds.
    public var digest: Digest
    public var account: String
    public var begun: Instant
    /// The last request, to within ten seconds.
    public var seen: Instant

    public init(digest: Digest, account: String, begun: Instant, seen: Instant) {
        self.digest = digest
        self.account = account
        self.begun = begun
        self.seen = seen
    }
}
