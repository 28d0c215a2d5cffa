// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure
import TransparencyLog

/// The leaf hashes of one log, and the roots of its full tiles: enough to give the root at any size, at 32 bytes a leaf.
struct TrailTree {
    private(set) var leafHashes: [Digest] = []
    private(set) var frontier = Frontier()
    /// Roots of the perfect subtrees of 2^(8+level) leaves.
    private var upper: [[Digest]] = []
    private static let lowest = 8

    var size: Int64 { Int64(leafHashes.count) }

    /// Adds the leaves of one tile; `frontier` is that of these leaves alone.
    mutating func append(_ hashes: [Digest], _ frontier: Frontier) {
        leafHashes += hashes
        for node in self.frontier.append(contentsOf: frontier) where node.position.level >= Self.lowest {
            let level = node.position.level - Self.lowest
            if upper.count == level { upper.append([]) }
            upper[level].append(node.hash)
        }
    }

    /// - Returns: `nil` above the tree's own size.
    func root(at size: Int64) -> Digest? {
        guard size >= 0, size <= self.size else { return nil }
        if size == self.size { return frontier.head.root }
        return try? MerkleTree.head(size: size, node: node).root
    }

    private func node(_ position: TreeNode.Position) throws -> Digest {
        if position.level == 0 { return leafHashes[Int(position.index)] }
        if position.level >= Self.lowest { return upper[position.level - Self.lowest][Int(position.index)] }
        return MerkleHash.node(
            try node(.init(level: position.level - 1, index: position.index * 2)),
            try node(.init(level: position.level - 1, index: position.index * 2 + 1)))
    }
}
