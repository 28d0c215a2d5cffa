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

/// What must hold of the transparency logs whenever processes were killed, with everything stopped.
extension CrashHarness {
    /// Leaves, tree, lock and queue agree at both brokers, and no node holds a receipt whose leaf is absent.
    func checkLogs() throws {
        var logs: [String: [StoredLeaf]] = [:]
        for broker in ["in-broker", "bd-broker"] {
            let path = world.path("\(broker)/broker.sqlite")
            let (log, leaves) = try SQLiteLetterQueue.inspect(path: path) { reading in
                let log = try #require(reading.logs().last)
                return (log, try reading.leaves(of: log.origin, from: 0, count: .max))
            }
            var tree = LeafTree()
            for leaf in leaves {
                let event = try #require(leaf.event, "\(broker): leaf \(leaf.index) has no event")
                #expect(Self.digest(event) == leaf.data, "\(broker): leaf \(leaf.index)")
                tree.append(leafHash: MerkleHash.leaf(leaf.data))
            }
            #expect(tree.head == log.head, "\(broker): the leaves give the stored root")
            // What the lock has was signed: it is the tree, or what the tree began with.
            let lockPath = "\(path).lock-\(log.origin.replacing("/", with: "_"))"
            let locked = try Checkpoint(text: #require(LogLockFile(path: lockPath)?.note).text).head
            #expect(locked.size <= tree.head.size)
            #expect(try MerkleTree.head(size: locked.size, node: tree.node) == locked, "\(broker): the lock")
            let lost = try Program.run(
                ["-readonly", path, "SELECT count(*) FROM letter WHERE stored = 1 AND leaf IS NULL"],
                program: "/usr/bin/sqlite3")
            #expect(lost.output == "0\n", "\(broker): a letter that was answered without its leaf")
            logs[log.origin] = leaves
        }
        var receipts = 0
        for node in ["shelter", "ngo"] {
            let rows = try Program.run(
                [
                    "-readonly", world.path("\(node)/node.sqlite"),
                    "SELECT hex(letter) || ' ' || hex(relayed) FROM outbox WHERE relayed IS NOT NULL",
                ], program: "/usr/bin/sqlite3")
            for row in rows.output.split(separator: "\n") {
                let words = row.split(separator: " ")
                let receipt = try LogReceipt(Self.bytes(hex: words[1]))
                let event = try LogEvent(receipt.event)
                let leaves = try #require(logs[event.origin])
                let index = Int(receipt.proof.index)
                #expect(
                    index < leaves.count && leaves[index].event == receipt.event, "\(node): a receipt without its leaf")
                receipts += 1
            }
        }
        #expect(receipts > 0)
        print("crash: \(logs.values.map(\.count)) leaves, \(receipts) receipts, each with its leaf")
    }

    private static func digest(_ bytes: [UInt8]) -> Digest { Digest(words: SHA256.words(of: bytes)) }

    private static func bytes(hex: Substring) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index..<(index + 2)], as: UTF8.self), radix: 16)
        }
    }
}
