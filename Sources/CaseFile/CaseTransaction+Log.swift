// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
public import Letters
internal import Procedure

/// The newest checkpoint of each log that this node has verified.
extension CaseTransaction {
    /// What goes into the `seen` of the next slip, ascending by origin.
    public func checkpoints() throws -> [SeenCheckpoint] {
        try Row.fetchAll(database.statement("SELECT origin, size, root FROM checkpoint ORDER BY origin")).map { row in
            guard let root = Digest(row["root"] as Data) else { throw CaseFileError(.damaged, "not a checkpoint") }
            return SeenCheckpoint(origin: row["origin"], size: row["size"], root: root)
        }
    }

    /// Keeps a checkpoint, if it is newer than the one of its log that is kept.
    ///
    /// - Parameter note: the file, so that it can be shown to others.
    public func keep(_ checkpoint: SeenCheckpoint, note: [UInt8]) throws {
        try database.run(
            """
            INSERT INTO checkpoint VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (origin) DO UPDATE SET size = ?2, root = ?3, note = ?4 WHERE size < ?2
            """, [checkpoint.origin, checkpoint.size, Data(checkpoint.root.bytes), Data(note)])
    }
}
