// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// The root of one perfect subtree: 2^level leaves, the first of which has the number `index` · 2^level. It never changes again.
public struct TreeNode: Hashable, Sendable {
    /// Where a node lies; level 0 are the leaf hashes.
    public struct Position: Hashable, Sendable {
        public let level: Int
        public let index: Int64

        public init(level: Int, index: Int64) {
            self.level = level
            self.index = index
        }
    }

    public let position: Position
    public let hash: Digest

    public init(position: Position, hash: Digest) {
        self.position = position
        self.hash = hash
    }
}
