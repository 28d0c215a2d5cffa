// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
internal import Procedure

/// What a log says of itself: C2SP tlog-checkpoint v1.0.0, without extension lines.
public struct Checkpoint: Hashable, Sendable {
    /// The log's name: `in.kheya.example/2026`. 3 to 128 of `a-z 0-9 - . /`, as in the `seen` of a slip.
    public let origin: String
    public let head: TreeHead

    /// - Throws: ``LogError`` `.malformed`.
    public init(origin: String, head: TreeHead) throws(LogError) {
        guard Patterns.origin.matches(origin), (0...LogLimits.treeSize).contains(head.size) else {
            throw LogError(.malformed, "not a checkpoint")
        }
        self.origin = origin
        self.head = head
    }

    /// Reads the text of a note.
    ///
    /// - Throws: ``LogError`` `.malformed`.
    public init(text: [UInt8]) throws(LogError) {
        var lines = TextLines(text)
        let origin = String(decoding: try lines.next(), as: UTF8.self)
        let size = try TextLines.number(try lines.next())
        let root = try TextLines.hash(try lines.next())
        guard lines.isEmpty else { throw LogError(.malformed, "an extension line") }
        try self.init(origin: origin, head: TreeHead(size: size, root: root))
    }

    /// The three lines that are signed.
    public var text: [UInt8] { Array("\(origin)\n\(head.size)\n\(head.root.base64)\n".utf8) }

    /// How a slip quotes it.
    public var seen: SeenCheckpoint { SeenCheckpoint(origin: origin, size: head.size, root: head.root) }
}
