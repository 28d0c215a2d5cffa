// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// The members, brokers and profiles of one authority: the document that its directory letter signs.
///
/// - SeeAlso: Protocols/Membership.md §3.
public struct MemberDirectory: Hashable, Sendable {
    /// `in:authority`.
    public var authority: MemberID
    /// Counts up by one with each letter; 0 in a draft that was never signed.
    public var version: Int64
    public var at: Instant
    /// Normal letters wait from then on, until a newer directory is here. Nobody is locked out by it.
    public var expires: Instant
    /// Ascending by id.
    public var members: [Member]
    /// Ascending by id.
    public var brokers: [BrokerEntry]
    /// Profiles that a step may be made under, ascending by id, then version.
    public var profiles: [ProfileReference]

    public init(
        authority: MemberID, version: Int64, at: Instant, expires: Instant, members: [Member] = [],
        brokers: [BrokerEntry] = [],
        profiles: [ProfileReference] = []
    ) {
        self.authority = authority
        self.version = version
        self.at = at
        self.expires = expires
        self.members = members
        self.brokers = brokers
        self.profiles = profiles
    }

    public func member(_ id: MemberID) -> Member? { members.first { $0.id == id } }
    public func broker(_ id: MemberID) -> BrokerEntry? { brokers.first { $0.id == id } }
}
