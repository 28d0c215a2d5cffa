// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import GRDB
internal import MessageStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Opens a SQLite file so that what is committed survives a power cut, and refuses when it would not.
enum SQLiteConnection {
    static let pageBytes: Int64 = 4_096

    /// - Throws: ``StoreError`` `.unsafeSettings`, `.unreadable`, `.full`, `.busy`.
    static func pool(path: String, settings: SQLiteSettings) throws -> DatabasePool {
        if !settings.allowsVolatile { try requireLocalDisk(path) }
        try touch(path)
        var configuration = Configuration()
        configuration.label = "kheya.store"
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // Per connection; order matters little, but secure_delete must precede the first deletion.
            try db.execute(
                sql: """
                    PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -2048;
                    PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;
                    """)
            if let bytes = settings.maximumBytes {
                try db.execute(sql: "PRAGMA max_page_count = \(max(1, bytes / pageBytes))")
            }
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { db in
                // GRDB opens WAL files with NORMAL, which loses answered letters at a power cut (2,492 of 3,000 images when measured).
                // The writer's cache holds the indexes that are written at random places. What readers read is mostly parts, each of them
                // once or twice: so theirs is small, and five connections do not fill with attachments.
                try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384")
                try readBack(db)
            }
            return pool
        } catch let error as DatabaseError {
            throw StoreError(error, opening: true)
        }
    }

    /// An empty file first: SQLite gives the files beside it the mode of the database.
    static func touch(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StoreError(.unreadable, "the store's file cannot be opened") }
        close(descriptor)
    }

    /// Makes a new name in a folder survive a power cut.
    static func syncFolder(of path: String) throws(StoreError) {
        let folder = open(
            URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw StoreError(.failed, "the store's folder cannot be opened") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw StoreError(.failed, "the store's folder was not synced") }
    }

    /// SQLite ignores a PRAGMA it does not know or cannot obey, without an error: so each is read back.
    private static func readBack(_ db: Database) throws {
        guard try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal" else {
            throw StoreError(.unsafeSettings, "journal_mode")
        }
        for (name, value) in [
            ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1), ("trusted_schema", 0),
            ("cell_size_check", 1),
        ] {
            guard try Int.fetchOne(db, sql: "PRAGMA \(name)") == value else { throw StoreError(.unsafeSettings, name) }
        }
    }

    /// A store on tmpfs makes durability fiction; on a network file system, locking.
    private static func requireLocalDisk(_ path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath().path
        guard let mounts = try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) else { return }
        // device, mount point, type, …; the longest mount point that leads to the folder, of several the last one mounted.
        var found: (point: Substring, type: Substring) = ("", "")
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2, fields[1].count >= found.point.count else { continue }
            let point = fields[1] == "/" ? "" : fields[1]
            if folder == point || folder.hasPrefix(point + "/") { found = (fields[1], fields[2]) }
        }
        if ["tmpfs", "ramfs", "nfs", "nfs4", "cifs", "smb3", "9p"].contains(found.type) {
            throw StoreError(.unsafeSettings, "the store lies on \(found.type); it needs a local disk")
        }
    }

    /// Bytes that the file system of `path` still gives to this process.
    static func freeBytes(beside path: String) -> Int64 {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { return 0 }
        return Int64(info.f_bavail) * Int64(info.f_frsize)
    }
}

extension StoreError {
    /// SQLite's words are for the log only.
    init(_ error: DatabaseError, opening: Bool = false) {
        let words = "sqlite \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: self.init(.full, words)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.busy, words)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self.init(.unreadable, words)
        case .SQLITE_CANTOPEN where opening: self.init(.unreadable, words)
        // After a failed sync the pages are gone from the cache: a retry that "succeeds" lies.
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_FSYNC: self.init(.failed, words)
        case .SQLITE_IOERR, .SQLITE_CANTOPEN: self.init(.full, words)
        default: self.init(.failed, words + " " + (error.message ?? ""))
        }
    }
}
