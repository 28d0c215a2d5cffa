// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// The events of one transaction, in order, on their way into a log. Protocols/Log.md §5.4 step 1.
///
/// Everything that it gives belongs in the same transaction as the change of the queue that it records.
public struct LogBatch: Hashable, Sendable {
    /// One new leaf and all that a store keeps of it.
    public struct Entry: Hashable, Sendable {
        /// The leaf's number.
        public let index: Int64
        /// The event's file: what is encrypted and kept, never written anew.
        public let event: [UInt8]
        public let leafData: Digest
        public let leafHash: Digest
        /// The leaf and the nodes that it completes.
        public let nodes: [TreeNode]
    }

    public let origin: String
    /// Of the tree with all entries so far.
    public private(set) var frontier: Frontier
    /// When the last event was.
    public private(set) var at: Instant
    public private(set) var entries: [Entry] = []

    /// - Parameters:
    ///   - frontier: as the store has it, read in this transaction.
    ///   - lastAt: `at` of the log's last event.
    public init(origin: String, frontier: Frontier, lastAt: Instant) {
        self.origin = origin
        self.frontier = frontier
        at = lastAt
    }

    /// Adds one event.
    ///
    /// - Parameters:
    ///   - now: the broker's clock. If it fell, the event has the time of the one before.
    ///   - salt: gives the salt for the leaf's number: ``EventSalt``.
    @discardableResult
    public mutating func append(
        _ content: LogEvent.Content, place: LogEvent.Place? = nil, now: Instant, salt: (Int64) throws -> Digest
    ) rethrows -> Entry {
        let index = frontier.size
        let event = LogEvent(salt: try salt(index), origin: origin, at: max(at, now), place: place, content: content)
            .bytes
        let leafData = Digest.sha256(event)
        let leafHash = MerkleHash.leaf(leafData)
        let entry = Entry(
            index: index, event: event, leafData: leafData, leafHash: leafHash,
            nodes: frontier.append(leafHash: leafHash))
        at = max(at, now)
        entries.append(entry)
        return entry
    }
}
