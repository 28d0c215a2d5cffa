// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Foundation
import GRDB
public import Letters
public import Procedure
import Synchronization

/// Everything one node keeps: the database, the case keys beside it, the files of parts and attachments.
///
/// The database holds ids, states, times, codes and signed slips in the clear, as a broker sees them too, and every sealed step, form
/// and attachment encrypted under its case's key. Several processes may use one home: SQLite orders their transactions.
///
/// - SeeAlso: Protocols/CaseFile.md.
public final class CaseStore: Sendable {
    /// Settings of the connection that must read back as written.
    static let settings: [(pragma: String, value: String, reads: String)] = [
        ("synchronous", "FULL", "2"),  // a commit is on the disk when it returns
        ("secure_delete", "ON", "1"),  // what is deleted is overwritten
        ("foreign_keys", "ON", "1"),
        ("trusted_schema", "OFF", "0"),
        ("cell_size_check", "ON", "1"),
    ]

    private let pool: DatabasePool
    private let ownWrites = Mutex<Int64>(0)
    public let keys: CaseKeys
    public let files: PartFiles
    public let directory: URL

    /// Opens the node's storage in `directory`, making what is missing.
    ///
    /// - Parameter wrapping: 32 bytes under which the case keys lie: HKDF-SHA-256 of the master, info `kheya case keys`.
    /// - Throws: ``CaseFileError`` `.unsafeSettings`, `.unwritable`, `.damaged`; GRDB's error when the file is no database.
    public init(directory: URL, wrapping: [UInt8]) throws {
        self.directory = directory
        keys = try CaseKeys(directory: directory.appendingPathComponent("case-keys"), wrapping: wrapping)
        files = try PartFiles(directory: directory)
        var configuration = Configuration()
        configuration.label = "node"
        configuration.busyMode = .timeout(30)
        configuration.prepareDatabase { database in
            for setting in Self.settings { try database.execute(sql: "PRAGMA \(setting.pragma)=\(setting.value)") }
        }
        let path = directory.appendingPathComponent("node.sqlite").path
        // Made here, because the write-ahead log takes over the mode that the file has when it is opened.
        try DurableFile.makePrivate(directory.appendingPathComponent("node.sqlite"))
        pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { database in
            // A pool sets its only writer to NORMAL when it turns the write-ahead log on: what a commit promises comes after that.
            for setting in Self.settings { try database.execute(sql: "PRAGMA \(setting.pragma)=\(setting.value)") }
            for setting in Self.settings {
                let read = try String.fetchOne(database, sql: "PRAGMA \(setting.pragma)")
                guard read == setting.reads else {
                    throw CaseFileError(.unsafeSettings, "\(setting.pragma) is not \(setting.value)")
                }
            }
            guard try String.fetchOne(database, sql: "PRAGMA journal_mode") == "wal" else {
                throw CaseFileError(.unsafeSettings, "journal_mode is not wal")
            }
        }
        try pool.write { try CaseSchema.make(in: $0) }
    }

    /// Reads one snapshot.
    ///
    /// - Throws: what `body` throws; ``CaseFileError`` `.unwritable`, `.busy`, `.damaged`.
    public func read<Value>(_ body: (CaseTransaction) throws -> Value) throws -> Value {
        try Self.typed { try pool.read { try body(CaseTransaction(database: $0, keys: keys, files: files)) } }
    }

    /// Runs `body` in one transaction.
    ///
    /// When this returns, everything `body` wrote survives power loss, case state and outbox together; when it throws, nothing was
    /// written. Waits up to 30 s for another process's transaction.
    ///
    /// - Throws: what `body` throws; ``CaseFileError`` `.unwritable`, `.busy`, `.damaged`.
    public func write<Value>(_ body: (CaseTransaction) throws -> Value) throws -> Value {
        defer { ownWrites.withLock { $0 += 1 } }
        return try Self.typed { try pool.write { try body(CaseTransaction(database: $0, keys: keys, files: files)) } }
    }

    private static func typed<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw CaseFileError(error) ?? error
        }
    }

    /// A number that grows when this or another process has committed something; cheap enough to ask ten times a second.
    public func changeCount() throws -> Int64 {
        // SQLite counts for each connection what others did, so one connection must ask each time; its own commits we count.
        let others = try Self.typed {
            try pool.writeWithoutTransaction { try Int64.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
        }
        return others + ownWrites.withLock { $0 }
    }

    /// A writer for an attachment of a case whose key is there.
    public func attachmentWriter(named name: Digest, in caseID: CaseID) throws -> AttachmentWriter {
        AttachmentWriter(caseID: caseID, key: try keys.key(of: caseID), name: name.hex, files: files)
    }

    /// Removes files that no row names: what a crash left between a file and the transaction that would have named it.
    ///
    /// - Parameter before: only files not touched since then, because another process may be about to name the others.
    public func clearAway(before: Date) throws {
        let (parts, attachments) = try pool.read { database in
            (
                Set(try Data.fetchAll(database, sql: "SELECT digest FROM part").compactMap { Digest($0)?.hex }),
                Set(try String.fetchAll(database, sql: "SELECT file FROM attachment"))
            )
        }
        try files.clearAway(keeping: parts, attachments: attachments, before: before)
    }

    /// Empties the write-ahead log, which has pages as they were.
    func emptyLog() throws {
        try Self.typed {
            // SQLite says in a row, not by an error, that another process reads.
            let busy = try pool.barrierWriteWithoutTransaction {
                try Int.fetchOne($0, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
            guard busy == 0 else { throw CaseFileError(.busy, "another process reads the database") }
        }
    }

    /// Closes the database: what is in the write-ahead log moves into the file.
    public func close() throws { try pool.close() }
}

extension CaseFileError {
    /// `nil` for an error that is this program's own, a broken constraint for example.
    init?(_ error: DatabaseError) {
        switch error.resultCode {
        case .SQLITE_FULL: self.init(.unwritable, "no room on the disk")
        case .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN: self.init(.unwritable, "the file system refuses")
        case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.busy, "another process holds the database")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self.init(.damaged, "the database does not read")
        default: return nil
        }
    }
}
