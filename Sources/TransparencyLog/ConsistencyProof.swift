// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// That a tree begins with all leaves of an older one, unchanged: RFC 6962 §2.1.2.
public struct ConsistencyProof: Hashable, Sendable {
    public let hashes: [Digest]

    public init(hashes: [Digest]) { self.hashes = hashes }

    /// RFC 9162 §2.1.4.2.
    ///
    /// An old size of 0 is refused here: it proves nothing, so who means it says so before the call (as ``WitnessRequest`` does).
    ///
    /// - Throws: ``LogError`` `.inconsistent` for two roots of one size; `.proofInvalid` for everything else.
    public func verify(from old: TreeHead, to new: TreeHead) throws(LogError) {
        guard old.size > 0, old.size <= new.size else {
            throw LogError(.proofInvalid, "the old tree is empty or larger")
        }
        guard old.size < new.size else {
            guard old.root == new.root else { throw LogError(.inconsistent, "two roots of one size") }
            guard hashes.isEmpty else { throw LogError(.proofInvalid, "a proof between equal trees") }
            return
        }
        var (place, last) = (old.size - 1, new.size - 1)
        while place & 1 == 1 { (place, last) = (place >> 1, last >> 1) }
        // An old tree that is one perfect subtree is its own first hash.
        var path = hashes[...]
        guard let first = place == 0 ? old.root : path.popFirst() else { throw LogError(.proofInvalid, "no hashes") }
        var (oldRoot, newRoot) = (first, first)
        for hash in path {
            guard last > 0 else { throw LogError(.proofInvalid, "more hashes than the tree is high") }
            if place & 1 == 1 || place == last {
                oldRoot = MerkleHash.node(hash, oldRoot)
                newRoot = MerkleHash.node(hash, newRoot)
                while place & 1 == 0, place != 0 { (place, last) = (place >> 1, last >> 1) }
            } else {
                newRoot = MerkleHash.node(newRoot, hash)
            }
            (place, last) = (place >> 1, last >> 1)
        }
        guard last == 0, oldRoot == old.root, newRoot == new.root else {
            throw LogError(.proofInvalid, "the proof does not lead to both roots")
        }
    }
}
