// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Logging
import Membership
import MessageStore
import Procedure
import TransparencyLog

/// Whether others see the same log as this node: Protocols/Log.md §5.2.
extension NodeService {
    /// Witnesses cosign within minutes; a line between two countries may be down for a day.
    private static let witnessSeconds: Int64 = 86_400

    /// Fetches the newest checkpoint that the quorum of the broker's log has cosigned, and compares it with what this node has verified.
    ///
    /// Two trees that contradict each other are an alarm at once; so is it when, a day after this node has seen so many leaves, no quorum
    /// has: a broker that shows its witness another log than its members never gets these leaves cosigned.
    ///
    /// - Throws: ``ExchangeError`` when the broker cannot be asked.
    func compareWithWitnesses() async throws {
        var check = try receiptCheck()
        guard let origin = check.directories.broker(check.broker)?.logs.last?.name, let known = check.known[origin]
        else { return }
        do {
            var cosigned: Int64 = 0
            if let note = try await connection.cosignedCheckpoint() {
                let checkpoint = try await check.verify(cosigned: SignedNote(note), proof: provingConnection)
                try store.write { try $0.keep(checkpoint.checkpoint.seen, note: note) }
                if checkpoint.isQuorate, checkpoint.checkpoint.origin == origin {
                    cosigned = checkpoint.checkpoint.head.size
                }
            }
            try note(known, cosigned: cosigned)
        } catch let error as LogError {
            try raise(.logForged, error.code.rawValue)
        } catch let error as ExchangeError {
            // Whoever does not answer this alone silences nobody.
            try note(known, cosigned: 0)
            throw error
        }
    }

    /// Remembers since when this node knows more than a quorum has cosigned.
    private func note(_ known: SeenCheckpoint, cosigned: Int64) throws {
        let name = "not cosigned \(known.origin)"
        let now = clock()
        let isLate = try store.write { transaction -> Bool in
            let stored = try transaction.setting(name).map { String(decoding: $0, as: UTF8.self) }
            let numbers = stored?.split(separator: " ").compactMap { Int64($0) } ?? []
            if numbers.count == 2, cosigned < numbers[0] { return now.seconds - numbers[1] >= Self.witnessSeconds }
            let next = known.size > cosigned ? "\(known.size) \(now.seconds)" : ""
            if next != stored ?? "" { try transaction.setSetting(name, Array(next.utf8)) }
            return false
        }
        if isLate { try raise(.logUnwitnessed, nil) }
    }

    private func raise(_ kind: Alarm.Kind, _ detail: String?) throws {
        try store.write { try $0.raise(Alarm(at: clock(), kind: kind, detail: detail)) }
        logger.error("the broker's log is not what others see", metadata: ["kind": "\(kind.rawValue)"])
    }
}
