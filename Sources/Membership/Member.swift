// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// One organisation of the network, as its authority lists it. Holds no address, no place and no person.
public struct Member: Hashable, Sendable {
    public enum Status: Hashable, Sendable {
        case active
        /// Its letters and its connections are refused from then on; what waits for it keeps waiting.
        case suspended(since: Instant)
        /// It has left: what waits for it ends with a notice.
        case removed(since: Instant)
    }

    public var id: MemberID
    /// Neutral ASCII, for screens: what an organisation may be called in public, never a shelter's place.
    public var name: String
    /// As the profile names them.
    public var roles: Set<String>
    /// Recognised as a welfare body by the law of its country: some disclosures are allowed to those only.
    public var isRecognised: Bool
    public var status: Status
    /// The broker that keeps its mailbox.
    public var broker: MemberID
    /// Ascending by id.
    public var certificates: [MemberCertificate]

    public init(
        id: MemberID, name: String, roles: Set<String>, isRecognised: Bool = false, status: Status = .active,
        broker: MemberID,
        certificates: [MemberCertificate]
    ) {
        self.id = id
        self.name = name
        self.roles = roles
        self.isRecognised = isRecognised
        self.status = status
        self.broker = broker
        self.certificates = certificates.sorted { $0.id < $1.id }
    }

    /// Neither suspended nor removed at `instant`.
    public func isActive(at instant: Instant) -> Bool {
        switch status {
        case .active: true
        case .suspended(let since), .removed(let since): instant < since
        }
    }

    public var isRemoved: Bool {
        if case .removed = status { true } else { false }
    }
}
