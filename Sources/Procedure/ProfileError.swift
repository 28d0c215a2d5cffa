// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why a profile is not one: it contradicts itself, or names what it does not define.
public struct ProfileError: Error, Hashable, Sendable {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// A guard's text is not of the language.
        case guardSyntax = "profile.guard-syntax"
        /// A name that nothing in the profile defines.
        case unknownName = "profile.unknown-name"
        /// Guards that refer to each other in a circle.
        case circularGuard = "profile.circular-guard"
        /// A state that no path reaches, or that no path leaves although it is no end.
        case unreachable = "profile.unreachable"
        /// Two rules that cannot both hold.
        case contradiction = "profile.contradiction"
    }

    public let code: Code
    /// Where in the profile: `guards.G_RELEASE`, `tracks.home.edges`.
    public let place: String
    /// The rule broken and the name at fault; for a guard the position in its text, in bytes from 0.
    public let reason: String

    public init(_ code: Code, _ place: String, _ reason: String) {
        self.code = code
        self.place = place
        self.reason = reason
    }
}
