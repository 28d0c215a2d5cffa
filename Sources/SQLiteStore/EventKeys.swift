// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
import Foundation
internal import GRDB
internal import Letters
internal import Procedure
import Synchronization

/// The case event keys, in a small database of their own that is in no backup: whoever deletes a row of it has erased what the log says of
/// that case, on this disk and in every copy of the store. Protocols/Log.md §3.1, "Salt".
final class EventKeys: Sendable {
    private struct State {
        var known: [CaseID: [UInt8]] = [:]
        /// Made, and not durable yet.
        var new: [CaseID: [UInt8]] = [:]
    }

    /// Cases whose keys are kept in memory; beyond it all are read anew.
    private static let remembered = 16_384
    private let database: DatabaseQueue
    private let state = Mutex(State())

    /// - Parameter isReadOnly: beside the process that writes.
    init(path: String, isReadOnly: Bool = false) throws {
        var configuration = Configuration()
        configuration.label = "kheya.event-keys"
        configuration.readonly = isReadOnly
        configuration.busyMode = .timeout(5)
        if !isReadOnly { try SQLiteConnection.touch(path) }
        database = try DatabaseQueue(path: path, configuration: configuration)
        guard !isReadOnly else { return }
        try database.writeWithoutTransaction { db in
            try db.execute(
                sql: """
                    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
                    CREATE TABLE IF NOT EXISTS event_key (case_id TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT, WITHOUT ROWID;
                    """)
        }
    }

    /// - Returns: `nil` for a case that has none, or has none any more.
    func key(of caseID: CaseID) throws -> [UInt8]? {
        if let key = state.withLock({ $0.known[caseID] ?? $0.new[caseID] }) { return key }
        let stored = try database.read { db in
            try Data.fetchOne(
                db.cachedStatement(sql: "SELECT key FROM event_key WHERE case_id = ?"), arguments: [caseID.text])
        }
        guard let stored else { return nil }
        let key = [UInt8](stored)
        remember([caseID: key])
        return key
    }

    /// The key of a case, a new one if it has none; ``flush()`` makes that durable.
    func need(_ caseID: CaseID) throws -> [UInt8] {
        try key(of: caseID) ?? begin(caseID)
    }

    /// The key of a case that has no event yet. One that a crash left without event is replaced, so nothing has to be looked up.
    func begin(_ caseID: CaseID) -> [UInt8] {
        state.withLock { state in
            let key = state.new[caseID] ?? SecureRandom.bytes(32)
            state.new[caseID] = key
            return key
        }
    }

    /// Makes new keys durable, under one sync: before the transaction that needs them is. A crash in between leaves keys of no event.
    func flush() throws {
        let new = state.withLock(\.new)
        guard !new.isEmpty else { return }
        try database.write { db in
            for (caseID, key) in new {
                try db.cachedStatement(sql: "INSERT OR REPLACE INTO event_key VALUES (?, ?)")
                    .execute(arguments: [caseID.text, Data(key)])
            }
        }
        remember(new)
        state.withLock { state in for caseID in new.keys { state.new[caseID] = nil } }
    }

    /// Deletes keys, from the file and the log beside it. Deleting one again changes nothing.
    func destroy(_ cases: [CaseID]) throws {
        state.withLock { state in for caseID in cases { state.known[caseID] = nil } }
        try database.write { db in
            for caseID in cases {
                try db.execute(sql: "DELETE FROM event_key WHERE case_id = ?", arguments: [caseID.text])
            }
        }
        try database.writeWithoutTransaction { db in try SQLiteTransaction.emptyLog(db) }
    }

    func close() throws { try database.close() }

    private func remember(_ keys: [CaseID: [UInt8]]) {
        state.withLock { state in
            if state.known.count + keys.count > Self.remembered { state.known = [:] }
            state.known.merge(keys) { $1 }
        }
    }

    // MARK: - Texts

    /// The event's file as it is kept: AES-256-GCM under a key that comes from the case event key.
    static func seal(_ event: [UInt8], key: [UInt8], leaf: Int64) throws -> [UInt8] {
        try AESGCM.seal(event, key: textKey(key), associatedData: Array("leaf \(leaf)".utf8))
    }

    static func open(_ text: [UInt8], key: [UInt8], leaf: Int64) throws -> [UInt8] {
        try AESGCM.open(text, key: textKey(key), associatedData: Array("leaf \(leaf)".utf8))
    }

    /// The event key itself makes salts, so texts have another.
    private static func textKey(_ key: [UInt8]) -> [UInt8] {
        HMACSHA256.code(Array("kheya event text".utf8), key: key)
    }
}

extension Digest {
    static func sha256(_ bytes: [UInt8]) -> Digest { Digest(words: SHA256.words(of: bytes)) }
}
