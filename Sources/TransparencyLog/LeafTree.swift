// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// A whole tree in memory, for lists that are short or at hand: the daily `heads`, an export, a test.
public struct LeafTree: Sendable {
    /// By level; a level holds the roots of its perfect subtrees.
    private var levels: [[Digest]] = []
    public private(set) var frontier = Frontier()

    public init(leafHashes: some Sequence<Digest> = []) {
        for hash in leafHashes { append(leafHash: hash) }
    }

    public mutating func append(leafHash: Digest) {
        for node in frontier.append(leafHash: leafHash) {
            if levels.count == node.position.level { levels.append([]) }
            levels[node.position.level].append(node.hash)
        }
    }

    public var head: TreeHead { frontier.head }

    /// - Throws: ``LogError`` `.malformed` for a node that is not in the tree.
    public func node(_ position: TreeNode.Position) throws(LogError) -> Digest {
        guard levels.indices.contains(position.level), position.index >= 0,
            position.index < levels[position.level].count
        else {
            throw LogError(.malformed, "outside the tree")
        }
        return levels[position.level][Int(position.index)]
    }
}
