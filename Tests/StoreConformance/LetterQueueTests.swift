// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Testing

/// What every store promises. Protocols/Queue.md, "Store".
@Suite struct LetterQueueTests {
    @Test(arguments: StoreKind.allCases)
    func `a letter comes back as it was stored, also after the store was opened again`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let letter = SampleLetter(7)
        let first = try place.open()
        try await first.insert([letter], mailbox: SampleLetter.nodi)
        try await first.close()
        let second = try place.open()
        let (record, slip, all) = try await second.read { reading in
            (try reading.letter(letter.id), try reading.slip(letter.id), try reading.letters(of: SampleLetter.caseA))
        }
        #expect(record == letter.record)
        #expect(slip == letter.file)
        #expect(all == [CaseLetter(record: letter.record, slip: letter.file)])
        #expect(try await second.read { try $0.letter(SampleLetter.digest(8)) } == nil)
        try await second.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `a transaction that throws leaves nothing behind, and hurts no other that shares its sync`(kind: StoreKind)
        async throws
    {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        // All are asked for at once, so that they gather into few commits; every third one fails after it has written.
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<300 {
                group.addTask {
                    do {
                        try await queue.write { transaction in
                            try transaction.insert(SampleLetter(number))
                            if number % 3 == 0 { throw SampleError() }
                        }
                        return true
                    } catch is SampleError {
                        return false
                    }
                }
            }
            var stored = 0
            for try await answer in group { stored += answer ? 1 : 0 }
            #expect(stored == 200)
        }
        for number in 0..<300 {
            let there = try await queue.read { try $0.letter(SampleLetter.digest(number)) != nil }
            #expect(there == (number % 3 != 0))
        }
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `the same id is not stored twice, and the second attempt is undone as a whole`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        try await queue.insert([SampleLetter(1)])
        await #expect(throws: StoreError.self) { try await queue.insert([SampleLetter(2), SampleLetter(1)]) }
        #expect(try await queue.read { try $0.letter(SampleLetter.digest(2)) } == nil)
        try await queue.insert([SampleLetter(2)])  // the store goes on
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `urgent letters come first, then the order of arrival`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        try await queue.insert(
            [SampleLetter(1), SampleLetter(2), SampleLetter(3, lane: .urgent, expires: nil), SampleLetter(4)],
            mailbox: SampleLetter.nodi)
        let order = try await queue.read {
            try $0.queued(QueueName(SampleLetter.nodi, .mailbox), limit: 10).map(\.letter)
        }
        #expect(order == [3, 1, 2, 4].map(SampleLetter.digest))
        #expect(try await queue.read { try $0.queued(QueueName(SampleLetter.asha, .mailbox), limit: 10) }.isEmpty)
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `what rests is not handed out before it is due, and keeps its place`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let box = QueueName(SampleLetter.nodi, .mailbox)
        try await queue.insert([SampleLetter(1), SampleLetter(2)], mailbox: SampleLetter.nodi)
        try await queue.write { transaction in
            let first = try transaction.queued(box, limit: 1)[0]
            try transaction.rest(first.number, until: Instant(seconds: 60))
        }
        #expect(try await queue.read { try $0.queued(box, limit: 9).map(\.letter) } == [SampleLetter.digest(2)])
        #expect(try await queue.read { try $0.nextDue(box) } == Instant(seconds: 60))
        #expect(try await queue.read { try $0.restingCount(box) } == 1)
        #expect(try await queue.write { try $0.wake(box, at: Instant(seconds: 59)) } == 0)
        #expect(try await queue.write { try $0.wake(box, at: Instant(seconds: 60)) } == 1)
        let again = try await queue.read { try $0.queued(box, limit: 9) }
        #expect(again.map(\.letter) == [1, 2].map(SampleLetter.digest))
        #expect(again.map(\.tries) == [1, 0])
        try await queue.write { try $0.finish(again[0].number, .delivered) }
        #expect(try await queue.read { try $0.openCount(box) } == 1)
        try await queue.write { transaction in  // a delivery that has ended does not come back
            try transaction.rest(again[0].number, until: Instant(seconds: 1))
            #expect(try transaction.wake(box, at: Instant(seconds: 99)) == 0)
        }
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `the counter of changes grows with each new letter of a mailbox and with nothing else`(kind: StoreKind)
        async throws
    {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let box = QueueName(SampleLetter.nodi, .mailbox)
        func changes() async throws -> Int64 { try await queue.read { try $0.changes(of: SampleLetter.nodi) } }
        #expect(try await changes() == 0)
        try await queue.insert([SampleLetter(1)], mailbox: SampleLetter.nodi)
        #expect(try await changes() == 1)
        try await queue.write { try $0.enqueue(SampleLetter.digest(1), lane: .normal, to: box) }
        #expect(try await changes() == 1, "a delivery that is there already is not queued again")
        try await queue.write {
            try $0.enqueue(SampleLetter.digest(1), lane: .normal, to: QueueName(SampleLetter.nodi, .forward))
        }
        #expect(try await changes() == 1, "what goes to another broker is no change of a mailbox")
        try await queue.insert([SampleLetter(2)], mailbox: SampleLetter.nodi)
        #expect(try await changes() == 2)
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `a waiting letter is found by each ancestor it lacks, until it no longer waits`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let letter = SampleLetter(9, status: .waiting)
        try await queue.write { transaction in
            try transaction.insert(letter)
            try transaction.setMissing([1, 2].map(SampleLetter.digest), of: letter.id)
        }
        #expect(try await queue.read { try $0.waiting(for: SampleLetter.digest(2)) } == [letter.id])
        #expect(
            try await queue.read { try Set($0.missingAncestors(of: letter.id)) }
                == Set([1, 2].map(SampleLetter.digest)))
        #expect(try await queue.read { try $0.waitingCount(in: SampleLetter.caseA) } == 1)
        #expect(try await queue.read { try $0.waitingCount(from: SampleLetter.asha) } == 1)
        try await queue.write { transaction in
            var record = letter.record
            record.status = .queued
            try transaction.setMissing([], of: letter.id)
            try transaction.update(record)
        }
        #expect(try await queue.read { try $0.waiting(for: SampleLetter.digest(2)) }.isEmpty)
        #expect(try await queue.read { try $0.waitingCount(from: SampleLetter.asha) } == 0)
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `a case's version changes with its letters and never takes a value twice, also when a change is undone`(
        kind: StoreKind
    ) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let seen = VersionLog()
        try await queue.write { transaction in
            try transaction.insert(SampleLetter(1))
            seen.add(try transaction.version(of: SampleLetter.caseA))
        }
        let before = try await queue.read { try $0.version(of: SampleLetter.caseA) }
        await #expect(throws: SampleError.self) {
            try await queue.write { transaction in
                try transaction.insert(SampleLetter(2))
                seen.add(try transaction.version(of: SampleLetter.caseA))
                throw SampleError()
            }
        }
        #expect(try await queue.read { try $0.version(of: SampleLetter.caseA) } == before)
        try await queue.write { transaction in
            try transaction.insert(SampleLetter(3))
            seen.add(try transaction.version(of: SampleLetter.caseA))
        }
        #expect(Set(seen.values).count == seen.values.count)
        #expect(seen.values.count >= 3)
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `an upload goes on where it was cut and gives the bytes that were sent`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let digest = SampleLetter.digest(77)
        var queue = try place.open()
        var offset = 0
        var whole: [UInt8]?
        var cut = 0
        while offset < bytes.count {
            let piece = Array(bytes[offset..<min(bytes.count, offset + 9_000)])
            whole = try await queue.write {
                try $0.spool(
                    digest, bytes: piece, size: bytes.count, at: Instant(seconds: 5), chargedTo: SampleLetter.asha)
            }
            offset += piece.count
            cut += 1
            if cut == 20 {
                try await queue.close()
                queue = try place.open()
                #expect(try await queue.read { try $0.spooled(digest) } == offset)
            }
        }
        #expect(whole == bytes)
        try await queue.write { try $0.storePart(digest, bytes: bytes, chargedTo: SampleLetter.asha) }
        #expect(try await queue.read { try $0.spooled(digest) } == 0)
        let range = try await queue.read { try $0.part(digest, offset: 299_990, count: 100) }
        #expect(range?.bytes == Array(bytes.suffix(10)))
        #expect(range?.size == bytes.count)
        try await queue.write { transaction in
            _ = try transaction.spool(
                SampleLetter.digest(78), bytes: [1], size: 9, at: Instant(seconds: 5), chargedTo: SampleLetter.asha)
            try transaction.dropSpools(before: Instant(seconds: 6))
            #expect(try transaction.spooled(SampleLetter.digest(78)) == 0)
        }
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `a part goes with the last letter that needs it, and is charged to its owner until then`(kind: StoreKind)
        async throws
    {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let part = NeededPart(digest: SampleLetter.digest(50), recipient: SampleLetter.nodi)
        let other = NeededPart(digest: SampleLetter.digest(51), recipient: SampleLetter.nodi, isList: true)
        try await queue.write { transaction in
            for number in [1, 2] {
                try transaction.insert(SampleLetter(number))
                try transaction.need([part], for: SampleLetter.digest(number))
            }
            try transaction.need([part, other], for: SampleLetter.digest(2))
            #expect(try transaction.missingParts(of: SampleLetter.digest(2)) == [part.digest, other.digest].sorted())
            try transaction.storePart(part.digest, bytes: [1, 2, 3], chargedTo: SampleLetter.asha)
            try transaction.storePart(part.digest, bytes: [1, 2, 3], chargedTo: SampleLetter.asha)
        }
        #expect(
            try await queue.read { try $0.neededParts(of: SampleLetter.digest(2)) }
                == [part, other].sorted { $0.digest < $1.digest })
        #expect(try await queue.read { try $0.missingParts(of: SampleLetter.digest(2)) } == [other.digest])
        #expect(try await queue.read { try $0.letters(needing: part.digest) } == [1, 2].map(SampleLetter.digest))
        #expect(
            try await queue.read { try $0.holding(of: SampleLetter.asha) } == Holding(normal: 2, urgent: 0, bytes: 3))
        for number in [1, 2] {
            try await queue.write { transaction in
                var record = SampleLetter(number).record
                record.status = .done
                try transaction.update(record)
                _ = try transaction.discardParts(limit: 16)
                #expect(try transaction.partSize(part.digest) == (number == 1 ? 3 : nil))
            }
        }
        #expect(try await queue.read { try $0.holding(of: SampleLetter.asha) } == Holding())
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `open letters are found when they expire, closed and urgent ones never`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        try await queue.insert([
            SampleLetter(1, expires: 300), SampleLetter(2, status: .waiting, expires: 200),
            SampleLetter(3, status: .done, expires: 100),
            SampleLetter(4, lane: .urgent, expires: nil), SampleLetter(5, expires: 400),
        ])
        #expect(
            try await queue.read { try $0.expired(by: Instant(seconds: 300), limit: 9) }
                == [2, 1].map(SampleLetter.digest))
        #expect(try await queue.read { try $0.nextExpiry() } == Instant(seconds: 200))
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `two letters under one number of a pair are both there, and each finds the other`(kind: StoreKind) async throws
    {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let letters = [SampleLetter(1, sequence: 5), SampleLetter(2, sequence: 5), SampleLetter(3, sequence: 9)]
        try await queue.insert(letters)
        #expect(try await queue.read { try $0.conflicts(with: letters[0].slip, id: letters[0].id) } == [letters[1].id])
        #expect(try await queue.read { try $0.conflicts(with: letters[2].slip, id: letters[2].id) }.isEmpty)
        #expect(
            try await queue.read { try $0.highestSequence(from: SampleLetter.asha, to: SampleLetter.nodi, epoch: 1) }
                == 9)
        #expect(
            try await queue.read { try $0.highestSequence(from: SampleLetter.asha, to: SampleLetter.nodi, epoch: 2) }
                == 0)
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `the broker's own letters to one member are numbered without a gap, also when one is undone`(kind: StoreKind)
        async throws
    {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        let numbers = NumberLog()
        for round in 0..<4 {
            try? await queue.write { transaction in
                let next = try transaction.nextSequence(to: SampleLetter.asha)
                if round == 1 { throw SampleError() }
                numbers.add(next.sequence)
            }
        }
        #expect(numbers.values == [1, 2, 3])
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `a second process does not get the store`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        #expect(throws: StoreError(.busy, "")) { _ = try place.open() }
        try await queue.close()
        try await place.open().close()
    }

    @Test(arguments: StoreKind.allCases)
    func `a full store says so, loses nothing, and goes on when there is room`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open(maximumBytes: 1_048_576)
        var stored: [Int] = []
        var refused = 0
        // Rounds of many at once: some of a commit have room, others have not.
        for round in 0..<12 {
            let answers = await withTaskGroup(of: (Int, Result<Void, any Error>).self) { group in
                for number in (round * 16)..<(round * 16 + 16) {
                    group.addTask {
                        do {
                            try await queue.write { transaction in
                                try transaction.insert(SampleLetter(number))
                                try transaction.need(
                                    [
                                        NeededPart(
                                            digest: SampleLetter.digest(10_000 + number), recipient: SampleLetter.nodi)
                                    ],
                                    for: SampleLetter.digest(number))
                                try transaction.storePart(
                                    SampleLetter.digest(10_000 + number), bytes: Array(repeating: 7, count: 20_000),
                                    chargedTo: SampleLetter.asha)
                            }
                            return (number, .success(()))
                        } catch {
                            return (number, .failure(error))
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for (number, answer) in answers {
                switch answer {
                case .success: stored.append(number)
                case .failure(let error):
                    refused += 1
                    #expect(error as? StoreError == StoreError(.full, ""))
                }
            }
        }
        #expect(refused > 0, "the limit was never met: the test shows nothing")
        #expect(stored.count > 20)
        for number in stored {
            #expect(try await queue.read { try $0.letter(SampleLetter.digest(number)) } != nil)
            #expect(try await queue.read { try $0.partSize(SampleLetter.digest(10_000 + number)) } == 20_000)
        }
        #expect(try await queue.read { try $0.room().fraction } > 0.9)
        // Ending letters makes room.
        try await queue.write { [stored] transaction in
            for number in stored {
                var record = SampleLetter(number).record
                record.status = .done
                try transaction.update(record)
            }
        }
        while try await queue.write({ try $0.discardParts(limit: 8) }) > 0 {}
        #expect(try await queue.read { try $0.room().fraction } < 0.6)
        try await queue.insert([SampleLetter(5_000)])
        try await queue.close()
    }

    @Test(arguments: StoreKind.allCases)
    func `after it is closed every call fails with the same code`(kind: StoreKind) async throws {
        let place = try StoreUnderTest(kind)
        let queue = try place.open()
        try await queue.close()
        await #expect(throws: StoreError(.closed, "")) { try await queue.insert([SampleLetter(1)]) }
    }
}

/// What closures of several transactions saw.
final class VersionLog: @unchecked Sendable {
    // @unchecked: the transactions run one after the other, and the test reads when they have ended.
    private(set) var values: [Int64] = []
    func add(_ value: Int64) { values.append(value) }
}

typealias NumberLog = VersionLog
