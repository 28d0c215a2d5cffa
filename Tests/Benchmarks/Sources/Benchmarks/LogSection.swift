// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import Cryptography
import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Sealing
import TransparencyLog

/// What the log alone writes: events of cases, each in a transaction of its own, until a signed checkpoint proves it. With many under way
/// one commit and one lock serve all of them.
struct LogSection {
    let bench: Workbench
    let rounds: Int

    private static let secondsOfARound = 1.0
    private static let cases = 1_000
    private static let recordBytes = 2_048

    func run(_ report: inout Report) async throws {
        report.begin(
            "log",
            "events that are durable, in the tree and under a signed checkpoint; the floor is as many records of 2 KiB with one fdatasync"
        )
        let place = bench.directory.appending(path: "log")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let signer = try LogSigner(origin: "practice.example/2026", seed: SecureRandom.bytes(32))
        let queue = try SQLiteLetterQueue(path: place.appending(path: "broker.sqlite").path, signer: signer)
        let cases = try (0..<Self.cases).map { _ in
            guard let id = CaseID(random: SecureRandom.bytes(16)) else {
                throw BenchmarkError("16 bytes make a pseudonym")
            }
            return id
        }
        // Keys of new cases have a sync of their own: they are made before.
        for caseID in cases { try await Self.write(caseID, to: queue) }
        for together in [64, 1] {
            var (rates, floors): ([Double], [Double]) = ([], [])
            for _ in 0..<rounds {
                floors.append(
                    try Floors.groupCommit(
                        place, records: together, bytes: Self.recordBytes, seconds: Self.secondsOfARound))
                rates.append(try await Self.rate(cases, together, queue))
            }
            report.relate(
                "\(together) event\(together == 1 ? "" : "s") under way", Spread(rates), "/s",
                floor: Spread(floors).median,
                ratio: Spread(zip(rates, floors).map { $0 / $1 }),
                note: together == 1 ? "each has two syncs: the store's, the lock's" : nil)
        }
        try await queue.close()
    }

    /// Events a second, each of which is proved by a signed checkpoint.
    private static func rate(_ cases: [CaseID], _ together: Int, _ queue: SQLiteLetterQueue) async throws -> Double {
        let start = floors_now()
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<together {
                group.addTask {
                    var count = 0
                    while floors_now() - start < secondsOfARound {
                        try await write(cases[(worker + count * 64) % cases.count], to: queue)
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(count) / (floors_now() - start)
    }

    private static func write(_ caseID: CaseID, to queue: SQLiteLetterQueue) async throws {
        let letter = Digest.sha256(SecureRandom.bytes(32))
        let leaf = try await queue.write { store in
            try store.log(
                .accepted(letter: letter, slip: letter, verdict: .admitted), in: caseID,
                at: Instant(seconds: 1_800_000_000))
        }
        guard try await queue.receipts(of: [leaf]).allSatisfy({ $0 != nil }) else {
            throw BenchmarkError("an event without its receipt")
        }
    }
}
