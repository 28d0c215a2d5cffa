// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A guard of the language `kheya-guard/1`, parsed. Finite: no arithmetic, no quantifier, no recursion.
///
/// - SeeAlso: Protocols/Procedure.md, "Guards".
public indirect enum Guard: Hashable, Sendable {
    /// Another guard of the profile.
    case named(String)
    case equals(GuardName, GuardOperand)
    case isIn(GuardName, [String])
    /// How long before the judged moment; `deadline` is a name of the profile's deadlines.
    case age(GuardName, GuardComparison, deadline: String)
    /// How long after the judged moment, at most.
    case until(GuardName, deadline: String)
    case passed(GuardName)
    case all([Guard])
    case any([Guard])
    case not(Guard)
}

public enum GuardComparison: Hashable, Sendable { case atMost, atLeast }

/// What stands right of `==`: a code, or another name.
public enum GuardOperand: Hashable, Sendable {
    case code(String)
    case name(GuardName)
}

/// What a guard reads.
public enum GuardName: Hashable, Sendable {
    /// The state of a track (or of the lifecycle).
    case state(String)
    /// A fact of the step that brought the track where it is.
    case trackFact(track: String, fact: String)
    /// A fact of the newest standing step of this event.
    case eventFact(event: String, fact: String)
    /// A fact of the step that is judged.
    case this(String)
}
