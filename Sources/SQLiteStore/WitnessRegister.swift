// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import MessageStore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Which logs a witness has ever cosigned, so that a lock that is gone is not taken for one that never was. Protocols/Log.md §5.3.
///
/// A file of origins, one a line, made when the witness is, and in no backup; like the locks beside it, it is never restored. It only
/// grows. Who writes has made sure that nobody else does.
public final class WitnessRegister: Sendable {
    private let state: Mutex<(descriptor: Int32, origins: Set<String>)>

    /// Makes an empty one, durable; changes nothing if there is one.
    public static func create(path: String) throws(StoreError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StoreError(.failed, "the witness's register cannot be made") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreError(.failed, "the witness's register was not written") }
        try SQLiteConnection.syncFolder(of: path)
    }

    /// - Returns: `nil` if there is none.
    /// - Throws: ``StoreError`` `.unreadable`.
    public init?(path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StoreError(.unreadable, "the witness's register cannot be opened")
        }
        var bytes = [UInt8](repeating: 0, count: Self.limit)
        let count = pread(descriptor, &bytes, Self.limit, 0)
        guard (0..<Self.limit).contains(count) else {
            close(descriptor)
            throw StoreError(.unreadable, "the witness's register cannot be read")
        }
        // A line that a crash cut names nothing: its lock is there, and the line is written again.
        let lines = bytes[..<count].split(separator: 0x0A, omittingEmptySubsequences: true)
        state = Mutex((descriptor, Set(lines.map { String(decoding: $0, as: UTF8.self) })))
    }

    public func contains(_ origin: String) -> Bool { state.withLock { $0.origins.contains(origin) } }

    /// Remembers, durably, that this log has been cosigned.
    ///
    /// - Throws: ``StoreError`` `.failed`.
    public func add(_ origin: String) throws(StoreError) {
        let isWritten = state.withLock { state in
            guard !state.origins.contains(origin) else { return true }
            // The first line feed ends what a crash may have cut.
            let line = Array("\n\(origin)\n".utf8)
            guard write(state.descriptor, line, line.count) == line.count, fdatasync(state.descriptor) == 0 else {
                return false
            }
            state.origins.insert(origin)
            return true
        }
        guard isWritten else { throw StoreError(.failed, "the witness's register was not written") }
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// Some four thousand names: a log a year of every broker there is, for centuries.
    private static let limit = 1 << 19
}
