// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing
import TransparencyLog

@Suite struct ReceiptTests {
    /// A log as a broker keeps it: rows that its transactions wrote.
    struct Log {
        var batch = LogBatch(origin: Keys.origin, frontier: Frontier(), lastAt: Instant(seconds: 0))
        var nodes: [TreeNode.Position: Digest] = [:]
        var events: [[UInt8]] { batch.entries.map(\.event) }

        mutating func append(
            _ content: LogEvent.Content, place: LogEvent.Place? = nil, at seconds: Int64 = 1_767_225_600
        ) -> Digest {
            let entry = batch.append(content, place: place, now: Instant(seconds: seconds)) {
                EventSalt.ofCase(key: Array(repeating: 7, count: 32), origin: Keys.origin, index: $0)
            }
            for node in entry.nodes { nodes[node.position] = node.hash }
            return entry.leafHash
        }

        func node(_ position: TreeNode.Position) throws -> Digest {
            guard let hash = nodes[position] else { throw LogError(.malformed, "not stored") }
            return hash
        }

        func note() throws -> SignedNote {
            let checkpoint = try Checkpoint(origin: Keys.origin, head: batch.frontier.head)
            return try Keys.log().sign(checkpoint).adding(
                Keys.peer().cosign(checkpoint, at: Instant(seconds: 1_767_300_000)))
        }

        func receipt(_ index: Int) throws -> LogReceipt {
            LogReceipt(
                event: events[index],
                proof: try MerkleTree.inclusionProof(of: Int64(index), in: batch.frontier.size, node: node),
                note: try note())
        }
    }

    static func log(letters: Int) throws -> Log {
        var log = Log()
        _ = log.append(.start(before: nil))
        var previous: Digest?
        let caseID = try #require(CaseID("00000000000000000000000000000007"))
        for number in 0..<letters {
            let place = LogEvent.Place(caseID: caseID, number: Int64(number), previous: previous)
            previous = log.append(
                .accepted(
                    letter: Digest(of: "letter \(number)"), slip: Digest(of: "slip \(number)"), verdict: .admitted),
                place: place)
        }
        return log
    }

    @Test func `the time of a log never falls, whatever the clock does`() throws {
        var log = Log()
        for seconds in [100, 200, 150, 0, 201] as [Int64] { _ = log.append(.start(before: nil), at: seconds) }
        #expect(try log.events.map { try LogEvent($0).at.seconds } == [100, 200, 200, 200, 201])
        #expect(log.batch.at == Instant(seconds: 201))
    }

    @Test func `what a batch gives is what the read-back finds`() throws {
        let log = try Self.log(letters: 20)
        let leaves = try log.batch.entries.map { entry in
            let event = try LogEvent(entry.event)
            #expect(event.leafData == entry.leafData && event.leafHash == entry.leafHash)
            return event.leafData
        }
        #expect(try Frontier().reaching(log.batch.frontier.head, with: leaves) == log.batch.frontier)
    }

    @Test func `every letter of a log of any size gets a receipt that its sender verifies`() throws {
        let policy = try Keys.policy()
        for letters in [1, 2, 3, 7, 8, 20] {
            let log = try Self.log(letters: letters)
            for number in 0..<letters {
                let receipt = try LogReceipt(log.receipt(number + 1).bytes)
                let proven = try receipt.verify(
                    by: policy, letter: Digest(of: "letter \(number)"), slip: Digest(of: "slip \(number)"))
                #expect(
                    proven.index == Int64(number + 1) && proven.checkpoint.isQuorate
                        && proven.event.place?.number == Int64(number))
            }
        }
    }

    @Test func `a receipt is of one letter and one signature, not of its neighbour's`() throws {
        let policy = try Keys.policy()
        let receipt = try Self.log(letters: 5).receipt(3)
        for (letter, slip) in [("letter 3", "slip 2"), ("letter 2", "slip 3"), ("letter 1", "slip 1")] {
            #expect(
                code { _ = try receipt.verify(by: policy, letter: Digest(of: letter), slip: Digest(of: slip)) }
                    == "log.binding")
        }
        #expect(
            code { _ = try receipt.verify(by: policy, letter: Digest(of: "letter 2"), slip: Digest(of: "slip 2")) }
                == "opens")
        #expect(
            code {
                _ = try Self.log(letters: 5).receipt(0).verify(
                    by: policy, letter: Digest(of: "letter 2"), slip: Digest(of: "slip 2"))
            } == "log.binding")
    }

    @Test func `no flipped bit of a receipt leaves it proven and witnessed`() throws {
        let policy = try Keys.policy()
        let bytes = try Self.log(letters: 6).receipt(3).bytes
        let (letter, slip) = (Digest(of: "letter 2"), Digest(of: "slip 2"))
        #expect(try LogReceipt(bytes).verify(by: policy, letter: letter, slip: slip).checkpoint.isQuorate)
        for place in bytes.indices {
            for bit in 0..<8 {
                var other = bytes
                other[place] ^= 1 << bit
                let proven = try? LogReceipt(other).verify(by: policy, letter: letter, slip: slip)
                #expect(proven?.checkpoint.isQuorate != true)
            }
        }
    }

    @Test func `no flipped bit of an event leaves its leaf`() throws {
        let event = try LogEvent(Self.log(letters: 1).events[1])
        for place in event.bytes.indices {
            for bit in 0..<8 {
                var other = event.bytes
                other[place] ^= 1 << bit
                #expect((try? LogEvent(other).leafHash) != event.leafHash)
            }
        }
    }

    @Test func `an event has no field for a name`() throws {
        for text in ["Rahima Khatun", "রহিমা", "+8801712345678", "rahima@example.org"] {
            let bytes = LogEvent(
                salt: Digest(of: "salt"), origin: Keys.origin, at: Instant(seconds: 1),
                place: .init(
                    caseID: try #require(CaseID("00000000000000000000000000000007")), number: 0, previous: nil),
                content: .refused(letter: Digest(of: "a"), slip: Digest(of: "b"), code: text, refusal: Digest(of: "c"))
            ).bytes
            #expect(code { _ = try LogEvent(bytes) } == "log.malformed")
        }
    }

    @Test func `salts of one case differ from leaf to leaf and log to log, and come from its key alone`() {
        let key = Array(repeating: UInt8(7), count: 32)
        let salts = [
            EventSalt.ofCase(key: key, origin: Keys.origin, index: 1),
            EventSalt.ofCase(key: key, origin: Keys.origin, index: 2),
            EventSalt.ofCase(key: key, origin: "in.kheya.example/2027", index: 1),
            EventSalt.ofCase(key: Array(repeating: 8, count: 32), origin: Keys.origin, index: 1),
        ]
        #expect(Set(salts).count == salts.count)
        #expect(EventSalt.ofCase(key: key, origin: Keys.origin, index: 1) == salts[0])
    }

    @Test func `a receipt, a step and a policy may be as long as their limits, and no byte longer`() throws {
        let note = try Self.log(letters: 1).note()
        let proof = InclusionProof(index: 0, hashes: [])
        func receipt(_ count: Int) -> [UInt8] {
            LogReceipt(event: Array(repeating: 1, count: count), proof: proof, note: note).bytes
        }
        let empty = receipt(0).count
        let room = (LogLimits.receiptBytes - empty) / 4 * 3
        #expect(try LogReceipt(receipt(room)).event.count == room)
        #expect(code { _ = try LogReceipt(receipt(room + 3)) } == "log.malformed")
        #expect(code { _ = try LogEvent(Array(repeating: 0x61, count: LogLimits.eventBytes + 1)) } == "log.malformed")
        #expect(
            code { _ = try CheckpointAdvance(Array(repeating: 0x61, count: LogLimits.advanceBytes + 1)) }
                == "log.malformed")
        let policy = Array(Keys.policyText.utf8)
        let comment = [UInt8](repeating: 0x23, count: LogLimits.policyBytes - policy.count)
        #expect(code { _ = try LogPolicy(policy + comment) } == "opens")
        #expect(code { _ = try LogPolicy(policy + comment + [0x23]) } == "log.malformed")
    }
}
