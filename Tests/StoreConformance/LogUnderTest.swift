// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import TestSupport
import Testing
import TransparencyLog

/// What the tests of the log do to a store, from outside.
extension StoreUnderTest {
    static let origin = "in.kheya.example/2027"

    var policy: LogPolicy {
        get throws { try LogPolicy(Array("log \(Self.signer().key.text)\nquorum none\n".utf8)) }
    }

    /// Two cases by turns.
    func caseID(_ number: Int) -> CaseID {
        number % 2 == 0 ? SampleLetter.caseA : CaseID("f00102030405060708090a0b0c0d0e0f") ?? SampleLetter.caseA
    }

    func event(_ number: Int) -> LogEvent.Content {
        .accepted(letter: SampleLetter.digest(number), slip: SampleLetter.digest(1), verdict: .admitted)
    }

    /// Logs events of two cases, each in a transaction of its own.
    @discardableResult
    func log(_ count: Int, in queue: any LetterQueue) async throws -> [Int64] {
        let bodies = (0..<count).map { number in
            { @Sendable (store: any LetterTransaction) throws -> Int64 in
                try store.log(self.event(number), in: self.caseID(number), at: LogTests.now)
            }
        }
        return try await queue.write(all: bodies).map { try $0.get() }
    }

    /// The whole invariant: the leaves are as many as they should be, each is that of its event, and they and the nodes give the root that
    /// is stored, signed and locked.
    func verifyWholeLog(_ queue: any LetterQueue, size: Int) async throws {
        let (log, leaves) = try await queue.read { reading in
            (try #require(reading.logs().last), try reading.leaves(of: Self.origin, from: 0, count: .max))
        }
        var tree = LeafTree()
        for (index, leaf) in zip(0..., leaves) {
            #expect(leaf.index == Int64(index))
            if let event = leaf.event { #expect(Digest(words: SHA256.words(of: event)) == leaf.data) }
            tree.append(leafHash: MerkleHash.leaf(leaf.data))
        }
        #expect(leaves.count == size && log.head == tree.head)
        let note = try #require(queue.checkpoint)
        #expect(try policy.verify(note).checkpoint.head == tree.head)
        #expect(try LogLockFile(path: lockPath)?.note == note)
    }

    func halt(_ queue: any LetterQueue) -> String? { (queue as? SQLiteLetterQueue)?.halt?.reason }

    // MARK: Files

    var lockPath: String { path + ".lock-in.kheya.example_2027" }
    func lock() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: lockPath)) }
    func setLock(_ bytes: Data) throws { try bytes.write(to: URL(fileURLWithPath: lockPath)) }

    /// What a backup takes: the store, not its lock.
    func copyStore() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in ["", "-wal", ".keys", ".keys-wal"] {
            files[name] = FileManager.default.contents(atPath: path + name)
        }
        return files
    }

    func restoreStore(_ files: [String: Data]) throws {
        for name in ["", "-wal", "-shm", ".keys", ".keys-wal", ".keys-shm"] {
            try? FileManager.default.removeItem(atPath: path + name)
        }
        for (name, bytes) in files { try bytes.write(to: URL(fileURLWithPath: path + name)) }
    }

    /// Changes the file as somebody does who owns the disk.
    func alter(_ change: String) throws {
        let triggers = ["log_shrinks", "log_goes", "log_leaf_changes", "log_leaf_goes"]
        try sql(triggers.map { "DROP TRIGGER IF EXISTS \($0);" }.joined() + change)
    }

    @discardableResult
    func sql(_ statements: String, file: String? = nil) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        process.arguments = ["-bail", "-cmd", ".timeout 5000", file ?? path, statements]
        process.standardError = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw SampleError() }
        return String(decoding: said, as: UTF8.self)
    }
}
