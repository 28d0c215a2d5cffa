// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The value of a fact. Codes, dates (`YYYY-MM-DD`), ids, members and digests are text; an instant is an integer (POSIX
/// seconds).
public enum FactValue: Hashable, Sendable {
    case text(String)
    case integer(Int64)
}

/// Something that happened in a case, as the profile names it.
public struct Event: Hashable, Sendable {
    /// The event's name in the profile, or, where only a broker's view is there, the code it is shown as.
    public var code: String
    /// All facts of the event; of a shown event only those that a broker may see.
    public var facts: [String: FactValue]
    /// When it happened. Absent where it happened when the letter was sent.
    public var at: Instant?
    /// HMAC of the person who acted under the key of her organisation: 64 hex digits. Always sealed, so absent in a
    /// shown event.
    public var person: String?

    public init(code: String, facts: [String: FactValue] = [:], at: Instant? = nil, person: String? = nil) {
        self.code = code
        self.facts = facts
        self.at = at
        self.person = person
    }
}

/// Which queue a letter takes: stops, withdrawals, facts and threats overtake everything else.
public enum Lane: String, Hashable, Sendable, CaseIterable { case urgent, normal }

/// Why a part may be sealed to its recipient. Only consent is free to use; the others are allowed where the event names
/// them.
public enum Basis: String, Hashable, Sendable, CaseIterable { case consent, law, emergency, custody }

/// The sensitivity of a part's content, from a slip's own codes to what only named accounts may see. T4 is never sent.
public enum Tier: String, Hashable, Comparable, Sendable, CaseIterable {
    case t0 = "T0", t1 = "T1", t2 = "T2", t3 = "T3"

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What a slip says of one sealed part, as far as the procedure judges it.
public struct PartClaim: Hashable, Sendable {
    public var recipient: MemberID
    public var tier: Tier
    public var basis: Basis

    public init(recipient: MemberID, tier: Tier, basis: Basis) {
        self.recipient = recipient
        self.tier = tier
        self.basis = basis
    }
}

/// One letter of a case, as the procedure sees it: a node of the causal graph. A letter without events (a receipt, a
/// form that follows its fact) is a node too.
public struct Step: Hashable, Sendable {
    /// What this judge knows of the sealed events.
    public enum Sealed: Hashable, Sendable {
        /// The letter seals no events: what is shown is all.
        case none
        /// There are sealed events which this judge cannot read: unknown, not missing.
        case unknown
        /// All events of the letter in order, the shown ones among them with all their facts.
        case opened([Event])
    }

    public var id: Digest
    /// The newest letters of the case that the sender had processed, its own `previous` and what a receipt is about
    /// among them.
    public var parents: [Digest]
    /// The sender's own letter of this case before this one.
    public var previous: Digest?
    /// The letter that opened the case; absent in that letter itself.
    public var root: Digest?
    public var from: MemberID
    /// Roles that the directory gives the sender.
    public var roles: Set<String>
    public var to: [MemberID]
    /// When the letter was sent, by the sender's clock.
    public var at: Instant
    public var lane: Lane
    /// Digest of the profile the step is made under.
    public var profile: Digest
    /// Visible events by the code they are shown as, in order.
    public var shown: [Event]
    public var sealed: Sealed
    /// Letters that the events rely on.
    public var requires: [Digest]
    public var parts: [PartClaim]
    /// For a receipt that says *opened*: the letter it is about.
    public var opened: Digest?
    /// Refused, withheld or given up with a signed letter that says so: it stays in the graph, and its events do not
    /// count.
    public var isVoid: Bool
    /// For the exhaustive check: every fact that an event must have is there, and may be anything.
    var hasOpenFacts = false

    public init(
        id: Digest, parents: [Digest] = [], previous: Digest? = nil, root: Digest? = nil, from: MemberID,
        roles: Set<String>,
        to: [MemberID], at: Instant, lane: Lane, profile: Digest, shown: [Event] = [], sealed: Sealed = .none,
        requires: [Digest] = [], parts: [PartClaim] = [], opened: Digest? = nil, isVoid: Bool = false
    ) {
        self.id = id
        self.parents = parents
        self.previous = previous
        self.root = root
        self.from = from
        self.roles = roles
        self.to = to
        self.at = at
        self.lane = lane
        self.profile = profile
        self.shown = shown
        self.sealed = sealed
        self.requires = requires
        self.parts = parts
        self.opened = opened
        self.isVoid = isVoid
    }
}
