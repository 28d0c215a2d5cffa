// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import Procedure
import Sealing

/// What a transaction judges with, beside what it reads: one value, so that nothing changes while it runs.
struct BrokerView: Sendable {
    let id: MemberID
    let signing: SigningIdentity
    let directories: Directories
    let profiles: [Digest: Profile]
    let settings: BrokerSettings
    let memory: CaseMemory
    let now: Instant

    /// The broker that keeps the mailbox of `member`; a broker's own letters come from itself.
    func broker(of member: MemberID) -> MemberID? {
        directories.broker(member) != nil ? member : directories.member(member)?.broker
    }

    func isServedHere(_ member: MemberID) -> Bool { directories.member(member)?.broker == id }

    func isMember(_ member: MemberID) -> Bool { directories.isMember(member, at: now) }
}
