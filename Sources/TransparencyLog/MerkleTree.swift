// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Proofs, made from stored nodes (``Frontier/append(leafHash:)`` gives them). Each takes O(log n) reads.
///
/// `node` is asked for perfect subtrees below the given size only, and what it throws is passed on.
public enum MerkleTree {
    public typealias Source = (TreeNode.Position) throws -> Digest

    /// The root of the first `size` leaves.
    ///
    /// - Throws: ``LogError`` `.malformed` for a size below 0 or above the limit.
    public static func head(size: Int64, node: Source) throws -> TreeHead {
        try require((0...LogLimits.treeSize).contains(size))
        return size == 0 ? .empty : TreeHead(size: size, root: try root(from: 0, count: size, node))
    }

    /// RFC 6962 §2.1.1.
    ///
    /// - Throws: ``LogError`` `.malformed` unless 0 ≤ `index` < `size`.
    public static func inclusionProof(of index: Int64, in size: Int64, node: Source) throws -> InclusionProof {
        try require(size <= LogLimits.treeSize && (0..<max(size, 0)).contains(index))
        var hashes: [Digest] = []
        var (start, count) = (Int64(0), size)
        while count > 1 {
            let left = split(count)
            if index < start + left {
                hashes.append(try root(from: start + left, count: count - left, node))
                count = left
            } else {
                hashes.append(try root(from: start, count: left, node))
                (start, count) = (start + left, count - left)
            }
        }
        return InclusionProof(index: index, hashes: hashes.reversed())
    }

    /// RFC 6962 §2.1.2. Empty for equal sizes, and for an old size of 0, which needs no proof.
    ///
    /// - Throws: ``LogError`` `.malformed` unless 0 ≤ `old` ≤ `new`.
    public static func consistencyProof(from old: Int64, to new: Int64, node: Source) throws -> ConsistencyProof {
        try require(new <= LogLimits.treeSize && old >= 0 && old <= new)
        guard old > 0, old < new else { return ConsistencyProof(hashes: []) }
        var hashes: [Digest] = []
        var (start, count) = (Int64(0), new)
        while old < start + count {
            let left = split(count)
            if old <= start + left {
                hashes.append(try root(from: start + left, count: count - left, node))
                count = left
            } else {
                hashes.append(try root(from: start, count: left, node))
                (start, count) = (start + left, count - left)
            }
        }
        // What is left ends where the old tree ended. If it *is* the old tree, its root is known to the verifier.
        if start > 0 { hashes.append(try root(from: start, count: count, node)) }
        return ConsistencyProof(hashes: hashes.reversed())
    }

    /// The largest power of two below `count`, which is at least 2.
    private static func split(_ count: Int64) -> Int64 { 1 << Int64(63 - (count - 1).leadingZeroBitCount) }

    /// `start` is a multiple of the power of two at or above `count`.
    private static func root(from start: Int64, count: Int64, _ node: Source) throws -> Digest {
        if count.nonzeroBitCount == 1 {
            let level = count.trailingZeroBitCount
            return try node(.init(level: level, index: start >> Int64(level)))
        }
        let left = split(count)
        return MerkleHash.node(
            try root(from: start, count: left, node), try root(from: start + left, count: count - left, node))
    }

    private static func require(_ isInside: Bool) throws {
        guard isInside else { throw LogError(.malformed, "outside the tree") }
    }
}
