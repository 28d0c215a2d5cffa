// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Up to 256 leaves in a file: an entry bundle of C2SP tlog-tiles. What the other broker mirrors, and what a trail bundle holds.
///
/// Each entry is 0x0020 ‖ leaf data (32 bytes).
public struct EntryBundle: Hashable, Sendable {
    /// The first entry is leaf 256 · `number`.
    public let number: Int64
    /// Leaf data, 1 to 256; fewer than 256 in the newest bundle only.
    public let leaves: [Digest]

    public init(number: Int64, leaves: [Digest]) {
        self.number = number
        self.leaves = leaves
    }

    /// - Throws: ``LogError`` `.malformed`.
    public init(number: Int64, bytes: [UInt8]) throws(LogError) {
        guard (0...LogLimits.treeSize / Int64(LogLimits.bundleEntries)).contains(number), bytes.count % 34 == 0,
            (1...LogLimits.bundleEntries).contains(bytes.count / 34)
        else { throw LogError(.malformed, "not an entry bundle") }
        var leaves: [Digest] = []
        for start in stride(from: 0, to: bytes.count, by: 34) {
            guard bytes[start] == 0, bytes[start + 1] == 32, let leaf = Digest(bytes[(start + 2)..<(start + 34)]) else {
                throw LogError(.malformed, "an entry that is not 32 bytes long")
            }
            leaves.append(leaf)
        }
        self.init(number: number, leaves: leaves)
    }

    public var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(leaves.count * 34)
        for leaf in leaves {
            out += [0, 32]
            leaf.append(to: &out)
        }
        return out
    }

    /// `x001/x234/067`, with `.p/<count>` behind it if it is not full.
    public var path: String {
        var groups: [String] = []
        var rest = number
        repeat {
            let digits = String(rest % 1_000)
            groups.append((groups.isEmpty ? "" : "x") + String(repeating: "0", count: 3 - digits.count) + digits)
            rest /= 1_000
        } while rest > 0
        let path = groups.reversed().joined(separator: "/")
        return leaves.count < LogLimits.bundleEntries ? "\(path).p/\(leaves.count)" : path
    }
}
