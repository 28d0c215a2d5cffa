// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import MessageStore
import Procedure
import TransparencyLog

/// Where every case stands, said once a day: so that of one case alone it can be shown that nothing is missing. Protocols/Log.md §3.5.
extension BrokerCore {
    /// - Returns: whether a `heads` event was written.
    public func logHeadsIfDue() async throws -> Bool {
        let now = now
        guard try await look({ try Self.areHeadsDue($0, now) }) else { return false }
        return try await transact { transaction in
            var rows = Frontier()
            try transaction.store.heads { rows.append(leafHash: $0.rowHash) }
            guard rows.size > 0 else { return false }
            try transaction.log(.heads(root: rows.head.root, count: rows.size), in: nil)
            return true
        }
    }

    /// Whether an event of a case was logged since the last `heads`, and that is, or the log is, older than a day. Reads back to there.
    private static func areHeadsDue(_ reading: any LogReading, _ now: Instant) throws -> Bool {
        guard let log = try reading.logs().last else { return false }
        var end = log.head.size
        var isNew = false
        while end > 0 {
            let first = max(0, end - 256)
            let leaves = try reading.leaves(of: log.origin, from: first, count: Int(end - first))
            for leaf in leaves.reversed() {
                // What was erased was about a case.
                guard let event = leaf.event.flatMap({ try? LogEvent($0) }) else {
                    isNew = true
                    continue
                }
                let isOld = now - event.at >= BrokerLimits.headsSeconds
                if case .heads = event.content { return isNew && isOld }
                isNew = isNew || event.place != nil
                if isNew, isOld { return true }
            }
            end = first
        }
        return false
    }
}
