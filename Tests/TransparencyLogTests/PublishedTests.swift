// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Procedure
import Testing
import TransparencyLog

/// Test vectors of other projects: values only, in `Protocols/Vectors/log/public`, each with its source.
@Suite struct PublishedVectorTests {
    @Test func `the eight reference leaves give the published nodes and roots`() throws {
        let merkle = try published("merkle")
        let leaves = try #require(merkle["leaves"] as? [String])
        let levels = try #require(merkle["levels"] as? [[String]])
        let roots = try #require(merkle["roots"] as? [String])
        var tree = LeafTree()
        #expect(tree.head.root.hex == roots[0])
        for (index, leaf) in leaves.enumerated() {
            tree.append(leafHash: MerkleHash.leaf(try bytes(hex: leaf)))
            #expect(tree.head.root.hex == roots[index + 1])
        }
        for (level, nodes) in levels.enumerated() {
            for (index, node) in nodes.enumerated() {
                #expect(try tree.node(.init(level: level, index: Int64(index))).hex == node)
            }
        }
        #expect(leaves.count == 8 && roots.count == 9 && levels.flatMap(\.self).count == 15)
    }

    @Test func `published inclusion proofs are accepted or refused as published`() throws {
        let cases = try #require(try published("merkle")["inclusion"] as? [[String: Any]])
        #expect(cases.count == 98)
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let verdict = code {
                // Numbers beyond 2^53 and hashes that are not 32 bytes never reach a proof here.
                let number = { (key: String) in try Self.number(entry[key]) }
                let proof = InclusionProof(index: try number("index"), hashes: try Self.hashes(entry["proof"]))
                try proof.verify(
                    leafHash: try Self.hash(entry["leaf"]),
                    in: TreeHead(size: try number("size"), root: try Self.hash(entry["root"])))
            }
            #expect((verdict != "opens") == (entry["refused"] as? Bool), "\(name)")
        }
    }

    @Test func `published consistency proofs are accepted or refused as published`() throws {
        let cases = try #require(try published("merkle")["consistency"] as? [[String: Any]])
        #expect(cases.count == 98)
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let verdict = code {
                let number = { (key: String) in try Self.number(entry[key]) }
                try ConsistencyProof(hashes: try Self.hashes(entry["proof"])).verify(
                    from: TreeHead(size: try number("old"), root: try Self.hash(entry["oldRoot"])),
                    to: TreeHead(size: try number("new"), root: try Self.hash(entry["newRoot"])))
            }
            // One good case has roots that are not 32 bytes long: refused here on purpose.
            let isOurs = name == "additional/sizes-are-equal-one-and-proof-is-empty"
            #expect((verdict != "opens") == (isOurs ? true : entry["refused"] as? Bool), "\(name)")
        }
    }

    @Test func `published keys are read or refused as published`() throws {
        let keys = try #require(try published("notes")["keys"] as? [String: Any])
        for key in try #require(keys["good"] as? [String]) { #expect(try VerifierKey(key).text == key) }
        for key in try #require(keys["bad"] as? [String]) {
            #expect(code { _ = try VerifierKey(key) } == "log.malformed", "\(key)")
        }
    }

    @Test func `no mangled key is read`() throws {
        let key = Array("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".utf8)
        for start in 0..<key.count {
            for end in (start + 1)...key.count where start > 0 || end < key.count {
                #expect(throws: LogError.self) { try VerifierKey(String(decoding: key[start..<end], as: UTF8.self)) }
            }
            var other = key
            other[start] += 1
            #expect(throws: LogError.self) { try VerifierKey(String(decoding: other, as: UTF8.self)) }
        }
    }

    @Test func `published notes have the signatures that are published`() throws {
        let notes = try #require(try published("notes")["notes"] as? [String: Any])
        for entry in try #require(notes["cases"] as? [[String: Any]]) {
            let keys = try #require(entry["keys"] as? [String]).map { try VerifierKey($0) }
            let text = try #require(entry["note"] as? String)
            var count = 0
            let verdict = code { count = try SignedNote(Array(text.utf8)).verify(by: keys).count }
            let expected = try #require(entry["expect"] as? Int)
            #expect(
                verdict == (expected == -1 ? "log.signature-invalid" : expected == -2 ? "log.malformed" : "opens"),
                "\(entry["name"] ?? "")")
            #expect(count == max(expected, 0), "\(entry["name"] ?? "")")
        }
    }

    @Test func `a published log verifies at each of its sizes, and each two are consistent`() throws {
        let log = try #require(try published("notes")["log"] as? [String: Any])
        let key = try #require(log["key"] as? String)
        let policy = try LogPolicy(Array("log \(key)\nquorum none\n".utf8))
        let leaves = try #require(log["leaves"] as? [String])
        let tree = LeafTree(leafHashes: leaves.map { MerkleHash.leaf(Array($0.utf8)) })
        var heads: [TreeHead] = []
        for (size, text) in try #require(log["checkpoints"] as? [String]).enumerated() {
            let note = try SignedNote(Array(text.utf8))
            let verified = try policy.verify(note)
            #expect(note.bytes == Array(text.utf8) && verified.isQuorate && verified.quorumTime == nil)
            #expect(try verified.checkpoint.head == MerkleTree.head(size: Int64(size), node: tree.node))
            for old in heads where old.size > 0 {
                let proof = try MerkleTree.consistencyProof(from: old.size, to: Int64(size), node: tree.node)
                let advance = CheckpointAdvance(oldSize: old.size, proof: proof, note: note)
                #expect(try CheckpointAdvance(advance.bytes).verify(by: policy, from: old) == verified)
            }
            heads.append(verified.checkpoint.head)
        }
        #expect(heads.count == 16)
    }

    @Test func `a published cosignature verifies, over a tree of more than one tile`() throws {
        let cosigned = try #require(try published("notes")["cosigned"] as? [String: Any])
        let key = try VerifierKey(try #require(cosigned["key"] as? String))
        let note = try SignedNote(Array(try #require(cosigned["note"] as? String).utf8))
        let signatures = try note.verify(by: [key])
        #expect(signatures.count == 1 && signatures[0].time == Instant(seconds: 1_767_139_200))
        let hashes = try #require(cosigned["leafHashes"] as? [String]).map { try #require(Digest(hex: $0)) }
        #expect(try Checkpoint(text: note.text).head == LeafTree(leafHashes: hashes).head)
        // Nobody else's: the same line does not stand for another name.
        let other = try VerifierKey(name: "other.example.org", use: .witness, publicKey: key.publicKey)
        #expect(try note.verify(by: [other]).isEmpty)
    }

    @Test func `a published cosignature has the time that is published`() throws {
        let entry = try #require(try published("notes")["cosignatureTime"] as? [String: Any])
        let line = try SignatureLine.list(Array("— x \(try #require(entry["signature"] as? String))\n".utf8))
        let seconds = line[0].signature.prefix(8).reduce(0) { $0 << 8 | Int($1) }
        #expect(seconds == entry["time"] as? Int)
    }

    @Test func `a published exchange with a witness is answered as published`() throws {
        let witness = try #require(try published("notes")["witness"] as? [String: Any])
        let requests = try #require(witness["requests"] as? [[String: Any]])
        #expect(requests.count == 9)
        let first = try CheckpointAdvance(Array(try #require(requests[0]["body"] as? String).utf8))
        let log = try VerifierKey(
            name: try Checkpoint(text: first.note.text).origin, use: .log,
            publicKey: try bytes(hex: try #require(witness["publicKey"] as? String)))
        var recorded = TreeHead.empty
        for entry in requests {
            var refusal: WitnessRefusal?
            // One bad signature ends in base64 that has unused bits set. Here such a line is malformed; with these bits cleared it is bad.
            let body = try #require(entry["body"] as? String)
            if body.contains("6gx=") {
                #expect(code { _ = try WitnessRequest(Array(body.utf8), logs: [log]) } == "400")
            }
            do throws(WitnessRefusal) {
                let request = try WitnessRequest(Array(body.replacing("6gx=", with: "6gw=").utf8), logs: [log])
                try request.judge(recorded: recorded)
                recorded = request.checkpoint.head
            } catch {
                refusal = error
            }
            let published = try #require(entry["status"] as? Int)
            let answer = try #require(entry["answer"] as? String)
            let isUnknownLog = answer.contains("unknown log")
            #expect(refusal?.status.rawValue ?? 200 == (isUnknownLog ? 404 : published))
            if published == 409 {
                let body = try #require(refusal?.body)
                #expect(answer == "body == \"\(String(decoding: body.dropLast(), as: UTF8.self))\\n\"")
                #expect(try WitnessAnswer(status: 409, body: body) == .conflict(recordedSize: recorded.size))
            }
        }
        #expect(recorded.size == 5)
    }

    @Test func `published Ed25519 signatures are valid or not as published`() throws {
        let cases = try #require(try published("ed25519")["cases"] as? [[Any]])
        #expect(cases.count == 151)
        for entry in cases {
            let hex = try entry[1...3].map { try bytes(hex: try #require($0 as? String)) }
            let key = try Ed25519PublicKey(bytes: hex[0])
            #expect(key.isValid(signature: hex[2], over: hex[1]) == entry[4] as? Bool, "\(entry[0])")
        }
    }

    private static func number(_ value: Any?) throws -> Int64 {
        guard let text = value as? String, let number = Int64(text), (0...LogLimits.treeSize).contains(number) else {
            throw LogError(.malformed, "not a number")
        }
        return number
    }

    private static func hash(_ value: Any?) throws -> Digest {
        guard let text = value as? String, let bytes = Base64.decode(text), let digest = Digest(bytes) else {
            throw LogError(.malformed, "not a hash")
        }
        return digest
    }

    private static func hashes(_ value: Any?) throws -> [Digest] { try (value as? [Any] ?? []).map { try hash($0) } }

    private func bytes(hex: String) throws -> [UInt8] {
        let digits = Array(hex.utf8)
        return try stride(from: 0, to: digits.count, by: 2).map {
            try #require(UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16))
        }
    }
}
