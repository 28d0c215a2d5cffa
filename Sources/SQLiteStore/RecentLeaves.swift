// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Procedure
internal import TransparencyLog

/// The newest leaves of a log with all that their receipts need, so that the receipt of a letter that was just taken costs no read.
struct RecentLeaves {
    /// Leaves that are kept before all begin anew: about a second of a busy broker.
    private static let limit = 1_024
    /// The number in the store of the log's first leaf, and the place in the log of the first one that is kept.
    private var first: Int64 = 0
    private var start: Int64 = 0
    private var events: [[UInt8]] = []
    private var nodes: [TreeNode.Position: Digest] = [:]

    /// - Parameter frontier: of the log before these leaves.
    mutating func add(_ entries: [LogBatch.Entry], first: Int64, after frontier: Frontier) {
        let isNext = first == self.first && start + Int64(events.count) == frontier.size
        if !isNext || events.count + entries.count > Self.limit {
            (self.first, start, events, nodes) = (first, frontier.size, [], [:])
            // Of what lies before, proofs need these peaks alone: every other subtree there has a sibling there.
            for node in frontier.nodes { nodes[node.position] = node.hash }
        }
        for entry in entries {
            events.append(entry.event)
            for node in entry.nodes { nodes[node.position] = node.hash }
        }
    }

    /// - Parameters:
    ///   - leaf: its number in the store.
    ///   - size: of the tree of `note`.
    /// - Returns: `nil` for a leaf that is not kept, or not in that tree.
    func receipt(of leaf: Int64, in size: Int64, under note: SignedNote) throws -> LogReceipt? {
        let index = leaf - first
        guard index >= start, index < min(size, start + Int64(events.count)) else { return nil }
        let proof = try MerkleTree.inclusionProof(of: index, in: size) { position in
            guard let node = nodes[position] else { throw LogError(.inconsistent, "a node that was never completed") }
            return node
        }
        return LogReceipt(event: events[Int(index - start)], proof: proof, note: note)
    }
}
