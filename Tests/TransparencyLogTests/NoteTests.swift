// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import Testing
import TestSupport
import TransparencyLog

@Suite struct NoteTests {
    static let head = LeafTree(leafHashes: NaiveTree(count: 7).leaves).head

    static func note(at time: Int64 = 1_767_225_700) throws -> SignedNote {
        let checkpoint = try Checkpoint(origin: Keys.origin, head: head)
        return try Keys.log().sign(checkpoint).adding(Keys.peer().cosign(checkpoint, at: Instant(seconds: time)))
    }

    @Test func `no flipped bit of a note leaves it signed and witnessed`() throws {
        let policy = try Keys.policy()
        let bytes = try Self.note().bytes
        #expect(try policy.verify(SignedNote(bytes)).isQuorate)
        for place in bytes.indices {
            for bit in 0..<8 {
                var other = bytes
                other[place] ^= 1 << bit
                // In the witness' name or key id a flip makes an unknown key of it, and the quorum is missed.
                let verified = try? policy.verify(SignedNote(other))
                #expect(verified?.isQuorate != true)
            }
        }
    }

    @Test func `no cut or lengthened note is read as the whole one`() throws {
        let policy = try Keys.policy()
        let bytes = try Self.note().bytes
        for count in bytes.indices {
            #expect((try? policy.verify(SignedNote(Array(bytes.prefix(count)))).isQuorate) != true)
        }
        for byte in UInt8.min...UInt8.max { #expect(throws: LogError.self) { try SignedNote(bytes + [byte]) } }
    }

    @Test func `the same checkpoint gets the same note again, so a crash after signing leaves one`() throws {
        let checkpoint = try Checkpoint(origin: Keys.origin, head: Self.head)
        #expect(try Keys.log().sign(checkpoint).bytes == Keys.log().sign(checkpoint).bytes)
    }

    @Test func `a log's key signs its own checkpoints alone`() throws {
        let other = try Checkpoint(origin: "bd.kheya.example/2026", head: Self.head)
        #expect(code { _ = try Keys.log().sign(other) } == "log.binding")
    }

    @Test func `two names that Unicode takes for one are two names`() throws {
        let signer = try WitnessSigner(name: "K.example/witness", seed: Array(0..<32))
        let checkpoint = try Checkpoint(origin: Keys.origin, head: Self.head)
        let note = try Keys.log().sign(checkpoint).adding(signer.cosign(checkpoint, at: Instant(seconds: 100)))
        #expect(try note.verify(by: [signer.key]).count == 1)
        let alike = String(decoding: note.bytes, as: UTF8.self).replacing("K.example", with: "\u{212A}.example")
        #expect(alike == String(decoding: note.bytes, as: UTF8.self))
        #expect(try SignedNote(Array(alike.utf8)).verify(by: [signer.key]).isEmpty)
    }

    @Test func `a witness that has the name of a log is still no log`() throws {
        let origin = "bd.kheya.example/2026"
        let named = try WitnessSigner(name: origin, seed: Array(96..<128))
        let lines = "log \(try Keys.log().key.text)\nwitness w \(named.key.text)\nquorum w\n"
        let checkpoint = try Checkpoint(origin: origin, head: Self.head)
        let line = try named.cosign(checkpoint, at: Instant(seconds: 100))
        let note = try SignedNote(checkpoint.text + [0x0A] + line.bytes)
        #expect(code { _ = try LogPolicy(Array(lines.utf8)).verify(note) } == "log.unsigned")
    }

    @Test func `the last empty line ends the text, so nobody can put signatures into it`() throws {
        let inner = try Self.note().bytes
        let note = try SignedNote(inner + Array("\n— x AAAAAAA=\n".utf8))
        #expect(note.text == inner && note.signatures.count == 1)
    }

    @Test func `a newer cosignature takes the place of the older one, another witness' is added`() throws {
        let checkpoint = try Checkpoint(origin: Keys.origin, head: Self.head)
        var note = try Self.note(at: 100)
        note = try note.adding(Keys.peer().cosign(checkpoint, at: Instant(seconds: 200)))
        #expect(note.signatures.count == 2)
        #expect(try Keys.policy().verify(note).quorumTime == Instant(seconds: 200))
        note = try note.adding(Keys.third().cosign(checkpoint, at: Instant(seconds: 300)))
        #expect(note.signatures.count == 3)
        // A witness nobody knows counts for nothing.
        #expect(try Keys.policy().verify(note).quorumTime == Instant(seconds: 200))
    }

    @Test func `of several cosigners the time is the earliest that the quorum needs`() throws {
        let lines = Keys.policyText.split(separator: "\n").dropLast().joined(separator: "\n")
        let third = "\nwitness third \(try Keys.third().key.text)\n"
        let checkpoint = try Checkpoint(origin: Keys.origin, head: Self.head)
        let note = try Self.note(at: 100).adding(Keys.third().cosign(checkpoint, at: Instant(seconds: 300)))
        for (group, time) in [("all", 100), ("any", 300), ("1", 300), ("2", 100)] {
            let policy = try LogPolicy(Array((lines + third + "group q \(group) peer third\nquorum q\n").utf8))
            let verified = try policy.verify(note)
            #expect(verified.isQuorate && verified.quorumTime == Instant(seconds: Int64(time)), "\(group)")
            #expect(try policy.verify(Self.note()).isQuorate == (group == "any" || group == "1"))
        }
    }

    @Test func `a checkpoint without quorum verifies and says so`() throws {
        let verified = try Keys.policy().verify(Keys.log().sign(Checkpoint(origin: Keys.origin, head: Self.head)))
        #expect(!verified.isQuorate && verified.quorumTime == nil && verified.cosigned.isEmpty)
        #expect(verified.checkpoint.seen == SeenCheckpoint(origin: Keys.origin, size: 7, root: Self.head.root))
    }

    @Test func `a note may be as long as its limit, and no byte longer`() throws {
        let checkpoint = try Checkpoint(origin: Keys.origin, head: Self.head)
        let signed = try Keys.log().sign(checkpoint).bytes
        // A line of `— x ` and base64 of a multiple of three bytes: lengths a line can have are four apart.
        func padded(to count: Int) -> [UInt8] {
            let room = count - signed.count - Array("— x \n".utf8).count
            return signed + Array("— x \(String(repeating: "A", count: room))\n".utf8)
        }
        let fits = (0..<4).map { LogLimits.noteBytes - $0 }.first { ($0 - signed.count - 7) % 4 == 0 }
        let count = try #require(fits)
        #expect(try SignedNote(padded(to: count)).signatures.count == 2)
        #expect(code { _ = try SignedNote(padded(to: count + 4)) } == "log.malformed")
    }

    @Test func `the stock openssl command verifies what log and witness signed`() throws {
        let stock = try StockCommand()
        let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
        let note = try Self.note()
        let (log, peer) = (try Keys.log().key, try Keys.peer().key)
        try stock.write(prefix + log.publicKey, "log.der")
        try stock.write(prefix + peer.publicKey, "peer.der")
        try stock.write(note.text, "text")
        try stock.write(note.signatures[0].signature, "log.sig")
        try stock.write(Array("cosignature/v1\ntime 1767225700\n".utf8) + note.text, "cosigned")
        try stock.write(Array(note.signatures[1].signature.dropFirst(8)), "peer.sig")
        func verify(_ key: String, _ signature: String, _ file: String) throws -> Bool {
            try stock.run("pkeyutl -verify -pubin -keyform DER -inkey \(key) -rawin -in \(file) -sigfile \(signature)")
                .status == 0
        }
        #expect(try verify("log.der", "log.sig", "text"))
        #expect(try verify("peer.der", "peer.sig", "cosigned"))
        #expect(try !verify("peer.der", "peer.sig", "text"))
        #expect(try !verify("log.der", "peer.sig", "cosigned"))
    }
}
