// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What the procedure says of one step, judged against its causal ancestors only, never against a wall clock.
///
/// - SeeAlso: Protocols/Procedure.md, section "Admission".
public enum Verdict: Hashable, Sendable {
    case admitted
    /// A guard that is red (the first in the order of the profile) or one of the closed reasons. What this judge cannot
    /// read is unknown, never red.
    case refused(Refusal)
    /// A fact against the procedure: recorded all the same, because what has happened cannot be refused.
    case flagged(Set<Flag>)
    /// These ancestors have not arrived yet, or the profile of this digest, which the letter adopts; never for an urgent letter.
    case waiting([Digest])
}

/// Why a step is not admitted.
public struct Refusal: Hashable, Sendable, Error {
    /// A closed list. The raw value is the code on the wire.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// A guard of the profile is red; ``Refusal/guardName`` says which.
        case guardRed = "guard"
        case wrongRole = "wrong-role"
        /// The event leads nowhere from the state its ancestors leave.
        case noEdge = "no-edge"
        case secondRoot = "second-root"
        /// The sender, or an addressee, is no party of this case by its ancestors.
        case noParty = "no-party"
        /// The case has ended.
        case afterEnd = "after-end"
        case unknownCode = "unknown-code"
        /// A compulsory fact is missing, unknown, or not of its type or list.
        case badFact = "bad-fact"
        /// The letter is on a lane that its events do not have.
        case wrongLane = "wrong-lane"
        /// A part's basis is not one that the event names, or no consent covers its tier.
        case badBasis = "basis"
        /// The shown steps are not those of the sealed events.
        case shownDiffers = "shown-differs"
        /// The sender leaves out a letter that it has sent or opened before.
        case unaware
        /// Another profile than the case's own.
        case otherProfile = "other-profile"
        /// A step's own time is later than its letter's.
        case badTime = "bad-time"
        /// Visible progress made without knowing of a stop that makes it void; ``Refusal/stop`` names it.
        case stale
    }

    public var reason: Reason
    /// For `guard`: the guard's name in the profile, `G_HOME_COMPLETE`.
    public var guardName: String?
    /// For `stale`: the letter that holds the stop.
    public var stop: Digest?
    /// The event judged, where there is one.
    public var event: String?
    /// For the people concerned: the fact, part or code at fault. Never the value.
    public var detail: String?

    public init(
        _ reason: Reason, guard guardName: String? = nil, stop: Digest? = nil, event: String? = nil,
        detail: String? = nil
    ) {
        self.reason = reason
        self.guardName = guardName
        self.stop = stop
        self.event = event
        self.detail = detail
    }

    /// What stands in a signed refusal: the guard's name, or the reason's code.
    public var code: String { guardName ?? reason.rawValue }
}

/// How a fact stands against the procedure.
public enum Flag: String, Hashable, Sendable, CaseIterable {
    /// A guard was red against the fact's own ancestors. For ever.
    case outOfProcedure = "out_of_procedure"
    /// The state it leads from has not been reached; ends when the missing letter arrives.
    case gap
    /// The sender had opened or sent a letter that this one does not descend from.
    case unaware
    /// It happened, or was told, after the case had ended.
    case afterEnd = "after_end"
}
