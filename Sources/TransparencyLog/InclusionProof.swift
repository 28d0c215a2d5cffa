// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// That one leaf is in a tree: RFC 6962 §2.1.1, the leaf's sibling first.
public struct InclusionProof: Hashable, Sendable {
    /// The leaf's number, from 0.
    public let index: Int64
    public let hashes: [Digest]

    public init(index: Int64, hashes: [Digest]) {
        self.index = index
        self.hashes = hashes
    }

    /// RFC 9162 §2.1.3.2.
    ///
    /// - Throws: ``LogError`` `.proofInvalid`: too short, too long, another leaf, place, size or root.
    public func verify(leafHash: Digest, in head: TreeHead) throws(LogError) {
        guard index >= 0, index < head.size else { throw LogError(.proofInvalid, "the leaf is outside the tree") }
        var (place, last, root) = (index, head.size - 1, leafHash)
        for hash in hashes {
            guard last > 0 else { throw LogError(.proofInvalid, "more hashes than the tree is high") }
            if place & 1 == 1 || place == last {
                root = MerkleHash.node(hash, root)
                while place & 1 == 0, place != 0 { (place, last) = (place >> 1, last >> 1) }
            } else {
                root = MerkleHash.node(root, hash)
            }
            (place, last) = (place >> 1, last >> 1)
        }
        guard last == 0, root == head.root else { throw LogError(.proofInvalid, "the proof does not lead to the root") }
    }
}
