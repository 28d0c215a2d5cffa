// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// The right edge of a tree: the roots of the perfect subtrees that its size is made of, from the left, the largest first.
///
/// It is all that appending needs: one to `level` hashes for each leaf, no old leaf, no old node. Also called a compact range.
public struct Frontier: Hashable, Sendable {
    /// Leaves so far.
    public private(set) var size: Int64
    /// As many as `size` has one-bits.
    public private(set) var peaks: [Digest]

    /// Of no leaves.
    public init() {
        size = 0
        peaks = []
    }

    /// What a store kept.
    ///
    /// - Returns: `nil` if the peaks are not as many as `size` has one-bits. Whether they are the right ones, ``head`` shows.
    public init?(size: Int64, peaks: [Digest]) {
        guard (0...LogLimits.treeSize).contains(size), peaks.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.peaks = peaks
    }

    /// Size and root; the root is folded from the right, as RFC 6962 §2.1 splits.
    public var head: TreeHead {
        guard var root = peaks.last else { return .empty }
        for peak in peaks.dropLast().reversed() { root = MerkleHash.node(peak, root) }
        return TreeHead(size: size, root: root)
    }

    /// The peaks with their places.
    public var nodes: [TreeNode] {
        var start: Int64 = 0
        var left = size
        return peaks.map { peak in
            let level = 63 - left.leadingZeroBitCount
            defer {
                start += 1 << Int64(level)
                left -= 1 << Int64(level)
            }
            return TreeNode(position: .init(level: level, index: start >> Int64(level)), hash: peak)
        }
    }

    /// Adds one leaf.
    ///
    /// - Returns: what is now final and may be stored: the leaf itself, and each node that it completes, upwards.
    @discardableResult
    public mutating func append(leafHash: Digest) -> [TreeNode] {
        var completed: [TreeNode] = []
        append(TreeNode(position: .init(level: 0, index: size), hash: leafHash), &completed)
        return completed
    }

    private mutating func append(_ subtree: TreeNode, _ completed: inout [TreeNode]) {
        let count = Int64(1) << Int64(subtree.position.level)
        var node = subtree
        completed.append(node)
        // A peak of the same height on the left: the two become one, as a carry runs through a counter.
        while node.position.index & 1 == 1 {
            node = TreeNode(
                position: .init(level: node.position.level + 1, index: node.position.index >> 1),
                hash: MerkleHash.node(peaks.removeLast(), node.hash))
            completed.append(node)
        }
        peaks.append(node.hash)
        size += count
    }

    /// Adds all leaves of another tree, whose peaks are subtrees of this one: ``size`` is a multiple of a power of two that is not below
    /// the other's size.
    ///
    /// - Returns: the nodes that are completed, its own peaks among them.
    @discardableResult
    public mutating func append(contentsOf next: Frontier) -> [TreeNode] {
        var completed: [TreeNode] = []
        for peak in next.nodes {
            let level = peak.position.level
            append(TreeNode(position: .init(level: level, index: size >> Int64(level)), hash: peak.hash), &completed)
        }
        return completed
    }

    /// The read-back: extends the tree that was signed last by the leaves that the store gives back, and compares.
    ///
    /// - Parameters:
    ///   - leaves: leaf data, 32 bytes each, from leaf ``size`` on, read anew.
    ///   - head: what the store says that its tree is.
    /// - Throws: ``LogError`` `.inconsistent`: the store is damaged; sign nothing.
    public func reaching(_ head: TreeHead, with leaves: some Sequence<Digest>) throws(LogError) -> Frontier {
        var result = self
        for leaf in leaves { result.append(leafHash: MerkleHash.leaf(leaf)) }
        guard result.head == head else {
            throw LogError(.inconsistent, "the leaves read back do not give the stored root")
        }
        return result
    }
}
