// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// The newest event of one case, a row of the daily `heads`: with its proof a single case is provably complete up to that day.
///
/// The rows of all cases that are not erased, ascending by case, are the leaves of a tree whose root the event carries.
public struct HeadRow: Hashable, Sendable {
    public let caseID: CaseID
    /// Of the case's newest event.
    public let number: Int64
    /// Its leaf hash.
    public let leafHash: Digest

    public init(caseID: CaseID, number: Int64, leafHash: Digest) {
        self.caseID = caseID
        self.number = number
        self.leafHash = leafHash
    }

    /// - Throws: ``LogError`` `.malformed`.
    public init(_ bytes: [UInt8]) throws(LogError) {
        var lines = TextLines(bytes)
        let words = try lines.next().split(separator: 0x20, omittingEmptySubsequences: false)
        guard lines.isEmpty, words.count == 3, let caseID = CaseID(String(decoding: words[0], as: UTF8.self)),
            let leafHash = Digest(hex: String(decoding: words[2], as: UTF8.self))
        else { throw LogError(.malformed, "not a row of heads") }
        self.init(caseID: caseID, number: try TextLines.number(words[1]), leafHash: leafHash)
    }

    /// `case number leaf-hash` and LF: the leaf's data.
    public var bytes: [UInt8] { Array("\(caseID.text) \(number) \(leafHash.hex)\n".utf8) }

    /// In the tree of `heads`.
    public var rowHash: Digest { MerkleHash.leaf(bytes) }
}
