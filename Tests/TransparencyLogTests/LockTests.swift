// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing
import TransparencyLog

@Suite struct LockTests {
    static let tree = LeafTree(leafHashes: NaiveTree(count: 40).leaves)

    static func judge(lock: TreeHead?, size: Int64, tree: LeafTree = tree) throws -> LogLock {
        try LogLock.judge(lock: lock, head: try MerkleTree.head(size: size, node: tree.node)) {
            try MerkleTree.head(size: $0, node: tree.node)
        }
    }

    @Test func `a log signs what goes on from its lock, and nothing else`() throws {
        for size in Int64(0)...40 {
            for locked in Int64(0)...40 {
                let lock = try MerkleTree.head(size: locked, node: Self.tree.node)
                let verdict = try Self.judge(lock: lock, size: size)
                #expect(verdict == (locked == size ? .current : locked < size ? .ahead : .halted(.behind)))
            }
        }
    }

    @Test func `without its lock a log halts, also an empty one`() throws {
        for size in [0, 1, 40] as [Int64] { #expect(try Self.judge(lock: nil, size: size) == .halted(.missing)) }
    }

    @Test func `one changed leaf anywhere below the lock halts the log`() throws {
        let lock = try MerkleTree.head(size: 25, node: Self.tree.node)
        for place in 0..<40 {
            var leaves = NaiveTree(count: 40).leaves
            leaves[place] = leaves[place].flipped(bit: place)
            let damaged = LeafTree(leafHashes: leaves)
            #expect(try Self.judge(lock: lock, size: 40, tree: damaged) == (place < 25 ? .halted(.forked) : .ahead))
            #expect(try Self.judge(lock: lock, size: 25, tree: damaged) == (place < 25 ? .halted(.forked) : .current))
        }
    }
}

@Suite struct EntryBundleTests {
    @Test func `a bundle is written and read alike, and lies where C2SP puts it`() throws {
        for (number, count, path) in [
            (0, 256, "000"), (0, 1, "000.p/1"), (67, 255, "067.p/255"), (999, 256, "999"), (1_000, 256, "x001/000"),
            (1_234_067, 9, "x001/x234/067.p/9"),
        ] {
            let bundle = EntryBundle(number: Int64(number), leaves: (0..<count).map { Digest(of: "\($0)") })
            #expect(bundle.path == path && bundle.bytes.count == count * 34)
            #expect(try EntryBundle(number: Int64(number), bytes: bundle.bytes) == bundle)
        }
    }

    @Test func `what is no bundle is refused`() {
        let good = EntryBundle(number: 0, leaves: (0..<256).map { Digest(of: "\($0)") }).bytes
        for bytes in [
            [], Array(good.dropLast()), good + good.prefix(34), [0, 31] + good.dropFirst(2),
            [1, 32] + good.dropFirst(2),
        ] {
            #expect(code { _ = try EntryBundle(number: 0, bytes: bytes) } == "log.malformed")
        }
        #expect(code { _ = try EntryBundle(number: -1, bytes: good) } == "log.malformed")
        #expect(code { _ = try EntryBundle(number: .max, bytes: good) } == "log.malformed")
    }
}

@Suite struct HeadRowTests {
    @Test func `a row of heads is written and read alike, and nothing else is read`() throws {
        let caseID = try #require(CaseID("00000000000000000000000000000007"))
        let row = HeadRow(caseID: caseID, number: 12, leafHash: Digest(of: "leaf"))
        let text = "00000000000000000000000000000007 12 \(Digest(of: "leaf").hex)\n"
        #expect(row.bytes == Array(text.utf8))
        #expect(try HeadRow(row.bytes) == row)
        for wrong in [
            "", "\n", text + "\n", String(text.dropLast()), text.replacing(" 12 ", with: " 012 "),
            text.replacing(" 12", with: "  12"), text.uppercased(),
        ] {
            #expect(code { _ = try HeadRow(Array(wrong.utf8)) } == "log.malformed")
        }
    }
}
