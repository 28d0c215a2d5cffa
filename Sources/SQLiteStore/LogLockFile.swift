// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
public import MessageStore
import Synchronization
public import TransparencyLog

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The lock of one log: the last checkpoint that was signed, or, of another's log, cosigned. In no backup, and never restored.
/// Protocols/Log.md §5.3.
///
/// Two slots of 4 KiB, written in turn, so that a crash while one is written leaves the other. Each: counter (8, big-endian) ‖ length (4)
/// ‖ SHA-256 of counter, length and note ‖ note ‖ zeros. The whole slot with the higher counter counts. One `fdatasync` each time, and no
/// other, because the file never grows.
public final class LogLockFile: Sendable {
    private struct State {
        var descriptor: Int32
        var counter: UInt64
        var note: SignedNote?
    }

    private static let slotBytes = 4_096
    private static let headBytes = 44
    private let state: Mutex<State>

    /// Opens it. Who writes has made sure that nobody else does.
    ///
    /// - Returns: `nil` if there is none.
    /// - Throws: ``StoreError`` `.unreadable` for a file without a whole slot.
    public init?(path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StoreError(.unreadable, "the log's lock cannot be opened")
        }
        var newest: (counter: UInt64, note: SignedNote)?
        for slot in 0..<2 {
            if let found = Self.read(descriptor, slot), found.counter > newest?.counter ?? 0 { newest = found }
        }
        guard let newest else {
            Self.close(descriptor)
            throw StoreError(.unreadable, "the log's lock is damaged")
        }
        state = Mutex(State(descriptor: descriptor, counter: newest.counter, note: newest.note))
    }

    /// Makes the lock of a new log, durable; whoever loses it later has to bring a checkpoint that somebody else kept.
    ///
    /// - Throws: ``StoreError`` `.failed`, also when there is one already.
    public static func create(path: String, note: SignedNote) throws(StoreError) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StoreError(.failed, "the log's lock cannot be made") }
        defer { close(descriptor) }
        let slot = try slot(1, note)
        let isWritten =
            write(slot, to: descriptor, at: slotBytes)
            && write([UInt8](repeating: 0, count: slotBytes), to: descriptor, at: 0) && fsync(descriptor) == 0
        // A link, unlike a rename, replaces nothing.
        guard isWritten, link(temporary, path) == 0 else { throw StoreError(.failed, "the log's lock was not written") }
        unlink(temporary)
        try SQLiteConnection.syncFolder(of: path)
    }

    /// `nil` only after ``close()``.
    public var note: SignedNote? { state.withLock { $0.note } }

    /// Replaces the checkpoint, durable, if it is still the one that the caller went on from.
    ///
    /// - Throws: ``StoreError`` `.busy` if it is another one, `.failed` when nobody knows what was written.
    public func replace(_ old: SignedNote, by note: SignedNote) throws(StoreError) {
        let result: Result<Void, StoreError> = state.withLock { state in
            guard state.descriptor >= 0, state.note == old else {
                return .failure(StoreError(.busy, "the lock has another checkpoint"))
            }
            do throws(StoreError) {
                let slot = try Self.slot(state.counter + 1, note)
                let place = Int(truncatingIfNeeded: (state.counter + 1) & 1) * Self.slotBytes
                // Commit point: after a crash before the sync either checkpoint may be found, and both are the log's.
                guard Self.write(slot, to: state.descriptor, at: place), fdatasync(state.descriptor) == 0 else {
                    return .failure(StoreError(.failed, "the log's lock was not written"))
                }
            } catch {
                return .failure(error)
            }
            state.counter += 1
            state.note = note
            return .success(())
        }
        try result.get()
    }

    public func close() {
        state.withLock { state in
            if state.descriptor >= 0 { Self.close(state.descriptor) }
            state.descriptor = -1
            state.note = nil
        }
    }

    deinit { close() }

    private static func close(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #else
            _ = Musl.close(descriptor)
        #endif
    }

    private static func slot(_ counter: UInt64, _ note: SignedNote) throws(StoreError) -> [UInt8] {
        let bytes = note.bytes
        guard bytes.count <= slotBytes - headBytes else { throw StoreError(.failed, "a note longer than the lock") }
        var head: [UInt8] = []
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            head.append(UInt8(truncatingIfNeeded: counter >> shift))
        }
        for shift in stride(from: 24, through: 0, by: -8) {
            head.append(UInt8(truncatingIfNeeded: bytes.count >> shift))
        }
        let whole = head + SHA256.hash(head + bytes) + bytes
        return whole + [UInt8](repeating: 0, count: slotBytes - whole.count)
    }

    private static func read(_ descriptor: Int32, _ slot: Int) -> (counter: UInt64, note: SignedNote)? {
        var bytes = [UInt8](repeating: 0, count: slotBytes)
        guard pread(descriptor, &bytes, slotBytes, off_t(slot * slotBytes)) == slotBytes else { return nil }
        let counter = bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let count = bytes[8..<12].reduce(0) { $0 << 8 | Int($1) }
        guard count <= slotBytes - headBytes else { return nil }
        let text = Array(bytes[headBytes..<(headBytes + count)])
        guard SHA256.hash(Array(bytes[..<12]) + text).elementsEqual(bytes[12..<headBytes]),
            let note = try? SignedNote(text)
        else { return nil }
        return (counter, note)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(
                    descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written, off_t(offset + written))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
