// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Procedure
import Testing
import TransparencyLog

@Suite struct TreeTests {
    static let largest = 200

    @Test func `a frontier, which knows no old leaf, has the root of the whole tree at every size`() {
        let naive = NaiveTree(count: Self.largest)
        var frontier = Frontier()
        #expect(frontier.head == .empty && frontier.head.root == naive.root(0, 0))
        for (index, leaf) in naive.leaves.enumerated() {
            frontier.append(leafHash: leaf)
            #expect(frontier.head == naive.head(index + 1))
            #expect(frontier.peaks.count == (index + 1).nonzeroBitCount)
        }
    }

    @Test func `each node of the tree is completed once, and is the root of its leaves`() {
        let naive = NaiveTree(count: Self.largest)
        var frontier = Frontier()
        var nodes: [TreeNode.Position: Digest] = [:]
        for leaf in naive.leaves {
            for node in frontier.append(leafHash: leaf) {
                #expect(nodes.updateValue(node.hash, forKey: node.position) == nil)
                #expect(
                    node.hash == naive.root(Int(node.position.index) << node.position.level, 1 << node.position.level))
            }
        }
        // n leaves, and for each of them the halvings that end in it: less than two rows a leaf.
        #expect(nodes.count == 2 * Self.largest - Self.largest.nonzeroBitCount)
    }

    @Test func `a stored frontier goes on where it was, and one with a peak too many or too few is none`() throws {
        let naive = NaiveTree(count: 77)
        var whole = Frontier()
        for (index, leaf) in naive.leaves.enumerated() {
            var restored = try #require(Frontier(size: whole.size, peaks: whole.peaks))
            #expect(restored == whole)
            whole.append(leafHash: leaf)
            restored.append(leafHash: leaf)
            #expect(restored == whole)
            #expect(Frontier(size: Int64(index + 1), peaks: whole.peaks + [leaf]) == nil)
            #expect(Frontier(size: Int64(index + 1), peaks: whole.peaks.dropLast()) == nil)
        }
        #expect(Frontier(size: -1, peaks: []) == nil)
    }

    @Test func `each leaf of each tree has the proof of RFC 6962, which verifies`() throws {
        let naive = NaiveTree(count: Self.largest)
        let tree = LeafTree(leafHashes: naive.leaves)
        for size in 1...Self.largest {
            let head = try MerkleTree.head(size: Int64(size), node: tree.node)
            #expect(head == naive.head(size))
            for index in 0..<size {
                let proof = try MerkleTree.inclusionProof(of: Int64(index), in: Int64(size), node: tree.node)
                #expect(proof.hashes == naive.path(index, 0, size))
                try proof.verify(leafHash: naive.leaves[index], in: head)
            }
        }
    }

    @Test func `each two sizes have the consistency proof of RFC 6962, which verifies`() throws {
        let naive = NaiveTree(count: Self.largest)
        let tree = LeafTree(leafHashes: naive.leaves)
        for new in 1...Self.largest {
            for old in 1...new {
                let proof = try MerkleTree.consistencyProof(from: Int64(old), to: Int64(new), node: tree.node)
                #expect(proof.hashes == naive.subproof(old, 0, new, true))
                try proof.verify(from: naive.head(old), to: naive.head(new))
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8])
    func `proofs of random places in larger trees are those of RFC 6962`(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        let size = 200 + random.below(4_000)
        let naive = NaiveTree(count: size)
        let tree = LeafTree(leafHashes: naive.leaves)
        #expect(tree.head == naive.head(size))
        for _ in 0..<200 {
            let new = 1 + random.below(size)
            let index = random.below(new)
            let inclusion = try MerkleTree.inclusionProof(of: Int64(index), in: Int64(new), node: tree.node)
            #expect(inclusion.hashes == naive.path(index, 0, new))
            try inclusion.verify(leafHash: naive.leaves[index], in: naive.head(new))
            let old = 1 + random.below(new)
            let consistency = try MerkleTree.consistencyProof(from: Int64(old), to: Int64(new), node: tree.node)
            #expect(consistency.hashes == naive.subproof(old, 0, new, true))
            try consistency.verify(from: naive.head(old), to: naive.head(new))
        }
    }

    @Test func `a proof asks for a few stored nodes, however large the tree`() throws {
        // A tree that nobody could build: its nodes are made up as they are asked for.
        var asked = 0
        let node: MerkleTree.Source = { position in
            asked += 1
            #expect((position.index + 1) << Int64(position.level) <= LogLimits.treeSize)
            return Digest(of: "\(position.level) \(position.index)")
        }
        let size = LogLimits.treeSize - 12_345
        let head = try MerkleTree.head(size: size, node: node)
        for index in [0, 1, size / 3, size - 2, size - 1] {
            asked = 0
            let proof = try MerkleTree.inclusionProof(of: index, in: size, node: node)
            #expect(asked <= 106 && proof.hashes.count <= LogLimits.proofHashes)
            // Made-up nodes hash to nothing, so only the leaf's own sibling path may fail: it must, and must end.
            #expect(code { try proof.verify(leafHash: Digest(of: "0 \(index)"), in: head) } == "log.proof-invalid")
        }
        asked = 0
        _ = try MerkleTree.consistencyProof(from: size / 3, to: size, node: node)
        #expect(asked <= 106)
    }

    @Test func `what is outside the tree has no proof`() {
        let tree = LeafTree(leafHashes: NaiveTree(count: 5).leaves)
        for (index, size) in [(5, 5), (-1, 5), (0, 0), (0, -1), (0, 6), (Int64.max, Int64.max), (0, Int64.max)]
            as [(Int64, Int64)]
        {
            #expect(code { _ = try MerkleTree.inclusionProof(of: index, in: size, node: tree.node) } == "log.malformed")
        }
        for (old, new) in [(-1, 5), (6, 5), (5, 6), (1, Int64.max), (Int64.min, 0)] as [(Int64, Int64)] {
            #expect(
                code { _ = try MerkleTree.consistencyProof(from: old, to: new, node: tree.node) } == "log.malformed")
        }
        #expect(code { _ = try MerkleTree.head(size: -1, node: tree.node) } == "log.malformed")
    }

    @Test func `every bit of an inclusion proof counts, and its place, its length, the leaf and the root`() throws {
        let naive = NaiveTree(count: 40)
        for size in [1, 2, 3, 7, 8, 9, 31, 40] {
            for index in 0..<size {
                let (leaf, head) = (naive.leaves[index], naive.head(size))
                let proof = InclusionProof(index: Int64(index), hashes: naive.path(index, 0, size))
                try proof.verify(leafHash: leaf, in: head)
                var wrong: [(InclusionProof, Digest, TreeHead)] = []
                for place in proof.hashes.indices {
                    for bit in stride(from: size % 7, to: 256, by: 7) {
                        var hashes = proof.hashes
                        hashes[place] = hashes[place].flipped(bit: bit)
                        wrong.append((InclusionProof(index: proof.index, hashes: hashes), leaf, head))
                    }
                    var hashes = proof.hashes
                    hashes.remove(at: place)
                    wrong.append((InclusionProof(index: proof.index, hashes: hashes), leaf, head))
                    wrong.append(
                        (InclusionProof(index: proof.index, hashes: proof.hashes + [proof.hashes[place]]), leaf, head))
                }
                wrong.append((InclusionProof(index: proof.index, hashes: proof.hashes + [head.root]), leaf, head))
                wrong.append((InclusionProof(index: proof.index, hashes: [leaf] + proof.hashes), leaf, head))
                for other in -1...Int64(size) where other != proof.index {
                    wrong.append((InclusionProof(index: other, hashes: proof.hashes), leaf, head))
                }
                wrong.append((proof, leaf.flipped(bit: index), head))
                wrong.append((proof, leaf, TreeHead(size: head.size, root: head.root.flipped(bit: index))))
                for (proof, leaf, head) in wrong {
                    #expect(code { try proof.verify(leafHash: leaf, in: head) } == "log.proof-invalid")
                }
            }
        }
    }

    @Test func `every bit of a consistency proof counts, and its length, both sizes and both roots`() throws {
        let naive = NaiveTree(count: 33)
        for new in [2, 3, 7, 8, 9, 33] {
            for old in 1..<new {
                let proof = ConsistencyProof(hashes: naive.subproof(old, 0, new, true))
                let (before, after) = (naive.head(old), naive.head(new))
                var wrong: [(ConsistencyProof, TreeHead, TreeHead)] = []
                for place in proof.hashes.indices {
                    for bit in stride(from: old % 7, to: 256, by: 7) {
                        var hashes = proof.hashes
                        hashes[place] = hashes[place].flipped(bit: bit)
                        wrong.append((ConsistencyProof(hashes: hashes), before, after))
                    }
                    var hashes = proof.hashes
                    hashes.remove(at: place)
                    wrong.append((ConsistencyProof(hashes: hashes), before, after))
                }
                wrong.append((ConsistencyProof(hashes: proof.hashes + [after.root]), before, after))
                wrong.append((ConsistencyProof(hashes: [before.root] + proof.hashes), before, after))
                wrong.append((proof, TreeHead(size: before.size, root: before.root.flipped(bit: old)), after))
                wrong.append((proof, before, TreeHead(size: after.size, root: after.root.flipped(bit: old))))
                wrong.append((proof, TreeHead(size: 0, root: before.root), after))
                wrong.append((proof, .empty, after))
                wrong.append((proof, after, before))
                for (proof, before, after) in wrong {
                    #expect(code { try proof.verify(from: before, to: after) } == "log.proof-invalid")
                }
            }
        }
        #expect(code { try ConsistencyProof(hashes: []).verify(from: naive.head(3), to: naive.head(3)) } == "opens")
        #expect(
            code { try ConsistencyProof(hashes: [naive.head(3).root]).verify(from: naive.head(3), to: naive.head(3)) }
                == "log.proof-invalid")
        let fork = TreeHead(size: 3, root: naive.head(4).root)
        #expect(code { try ConsistencyProof(hashes: []).verify(from: naive.head(3), to: fork) } == "log.inconsistent")
    }

    @Test func `a proof longer than its tree is high is refused, though its root be made for it`() throws {
        let naive = NaiveTree(count: 13)
        for size in 1...13 {
            let extra = Digest(of: "extra")
            let taller = TreeHead(size: Int64(size), root: MerkleHash.node(extra, naive.root(0, size)))
            for index in 0..<size {
                let proof = InclusionProof(index: Int64(index), hashes: naive.path(index, 0, size) + [extra])
                #expect(code { try proof.verify(leafHash: naive.leaves[index], in: taller) } == "log.proof-invalid")
            }
            for old in 1..<size {
                let shorter = TreeHead(size: Int64(old), root: MerkleHash.node(extra, naive.root(0, old)))
                let proof = ConsistencyProof(hashes: naive.subproof(old, 0, size, true) + [extra])
                #expect(code { try proof.verify(from: shorter, to: taller) } == "log.proof-invalid")
            }
        }
    }

    @Test func `an altered, added, removed or exchanged leaf at any place is found by reading back`() throws {
        let data = (0..<70).map { Digest(of: "event \($0)") }
        var frontier = Frontier()
        var signed = Frontier()
        for (index, leaf) in data.enumerated() {
            if index == 33 { signed = frontier }
            frontier.append(leafHash: MerkleHash.leaf(leaf.bytes))
        }
        let tail = Array(data[33...])
        #expect(try signed.reaching(frontier.head, with: tail) == frontier)
        var damaged: [[Digest]] = [tail.dropLast(), tail + [tail[0]]]
        for place in tail.indices {
            var other = tail
            other[place] = other[place].flipped(bit: place)
            damaged.append(other)
            other = tail
            other.remove(at: place)
            damaged.append(other)
            other = tail
            if place > 0 {
                other.swapAt(place, place - 1)
                damaged.append(other)
            }
        }
        for leaves in damaged {
            #expect(code { _ = try signed.reaching(frontier.head, with: leaves) } == "log.inconsistent")
        }
    }
}

/// Numbers that a seed gives again.
struct SeededNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(bound))
    }
}
