// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// How large a log's tree is, and its root at that size.
public struct TreeHead: Hashable, Sendable {
    /// Leaves, below 2^53.
    public let size: Int64
    public let root: Digest

    public init(size: Int64, root: Digest) {
        self.size = size
        self.root = root
    }

    /// The tree without leaves.
    public static let empty = TreeHead(size: 0, root: MerkleHash.empty)
}
