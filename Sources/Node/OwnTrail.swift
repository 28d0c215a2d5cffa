// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
public import Letters
import Membership
public import Procedure
import Sealing
import TransparencyLog

/// What this node can prove by itself of its own letters: that each is in its broker's log, by the receipts that it keeps.
///
/// - SeeAlso: Protocols/Log.md §4.
public struct OwnTrail: Sendable, Hashable {
    /// Letters whose receipt proves them to be in a log, under a checkpoint signed as a directory says.
    public var proved = 0
    /// Letters that a broker has taken, as it says, and of which no receipt is here.
    public var unproved = 0
    /// Letters whose receipt proves nothing.
    public var wrong: [LetterID] = []
    /// The newest checkpoint of each log that this node has verified.
    public var checkpoints: [SeenCheckpoint] = []
}

extension CaseDesk {
    /// Checks every receipt again, from the bytes that are kept. No line is needed; reads everything, so it takes its time.
    public func verifyOwnTrail() throws -> OwnTrail {
        let logs = network.directories.logs
        return try store.read { transaction in
            var trail = OwnTrail()
            trail.checkpoints = try transaction.checkpoints()
            for entry in try transaction.outbox() where entry.state == .stored || entry.relayed != nil {
                guard let relayed = entry.relayed else {
                    trail.unproved += 1
                    continue
                }
                guard let letter = try transaction.letter(entry.letter), let receipt = try? LogReceipt(relayed),
                    let origin = try? TransparencyLog.Checkpoint(text: receipt.note.text).origin,
                    let log = logs[origin],
                    (try? receipt.verify(by: log.policy, letter: letter.id, slip: .sha256(letter.slip))) != nil
                else {
                    trail.wrong.append(entry.letter)
                    continue
                }
                trail.proved += 1
            }
            return trail
        }
    }
}
