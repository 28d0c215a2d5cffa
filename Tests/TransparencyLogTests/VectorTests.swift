// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import Testing
import TestSupport
import TransparencyLog

@Suite struct LogVectorTests {
    @Test(arguments: ["key", "event", "note", "receipt", "advance", "policy"])
    func `there are vectors, valid ones among them`(folder: String) throws {
        let vectors = try Vector.all(in: "log/\(folder)")
        #expect(vectors.count >= 15)
        #expect(
            vectors.contains { ["opens", "200"].contains($0.expect) }
                && vectors.contains { !["opens", "200"].contains($0.expect) })
    }

    @Test func `every code and every status has a vector`() throws {
        let met = try Set(
            ["key", "event", "note", "receipt", "advance", "policy"].flatMap {
                try Vector.all(in: "log/\($0)").map(\.expect)
            })
        // A store that cannot be written has no bytes; two roots of one size show in the consistency proof, which has no file of its own.
        #expect(
            met.union(["503", "log.inconsistent"])
                == Set(
                    LogError.Code.allCases.map(\.rawValue) + WitnessStatus.allCases.map { String($0.rawValue) } + [
                        "opens"
                    ]))
    }

    @Test(arguments: try Vector.all(in: "log/key"))
    func `a key is answered with the code its vector expects`(vector: Vector) throws {
        let text = String(decoding: vector.bytes, as: UTF8.self)
        let answer = code {
            let key = try VerifierKey(text)
            #expect(key.text == text)
        }
        #expect(answer == vector.expect)
    }

    @Test(arguments: try Vector.all(in: "log/event"))
    func `an event is answered with the code its vector expects, and is written again byte for byte`(vector: Vector)
        throws
    {
        let answer = code {
            let event = try LogEvent(vector.bytes)
            #expect(event.bytes == vector.bytes)
        }
        #expect(answer == vector.expect)
    }

    /// The JSON of events is read by a reader of its own, for speed; what it takes, the reader of slips takes too, and never more.
    @Test func `every changed byte of an event's JSON that is still read is canonical JSON for slips too`() throws {
        let limits = JSONLimits(bytes: LogLimits.eventBytes, depth: 3, values: 5_000, stringBytes: 128)
        for vector in try Vector.all(in: "log/event") where vector.expect == "opens" && vector.bytes.count < 2_000 {
            let start = try #require(vector.bytes.firstIndex(of: 0x0A)) + 1
            for place in start..<(vector.bytes.count - 1) {
                for byte in [
                    0x00, 0x20, 0x22, 0x2C, 0x2D, 0x30, 0x39, 0x3A, 0x5B, 0x5C, 0x5D, 0x65, 0x7B, 0x7D, 0x7F, 0xC3,
                ] as [UInt8] {
                    var other = vector.bytes
                    other[place] = byte
                    guard let event = try? LogEvent(other) else { continue }
                    #expect(event.bytes == other)
                    #expect(throws: Never.self) {
                        try CanonicalJSON.read(Array(other[start..<(other.count - 1)]), limits: limits)
                    }
                }
            }
        }
    }

    @Test(arguments: try Vector.all(in: "log/note"))
    func `a note is answered with the code its vector expects, and is written again byte for byte`(vector: Vector)
        throws
    {
        let answer = code {
            let note = try SignedNote(vector.bytes)
            #expect(note.bytes == vector.bytes)
            _ = try Keys.policy().verify(note)
        }
        #expect(answer == vector.expect)
    }

    @Test(arguments: try Vector.all(in: "log/receipt"))
    func `a receipt is answered with the code its vector expects, and is written again byte for byte`(vector: Vector)
        throws
    {
        let answer = code {
            let receipt = try LogReceipt(vector.bytes)
            #expect(receipt.bytes == vector.bytes)
            _ = try receipt.verify(by: Keys.policy(), letter: Digest(of: "letter 1"), slip: Digest(of: "slip 1"))
        }
        #expect(answer == vector.expect)
    }

    @Test(arguments: try Vector.all(in: "log/advance"))
    func `a witness answers with the status its vector expects`(vector: Vector) throws {
        let record = try #require(vector.header["recorded"]).split(separator: " ")
        let recorded = TreeHead(
            size: try #require(Int64(record[0])), root: try #require(Digest(hex: String(record[1]))))
        let answer = code {
            let request = try WitnessRequest(vector.bytes, logs: [try Keys.log().key])
            #expect(request.advance.bytes == vector.bytes)
            do throws(WitnessRefusal) { try request.judge(recorded: recorded) } catch {
                #expect(error.recordedSize == (error.status == .conflict ? recorded.size : nil))
                throw error
            }
        }
        #expect((answer == "opens" ? "200" : answer) == vector.expect)
    }

    @Test(arguments: try Vector.all(in: "log/policy"))
    func `a policy is answered with the code its vector expects`(vector: Vector) throws {
        let answer = code { _ = try LogPolicy(vector.bytes) }
        #expect(answer == vector.expect)
    }

    /// Every reader, over every vector, cut, lengthened, overwritten and spliced at random: it answers, and what it takes it writes again.
    @Test(arguments: ["key", "event", "note", "receipt", "advance", "policy"])
    func `no mangled vector stops a reader`(folder: String) throws {
        var random = SeededNumbers(seed: 7)
        let vectors = try Vector.all(in: "log/\(folder)").map(\.bytes).filter { !$0.isEmpty && $0.count < 4_000 }
        for bytes in vectors {
            for _ in 0..<40 {
                var other = bytes
                let place = random.below(bytes.count)
                switch random.below(5) {
                case 0: other.removeSubrange(place...)
                case 1: other.remove(at: place)
                case 2: other.insert(UInt8(random.below(256)), at: place)
                case 3: other[place] = UInt8(random.below(256))
                default:
                    other.replaceSubrange(
                        place..., with: vectors[random.below(vectors.count)].suffix(random.below(200)))
                }
                let written: [UInt8]? =
                    switch folder {
                    case "key": (try? VerifierKey(String(decoding: other, as: UTF8.self))).map { Array($0.text.utf8) }
                    case "event": (try? LogEvent(other))?.bytes
                    case "note": (try? SignedNote(other))?.bytes
                    case "receipt": (try? LogReceipt(other))?.bytes
                    case "advance": (try? CheckpointAdvance(other))?.bytes
                    default: (try? LogPolicy(other)).map { _ in other }
                    }
                #expect(written == nil || written == other)
            }
        }
    }

    @Test func `the example of the specification has the digests that it prints`() throws {
        let file = { (folder: String, name: String) in
            try #require(try Vector.all(in: folder).first { $0.name == name }).bytes
        }
        let events = try ["valid-start-first", "valid-accepted", "valid-fetched"].map {
            try LogEvent(try file("log/event", $0))
        }
        #expect(events[1].bytes.count == 390)
        #expect(events[1].leafData.hex == "8ae65d66554c62e407217fc83bf78dcc4a08b6d7c0745da2acf42d87bd576a93")
        #expect(
            events.map(\.leafHash.hex) == [
                "cb531c2dfb0e4e93b7842d453a338f7cc8912c38677280464ce1ebd0be5bf830",
                "4b49e884de693e4a7178666817036ed3a35b1518b9bc18e6acff3d7067b67b22",
                "2d2d37402ac00af0c8cc616da795b98611a786a017c441e3311e80aec622a580",
            ])
        let tree = LeafTree(leafHashes: events.map(\.leafHash))
        #expect(tree.head.root.hex == "0a3baf45146007fe9201849a2e1388fc3f317b3d4b82cc1c8e62c4bffb6ac8e1")
        #expect(
            try Keys.log().key.text == "in.kheya.example/2026+5e629881+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4")
        #expect(
            try Keys.peer().key.text == "bd.kheya.example/witness+52e86f65+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
        )
        // Signing is deterministic: the very bytes that the other implementation made.
        let checkpoint = try Checkpoint(origin: Keys.origin, head: tree.head)
        let note = try Keys.log().sign(checkpoint).adding(
            try Keys.peer().cosign(checkpoint, at: Instant(seconds: 1_767_225_700)))
        #expect(try note.bytes == file("log/note", "valid"))
        let proof = try MerkleTree.inclusionProof(of: 1, in: 3, node: tree.node)
        #expect(try LogReceipt(event: events[1].bytes, proof: proof, note: note).bytes == file("log/receipt", "valid"))
    }
}
