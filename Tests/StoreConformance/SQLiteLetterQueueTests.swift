// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import Testing

/// What only the SQLite store promises.
@Suite struct SQLiteLetterQueueTests {
    @Test func `a store on a file system that a power cut empties is refused by name`() throws {
        let folder = "/dev/shm/kheya-\(UInt64.random(in: 0 ... .max))"
        try #require(FileManager.default.fileExists(atPath: "/dev/shm"))
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let signer = try StoreUnderTest.signer()
        #expect(throws: StoreError(.unsafeSettings, "")) {
            _ = try SQLiteLetterQueue(path: folder + "/broker.sqlite", signer: signer)
        }
        // The control: the same folder opens when it is asked for.
        _ = try SQLiteLetterQueue(
            path: folder + "/broker.sqlite", signer: signer, settings: SQLiteSettings(allowsVolatile: true))
    }

    @Test func `a file that is no store is refused and stays as it is`() throws {
        let place = try StoreUnderTest(.sqlite)
        let bytes = Data("this is a letter to nobody, and it is long enough to be taken for a page".utf8)
        try bytes.write(to: URL(fileURLWithPath: place.path))
        #expect(throws: StoreError(.unreadable, "")) { _ = try place.open() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: place.path)) == bytes)
    }

    @Test func `the file can be read by nobody else`() async throws {
        let place = try StoreUnderTest(.sqlite)
        let queue = try place.open()
        try await queue.insert([SampleLetter(1)])
        for name in ["broker.sqlite", "broker.sqlite-wal", "broker.sqlite.lock"] {
            let mode = try FileManager.default.attributesOfItem(atPath: place.folder.appendingPathComponent(name).path)[
                .posixPermissions]
            #expect(mode as? Int == 0o600, "\(name)")
        }
        try await queue.close()
    }

    @Test func `what was deleted is not in the files any more`() async throws {
        let place = try StoreUnderTest(.sqlite)
        let queue = try place.open()
        let marker = Array("MARKER-OF-A-PART-THAT-IS-GONE".utf8)
        let digest = SampleLetter.digest(90)
        try await queue.write { transaction in
            try transaction.insert(SampleLetter(1))
            try transaction.need(
                [NeededPart(digest: digest, recipient: SampleLetter.nodi)], for: SampleLetter.digest(1))
            try transaction.storePart(
                digest, bytes: Array(repeating: 0, count: 10_000) + marker, chargedTo: SampleLetter.asha)
        }
        #expect(try place.contains(marker), "the marker was never there: the test shows nothing")
        try await queue.write { transaction in
            var record = SampleLetter(1).record
            record.status = .done
            try transaction.update(record)
            _ = try transaction.discardParts(limit: 10)
        }
        try await queue.close()
        #expect(try !place.contains(marker))
    }
}

extension StoreUnderTest {
    func contains(_ marker: [UInt8]) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).contains { name in
            try Data(contentsOf: folder.appendingPathComponent(name)).range(of: Data(marker)) != nil
        }
    }
}
