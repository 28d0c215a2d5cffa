// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Testing
import TransparencyLog

/// The transparency log in a store: Protocols/Log.md §5.3 to §5.6, and the failures of a machine.
@Suite struct LogTests {
    static let sizes = [1, 2, 3, 255, 256, 257]
    static let now = Instant(seconds: 1_800_000_000)

    @Test(arguments: StoreKind.allCases)
    func `every event is in the tree that the newest checkpoint signs, in the order of writing`(_ kind: StoreKind)
        async throws
    {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let leaves = try await place.log(300, in: queue)
        try await place.verifyWholeLog(queue, size: 301)
        let policy = try place.policy
        for (number, receipt) in zip(0..., try await queue.receipts(of: leaves)) {
            let proven = try LogReceipt(#require(receipt).bytes).verify(
                by: policy, letter: SampleLetter.digest(number), slip: SampleLetter.digest(1))
            #expect(proven.index == Int64(number) + 1, "the first leaf is `start`")
        }
        // Of one case and the next: numbered, and each names the one before.
        let events = try await queue.read { reading in
            try reading.leaves(of: SampleLetter.caseA).map {
                try LogEvent(reading.leaves(of: $0.origin, from: $0.index, count: 1)[0].event ?? [])
            }
        }
        #expect(events.map(\.place?.number) == (0..<150).map { Int64($0) })
        #expect(events.dropFirst().map(\.place?.previous) == events.dropLast().map(\.leafHash))
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `a receipt can be had while others write`(_ kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let policy = try place.policy
        let first = try await place.log(256, in: queue)
        let writers = 4, rounds = 40
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    for round in 0..<rounds {
                        let number = 256 + writer * rounds + round
                        _ = try await queue.write { store in
                            try store.log(place.event(number), in: place.caseID(number), at: Self.now)
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<rounds {
                        for (number, receipt) in zip(0..., try await queue.receipts(of: first)) where number % 64 == 0 {
                            _ = try #require(receipt).verify(
                                by: policy, letter: SampleLetter.digest(number), slip: SampleLetter.digest(1))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await place.verifyWholeLog(queue, size: 257 + writers * rounds)
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `a transaction that fails leaves no event, and does not disturb those that share its sync`(_ kind: StoreKind)
        async throws
    {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let bodies = (0..<40).map { number in
            { @Sendable (store: any LetterTransaction) throws -> Int64 in
                let leaf = try store.log(place.event(number), in: place.caseID(number), at: Self.now)
                if number % 3 == 0 { throw SampleError() }
                return leaf
            }
        }
        let results = await queue.write(all: bodies)
        let leaves = results.compactMap { try? $0.get() }
        #expect(leaves.count == 26)
        try await place.verifyWholeLog(queue, size: 27)
        _ = try await queue.receipts(of: leaves)
        try await queue.close()
    }

    @Test(arguments: sizes + [1_050])
    func `what is opened again goes on with the same tree and the same checkpoint`(size: Int) async throws {
        let place = try StoreUnderTest(.sqlite)
        var queue = try place.open()
        let leaves = try await place.log(size, in: queue)
        let (note, receipts) = (queue.checkpoint, try await queue.receipts(of: leaves))
        // The newest ones are in memory; of the longest log, with the peaks of what lies before them.
        let newest = try await queue.receipts(of: leaves.suffix(80))
        try await queue.close()
        queue = try place.open()
        #expect(queue.checkpoint == note)
        #expect(try await queue.receipts(of: leaves) == receipts)
        #expect(newest == receipts.suffix(80))
        try await place.log(1, in: queue)
        try await place.verifyWholeLog(queue, size: size + 2)
        try await queue.close()
    }

    @Test(arguments: sizes)
    func `after a crash between commit and signature the next start signs the same leaves`(size: Int) async throws {
        let place = try StoreUnderTest(.sqlite)
        var queue = try place.open()
        try await place.log(size, in: queue)
        // The lock as it was before the last commit: what a crash right after that commit leaves.
        let lock = try place.lock()
        let leaves = try await place.log(3, in: queue)
        let (note, receipts) = (queue.checkpoint, try await queue.receipts(of: leaves))
        try await queue.close()
        try place.setLock(lock)
        queue = try place.open()
        #expect(queue.checkpoint == note, "Ed25519 is deterministic: the same note again")
        #expect(try await queue.receipts(of: leaves) == receipts)
        try await place.verifyWholeLog(queue, size: size + 4)
        try await queue.close()
    }

    @Test(arguments: sizes)
    func `a store that was restored under a newer lock logs nothing, and its letters can still be read`(size: Int)
        async throws
    {
        let place = try StoreUnderTest(.sqlite)
        var queue = try place.open()
        try await place.log(size, in: queue)
        try await queue.insert([SampleLetter(7)], mailbox: SampleLetter.nodi)
        try await queue.close()
        let backup = try place.copyStore()
        queue = try place.open()
        try await place.log(2, in: queue)
        try await queue.close()
        try place.restoreStore(backup)
        queue = try place.open()
        #expect(place.halt(queue) == "behind")
        #expect(queue.checkpoint == nil)
        await #expect(throws: StoreError(.halted, "")) { try await place.log(1, in: queue) }
        let name = QueueName(SampleLetter.nodi, .mailbox)
        #expect(try await queue.read { try $0.queued(name, limit: 9).count } == 1)
        try await queue.write { store in
            for delivery in try store.queued(name, limit: 9) { try store.rest(delivery.number, until: Self.now) }
        }
        try await queue.close()
    }

    @Test(
        arguments: sizes,
        [
            "UPDATE log_leaf SET data = zeroblob(32) WHERE number = (SELECT max(number) FROM log_leaf)",
            "UPDATE log SET root = zeroblob(32)",
            "UPDATE log SET size = size - 1",
            "DELETE FROM log_leaf WHERE number = (SELECT max(number) FROM log_leaf)",
        ])
    func `a store that was altered is found at the start, and signs nothing`(size: Int, sql: String) async throws {
        let place = try StoreUnderTest(.sqlite)
        var queue = try place.open()
        try await place.log(size, in: queue)
        try await queue.close()
        try place.alter(sql)
        queue = try place.open()
        #expect(place.halt(queue) != nil && queue.checkpoint == nil)
        await #expect(throws: StoreError(.halted, "")) { try await place.log(1, in: queue) }
        try await queue.close()
    }

    @Test func `one leaf changed long ago is found by the whole look`() async throws {
        let place = try StoreUnderTest(.sqlite)
        let queue = try #require(try place.open() as? SQLiteLetterQueue)
        try await place.log(300, in: queue)
        try await queue.verifyLog()
        try place.alter("UPDATE log_leaf SET data = zeroblob(32) WHERE number = 17")
        await #expect(throws: StoreError(.halted, "")) { try await queue.verifyLog() }
        await #expect(throws: StoreError(.halted, "")) { try await place.log(1, in: queue) }
        try await queue.close()
    }

    @Test func `an event that is not read back as it was written is not signed`() async throws {
        let place = try StoreUnderTest(.sqlite)
        let queue = try place.open()
        try await place.log(2, in: queue)
        let note = queue.checkpoint
        // The disk that turns a bit, played by a trigger on the way in.
        try place.alter(
            "CREATE TRIGGER disk AFTER INSERT ON log_leaf BEGIN UPDATE log_leaf SET text = x'00' WHERE number = new.number; END"
        )
        await #expect(throws: StoreError(.halted, "")) { try await place.log(1, in: queue) }
        #expect(queue.checkpoint == note)
        try await queue.close()
    }

    @Test func `a log without its lock halts until somebody brings a checkpoint of this very tree`() async throws {
        let place = try StoreUnderTest(.sqlite)
        var queue = try place.open()
        try await place.log(5, in: queue)
        let kept = try #require(queue.checkpoint)
        try await place.log(4, in: queue)
        let newest = queue.checkpoint
        try await queue.close()
        try FileManager.default.removeItem(atPath: place.lockPath)
        queue = try place.open()
        #expect(place.halt(queue) == "missing")
        try await queue.close()
        // Another tree's checkpoint of the same log, and one ahead of the store.
        let signer = try StoreUnderTest.signer()
        for head in [TreeHead(size: 3, root: SampleLetter.digest(1)), TreeHead(size: 99, root: SampleLetter.digest(1))]
        {
            let foreign = try signer.sign(Checkpoint(origin: signer.key.name, head: head))
            #expect(throws: StoreError(.halted, "")) {
                try SQLiteLetterQueue.adopt([foreign], path: place.path, now: Self.now)
            }
        }
        try SQLiteLetterQueue.adopt([kept, #require(newest)], path: place.path, now: Self.now)
        queue = try place.open()
        #expect(place.halt(queue) == nil)
        // It goes on from both, and says that it was restarted.
        try await place.verifyWholeLog(queue, size: 11)
        let last = try await queue.read { try $0.leaves(of: StoreUnderTest.origin, from: 10, count: 1)[0].event }
        #expect(try LogEvent(last ?? []).content == .restarted(.recovery))
        try await queue.close()
        #expect(throws: StoreError(.halted, ""), "there is a lock") {
            try SQLiteLetterQueue.adopt([kept], path: place.path, now: Self.now)
        }
    }

    @Test func `no row of the log can be changed or deleted, but for what an erasure takes away`() async throws {
        let place = try StoreUnderTest(.sqlite)
        let queue = try place.open()
        let leaves = try await place.log(3, in: queue)
        try await queue.close()
        for sql in [
            "UPDATE log_leaf SET data = zeroblob(32)", "UPDATE log_leaf SET text = x'00'", "DELETE FROM log_leaf",
            "UPDATE log_node SET hash = zeroblob(32)", "DELETE FROM log_node", "DELETE FROM log",
            "UPDATE log SET size = 0",
        ] { #expect(throws: (any Error).self, "\(sql)") { try place.sql(sql) } }
        try place.sql("UPDATE log_leaf SET text = NULL, case_id = NULL WHERE number = \(leaves[0])")
        let again = try place.open()
        #expect(place.halt(again) == nil)
        #expect(try await again.receipts(of: [leaves[0]]) == [nil])
        try await again.close()
    }

    @Test func `whoever deletes a case's key has erased its events`() async throws {
        let place = try StoreUnderTest(.sqlite)
        let queue = try place.open()
        let leaves = try await place.log(2, in: queue)
        try await queue.close()
        try place.sql("DELETE FROM event_key WHERE case_id = '\(SampleLetter.caseA.text)'", file: place.path + ".keys")
        let again = try place.open()
        let receipts = try await again.receipts(of: leaves)
        #expect(receipts[0] == nil && receipts[1] != nil, "the other case's event can be read")
        try await again.close()
    }

    @Test func `an erasure that a crash has left half done is ended at the next start`() async throws {
        let place = try StoreUnderTest(.sqlite)
        let queue = try place.open()
        let leaves = try await place.log(2, in: queue)
        let origin = try await queue.read { try #require(try $0.logs().last).origin }
        let keys = place.path + ".keys"
        // The process ends between the transaction and the keys.
        try await queue.write { store in
            let own = try store.leaves(of: SampleLetter.caseA).map(\.index)
            try store.erase(SampleLetter.caseA, own, of: origin)
        }
        #expect(try place.sql("SELECT count(*) FROM event_key", file: keys) == "2\n")
        try await queue.close()
        let again = try place.open()
        #expect(try place.sql("SELECT count(*) FROM event_key", file: keys) == "1\n")
        #expect(try place.sql("SELECT count(*) FROM setting WHERE name LIKE 'erased%'") == "0\n")
        let receipts = try await again.receipts(of: leaves)
        #expect(receipts[0] == nil && receipts[1] != nil)
        await #expect(throws: StoreError(.unreadable, "")) {
            try await again.write { try $0.erase(SampleLetter.caseA, [1], of: origin) }
        }
        try await again.close()
    }

    @Test func `a new name begins a new log whose first event names the last cosigned checkpoint of the old one`()
        async throws
    {
        let place = try StoreUnderTest(.sqlite)
        var queue = try place.open()
        let old = try await place.log(4, in: queue)
        let note = try #require(queue.checkpoint)
        try await queue.write { store in
            try store.keep(StoredCheckpoint(size: 5, at: Self.now, note: note.bytes))
        }
        try await queue.close()
        queue = try SQLiteLetterQueue(
            path: place.path, signer: StoreUnderTest.signer(origin: "in.kheya.example/2028"))
        let new = try await place.log(2, in: queue)
        let receipts = try await queue.receipts(of: old + new).compactMap(\.self)
        #expect(try receipts.map { try LogEvent($0.event).origin }.suffix(2).allSatisfy { $0.hasSuffix("2028") })
        #expect(try LogEvent(receipts[4].event).place?.number == 2, "the case's numbers go on")
        let start = try await queue.read { try $0.leaves(of: "in.kheya.example/2028", from: 0, count: 1)[0] }
        #expect(try LogEvent(start.event ?? []).content == .start(before: Digest(words: SHA256.words(of: note.bytes))))
        try await queue.close()
    }
}
