// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Membership
import MessageStore
import Procedure

/// What time ends: letters nobody fetched, members that have left, parts that nobody needs any more.
extension BrokerCore {
    /// One round. What is left over comes with the next.
    public func sweep() async throws {
        while try await transact({ try $0.expire() }) {}
        try await transact { transaction in
            // What adopts a profile waits for it as for a letter.
            for digest in transaction.view.profiles.keys.sorted() { try transaction.release(after: digest) }
        }
        for member in directories.members(of: id) where member.isRemoved && !isActive(member.id) {
            while try await transact({ try $0.clear(member.id) }) {}
        }
        // A part is up to 1 MiB, and each deletion overwrites: a few at a time, so that no writer waits long.
        while try await transact({ try $0.store.discardParts(limit: 16) }) > 0 {}
        try await transact { try $0.store.dropSpools(before: $0.view.now + -BrokerLimits.spoolSeconds) }
    }

    /// When the next letter expires.
    func nextExpiry() async throws -> Instant? { try await look { try $0.nextExpiry() } }
}
