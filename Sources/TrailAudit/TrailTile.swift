// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Sealing
import TransparencyLog

/// The files of 256 leaves.
struct TileFiles: Sendable {
    let number: Int64
    var entries: [UInt8]?
    var events: [UInt8]?
}

/// 256 leaves and their openings, hashed and read: all that can be said of them without the leaves before.
struct TrailTile: Sendable {
    struct Opening: Sendable {
        let index: Int64
        /// Whether it hashes to the leaf.
        let isOfLeaf: Bool
        /// `nil` for one in another form.
        let event: LogEvent?
    }

    let number: Int64
    private(set) var leafHashes: [Digest] = []
    /// Of these leaves alone: at each size that some checkpoint has, and at the end; none where there are no entries.
    private(set) var marks: [Frontier] = []
    private(set) var openings: [Opening] = []
    let hasEvents: Bool
    /// What was of another form.
    private(set) var faults: [String] = []

    /// - Parameter isMarked: whether a checkpoint has this size.
    init(_ files: TileFiles, isMarked: (Int64) -> Bool) {
        number = files.number
        hasEvents = files.events != nil
        guard let entries = files.entries else { return }
        guard number <= 1 << 30, let bundle = try? EntryBundle(number: number, bytes: entries) else {
            faults.append("entries of another form")
            return
        }
        var frontier = Frontier()
        leafHashes.reserveCapacity(256)
        for leaf in bundle.leaves {
            let hash = MerkleHash.leaf(leaf)
            leafHashes.append(hash)
            frontier.append(leafHash: hash)
            if isMarked(number * 256 + frontier.size) { marks.append(frontier) }
        }
        if marks.last != frontier { marks.append(frontier) }
        if let events = files.events, !read(events, bundle.leaves) { faults.append("events of another form") }
    }

    /// - Returns: whether it was read to its end.
    private mutating func read(_ events: [UInt8], _ leaves: [Digest]) -> Bool {
        var rest = events[...]
        var last: Int64 = -1
        func line() -> ArraySlice<UInt8>? {
            guard let end = rest.firstIndex(of: 0x0A) else { return nil }
            defer { rest = rest[(end + 1)...] }
            return rest[...end]
        }
        while !rest.isEmpty {
            guard let head = line(), let index = Self.number(head.dropLast()), index > last, index >= number * 256,
                index < number * 256 + Int64(leaves.count), let first = line(), let second = line()
            else { return false }
            last = index
            let event = Array(events[first.startIndex..<second.endIndex])
            let isOfLeaf = Digest.sha256(event) == leaves[Int(index % 256)]
            openings.append(
                Opening(index: index, isOfLeaf: isOfLeaf, event: isOfLeaf ? try? LogEvent(event) : nil))
        }
        return true
    }

    private static func number(_ text: ArraySlice<UInt8>) -> Int64? {
        guard (1...16).contains(text.count), text.first != 0x30 || text.count == 1 else { return nil }
        var value: Int64 = 0
        for digit in text {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - 0x30)
        }
        return value
    }
}
