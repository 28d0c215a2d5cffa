// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure
import TransparencyLog

/// The leaf hashes of one log, and the roots of its full tiles: enough to give the root at any size from its first leaf on, at 32 bytes
/// a leaf.
struct TrailTree {
    private(set) var leafHashes: [Digest] = []
    /// The number of the first of them.
    let first: Int64
    private(set) var frontier: Frontier
    /// Roots of the perfect subtrees of 256 leaves and more.
    private var upper: [TreeNode.Position: Digest] = [:]
    private static let lowest = 8

    /// - Parameter base: of the leaves before, whole tiles.
    init(from base: Frontier = Frontier()) {
        (first, frontier) = (base.size, base)
        for node in base.nodes { upper[node.position] = node.hash }
    }

    var size: Int64 { first + Int64(leafHashes.count) }

    /// - Returns: `nil` for a leaf that is not here.
    func leafHash(_ index: Int64) -> Digest? {
        index >= first && index < size ? leafHashes[Int(index - first)] : nil
    }

    /// Adds the leaves of one tile; `frontier` is that of these leaves alone.
    mutating func append(_ hashes: [Digest], _ frontier: Frontier) {
        leafHashes += hashes
        for node in self.frontier.append(contentsOf: frontier) where node.position.level >= Self.lowest {
            upper[node.position] = node.hash
        }
    }

    /// - Returns: `nil` above the tree's own size, and below its first leaf.
    func root(at size: Int64) -> Digest? {
        guard size >= first, size <= self.size else { return nil }
        if size == self.size { return frontier.head.root }
        return try? MerkleTree.head(size: size, node: node).root
    }

    /// The tree of all whole tiles below a size that is not below the first leaf.
    func base(of size: Int64) -> Frontier? {
        let base = size / 256 * 256
        var peaks: [Digest] = []
        for level in stride(from: 62, through: 0, by: -1) where base & 1 << Int64(level) != 0 {
            guard let peak = upper[.init(level: level, index: (base >> Int64(level)) - 1)] else { return nil }
            peaks.append(peak)
        }
        return Frontier(size: base, peaks: peaks)
    }

    private func node(_ position: TreeNode.Position) throws -> Digest {
        if position.level >= Self.lowest, let node = upper[position] { return node }
        if position.level == 0, let hash = leafHash(position.index) { return hash }
        guard position.level > 0 else { throw LogError(.malformed, "outside the tree") }
        return MerkleHash.node(
            try node(.init(level: position.level - 1, index: position.index * 2)),
            try node(.init(level: position.level - 1, index: position.index * 2 + 1)))
    }
}
