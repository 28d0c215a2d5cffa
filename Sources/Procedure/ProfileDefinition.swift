// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What a profile file says, section by section, before anybody has checked that it agrees with itself.
///
/// - SeeAlso: Protocols/Procedure.md, "Fields".
public struct ProfileDefinition: Hashable, Sendable {
    public struct Role: Hashable, Sendable {
        /// The country of every member that holds the role; absent where any may.
        public var country: String?
        /// Whether its holders move cases; an auditor or a nodal contact does not.
        public var moves: Bool
        /// An office reads what it is asked and what it may itself send, nothing else of the case.
        public var isOffice: Bool
        public init(country: String?, moves: Bool, isOffice: Bool = false) {
            self.country = country
            self.moves = moves
            self.isOffice = isOffice
        }
    }

    public struct Consent: Hashable, Sendable {
        public var track: String
        /// The guard that is green while the consent lives for `this.from` and `this.to`.
        public var live: String
        /// The highest tier that it covers.
        public var covers: Tier
        public init(track: String, live: String, covers: Tier) {
            self.track = track
            self.live = live
            self.covers = covers
        }
    }

    /// What a broker refuses from the list of parts alone: basis consent, between holders of these roles.
    public struct PartRule: Hashable, Sendable {
        public var from: String
        public var to: String
        public var tier: Tier
        public var guardName: String
        public init(from: String, to: String, tier: Tier, guardName: String) {
            self.from = from
            self.to = to
            self.tier = tier
            self.guardName = guardName
        }
    }

    public struct Transition: Hashable, Sendable {
        public var id: String
        public var from: [String]
        public var event: String
        public var to: String
        public init(id: String, from: [String], event: String, to: String) {
            self.id = id
            self.from = from
            self.event = event
            self.to = to
        }
    }

    public struct Lifecycle: Hashable, Sendable {
        public var initial: String
        public var terminal: [String]
        /// States that a fact does not move (rule R2), besides the ends.
        public var notMovedByFacts: [String]
        /// Each state with the role that owes care, or a code that is no role; absent where nobody does.
        public var care: [String: String?]
        public var transitions: [Transition]
        public init(
            initial: String, terminal: [String], notMovedByFacts: [String], care: [String: String?],
            transitions: [Transition]
        ) {
            self.initial = initial
            self.terminal = terminal
            self.notMovedByFacts = notMovedByFacts
            self.care = care
            self.transitions = transitions
        }
    }

    public struct Edge: Hashable, Sendable {
        public var from: String
        public var event: String
        public var to: String
        public init(from: String, event: String, to: String) {
            self.from = from
            self.event = event
            self.to = to
        }
    }

    public struct Track: Hashable, Sendable {
        public enum Group: String, Hashable, Sendable, CaseIterable { case checkpoint, consent, side }
        public var group: Group
        public var initial: String
        /// Of a checkpoint: the states that count as settled.
        public var green: [String]
        /// The guard that is green while a settled state still counts: what it rests on has not grown old.
        public var guardName: String?
        public var edges: [Edge]
        public init(group: Group, initial: String, green: [String], edges: [Edge]) {
            self.group = group
            self.initial = initial
            self.green = green
            self.edges = edges
        }
    }

    public struct EventRule: Hashable, Sendable {
        /// `notice` moves nothing.
        public enum Kind: String, Hashable, Sendable, CaseIterable { case fact, stop, progress, notice }
        public var kind: Kind
        /// `lifecycle` or a track; absent for a notice.
        public var home: String?
        public var by: [String]
        public var isWithdrawal = false
        public var lanes: Set<Lane>
        /// The code a broker sees; absent where the event is sealed.
        public var shownAs: String?
        public var guards: [String] = []
        public var facts: [String] = []
        /// An act of an office: the attested facts are compulsory too.
        public var isPaper = false
        public var form: String?
        /// What the form needs towards its recipient: each of these consents, live.
        public var consents: [String] = []
        /// The highest tier the form may hold.
        public var tier: Tier
        /// Bases allowed besides consent.
        public var bases: Set<Basis> = []
        /// The highest tier of the form on basis consent where the event names no consent.
        public var freeTier: Tier = .t1
        /// The country whose time ends this event's dates; absent: the sender's.
        public var zone: String?
        /// The only role it is addressed to.
        public var to: String?
        /// The guard while which whoever received the event's form keeps it; red: it is destroyed. Absent: kept with the case.
        public var kept: String?
        /// Without a live consent it travels without its form.
        public var withoutForm = false
        /// Its sender needs the role, but no part in the case.
        public var isFromOutside = false

        public init(kind: Kind, home: String?, by: [String], lanes: Set<Lane>, tier: Tier) {
            self.kind = kind
            self.home = home
            self.by = by
            self.lanes = lanes
            self.tier = tier
        }
    }

    public struct FactRule: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            case codes([String])
            /// 32 or 64 lower-case hexadecimal digits.
            case id
            case date
            /// POSIX seconds.
            case instant
            case member
            /// 64 lower-case hexadecimal digits.
            case digest
        }
        public var kind: Kind
        public var tier: Tier
        /// Whether the slip shows it when its event is visible.
        public var isShown: Bool
        public init(kind: Kind, tier: Tier, isShown: Bool) {
            self.kind = kind
            self.tier = tier
            self.isShown = isShown
        }
    }

    public struct Deadline: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable, CaseIterable { case law, source, `default` }
        public enum Count: String, Hashable, Sendable, CaseIterable {
            case calendar, working
            case withoutJourney = "without_journey"
        }
        public var months: Int64
        public var seconds: Int64
        /// At the latest, else not before.
        public var isMaximum: Bool
        public var kind: Kind
        public var count: Count
        public var repeats: Bool
        public var from: [String]
        public var to: [String]
        public var isInGuards: Bool
        /// Who owes the step: a role, or ``sender`` or ``addressee`` of the step it runs from; absent: the roles of `to`.
        public var holder: String?
        /// The guard without which it does not run.
        public var when: String?
        /// How many of `to` meet it, counted from its beginning.
        public var nth = 1
        /// Steps after which it is owed no longer, though nobody took it.
        public var unless: [String] = []
        public static let sender = "sender"
        public static let addressee = "addressee"

        public init(
            months: Int64, seconds: Int64, isMaximum: Bool, kind: Kind, count: Count, repeats: Bool, from: [String],
            to: [String],
            isInGuards: Bool
        ) {
            self.months = months
            self.seconds = seconds
            self.isMaximum = isMaximum
            self.kind = kind
            self.count = count
            self.repeats = repeats
            self.from = from
            self.to = to
            self.isInGuards = isInGuards
        }
    }

    /// An event that opens a case.
    public struct Opening: Hashable, Sendable {
        /// The role that its sender has from then on; absent: whichever role it was sent in.
        public var sender: String?
        public var addressee: String
        /// The only events of a case opened so; empty where all are.
        public var only: [String]
        public init(sender: String?, addressee: String, only: [String]) {
            self.sender = sender
            self.addressee = addressee
            self.only = only
        }
    }

    /// An event that makes a member a party.
    public struct PartyRule: Hashable, Sendable {
        public enum Who: Hashable, Sendable {
            /// Each member that its form is sealed to and that the directory gives the role.
            case addressee
            /// The member that this fact names.
            case fact(String)
        }
        public var event: String
        public var role: String
        public var who: Who
        /// Whether the earlier holder loses the role.
        public var replaces: Bool
        public init(event: String, role: String, who: Who, replaces: Bool) {
            self.event = event
            self.role = role
            self.who = who
            self.replaces = replaces
        }
    }

    public struct Retraction: Hashable, Sendable {
        public var event: String
        public var fact: String
        public var kinds: Set<EventRule.Kind>
        public init(event: String, fact: String, kinds: Set<EventRule.Kind>) {
            self.event = event
            self.fact = fact
            self.kinds = kinds
        }
    }

    /// Another profile counts after standing notices of all these roles with its digest.
    public struct Adoption: Hashable, Sendable {
        public var event: String
        public var fact: String
        public var by: [String]
        public init(event: String, fact: String, by: [String]) {
            self.event = event
            self.fact = fact
            self.by = by
        }
    }

    public var id: String
    public var version: String
    public var status: String
    public var countries: [String: String] = [:]
    /// Seconds east of Greenwich, for each country.
    public var zones: [String: Int64] = [:]
    /// The days on which a country's offices are closed, Monday 0.
    public var weekends: [String: Set<Int64>] = [:]
    public var roles: [String: Role] = [:]
    public var consents: [String: Consent] = [:]
    public var partRules: [PartRule] = []
    public var lifecycle: Lifecycle
    public var tracks: [String: Track] = [:]
    /// Events and notices.
    public var events: [String: EventRule] = [:]
    /// Each guard's text.
    public var guards: [String: String] = [:]
    public var facts: [String: FactRule] = [:]
    public var attestedFacts: [String] = []
    public var codeLists: [String: [String]] = [:]
    /// Each form with its highest tier.
    public var forms: [String: Tier] = [:]
    public var factOrder: [String] = []
    public var deadlines: [String: Deadline] = [:]
    public var opening: [String: Opening] = [:]
    public var parties: [PartyRule] = []
    public var retraction: Retraction?
    public var adoption: Adoption?
    /// Profiles whose cases may adopt this one.
    public var replaces: Set<Digest> = []
    /// The event by which an overdue step is told to whoever oversees.
    public var escalation: String?
    /// Documents that belong to the profile (forms, labels), by the SHA-256 of their canonical spelling.
    public var documents: [String: Digest] = [:]

    public init(id: String, version: String, status: String, lifecycle: Lifecycle) {
        self.id = id
        self.version = version
        self.status = status
        self.lifecycle = lifecycle
    }
}
