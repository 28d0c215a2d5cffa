// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

/// A directory held open. Files are reached through it and never through a path, no link is followed, only regular files are read,
/// and nothing that exists is written over.
///
/// All calls block: they belong on a thread of their own.
final class OpenDirectory: Sendable {
    private let descriptor: Int32

    private init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Opens the directory at `path`, which comes from the operator: the last component may not be a link.
    convenience init(path: String) throws(CourierError) {
        self.init(owning: try Self.checked(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
    }

    func directory(_ name: String) throws(CourierError) -> OpenDirectory {
        OpenDirectory(
            owning: try Self.checked(openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
    }

    /// Makes a directory that only its owner reads, and opens it.
    func makeDirectory(_ name: String) throws(CourierError) -> OpenDirectory {
        _ = try Self.checked(mkdirat(descriptor, name, 0o700))
        return try directory(name)
    }

    /// - Returns: The bytes of a regular file of at most `limit` bytes; `nil` if there is no such file.
    func read(_ name: String, limit: Int) throws(CourierError) -> [UInt8]? {
        // A pipe would keep us waiting for somebody to open its other end.
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.error(errno)
        }
        defer { close(file) }
        var status = stat()
        _ = try Self.checked(fstat(file, &status))
        guard status.st_mode & S_IFMT == S_IFREG else { throw CourierError(.malformed, "not a regular file") }
        guard status.st_size <= limit else { throw CourierError(.malformed, "a file of more than \(limit) bytes") }
        var bytes: [UInt8] = []
        let expected = Int(status.st_size)
        while bytes.count <= expected {
            // One byte more than expected shows a file that grows.
            let wanted = expected + 1 - bytes.count
            var count = 0
            let more = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
                repeat { count = system(read: file, buffer.baseAddress, wanted) } while count < 0 && errno == EINTR
                filled = max(0, count)
            }
            _ = try Self.checked(Int32(clamping: count))
            guard count > 0 else { break }
            bytes += more
        }
        guard bytes.count == expected else { throw CourierError(.io, "a file that changes while it is read") }
        return bytes
    }

    /// Writes a new file that only its owner reads, and waits until it is on the medium.
    func write(_ name: String, _ bytes: [UInt8]) throws(CourierError) {
        let file = try Self.checked(
            openat(descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600))
        var offset = 0
        var failure: Int32 = 0
        bytes.withUnsafeBufferPointer { buffer in
            while offset < buffer.count, failure == 0 {
                let count = system(write: file, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                if count >= 0 { offset += count } else if errno != EINTR { failure = errno }
            }
        }
        if failure == 0, fsync(file) != 0 { failure = errno }
        if close(file) != 0, failure == 0 { failure = errno }
        guard failure == 0 else { throw Self.error(failure) }
    }

    func rename(_ name: String, to other: String) throws(CourierError) {
        _ = try Self.checked(renameat(descriptor, name, descriptor, other))
    }

    func removeFile(_ name: String) throws(CourierError) { _ = try Self.checked(unlinkat(descriptor, name, 0)) }

    func removeDirectory(_ name: String) throws(CourierError) {
        _ = try Self.checked(unlinkat(descriptor, name, AT_REMOVEDIR))
    }

    /// Waits until the names in it are on the medium.
    func sync() throws(CourierError) { _ = try Self.checked(fsync(descriptor)) }

    /// Names in it that `isWanted`, sorted.
    ///
    /// - Throws: `.malformed` if there are more than `limit` of them.
    func names(limit: Int, isWanted: (String) -> Bool) throws(CourierError) -> [String] {
        let copy = try Self.checked(openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw CourierError(.io, "a directory that cannot be listed")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard let name = String(validating: bytes, as: UTF8.self), isWanted(name) else { continue }
            guard names.count < limit else { throw CourierError(.malformed, "more than \(limit) entries") }
            names.append(name)
        }
        return names.sorted()
    }

    private static func checked(_ result: Int32) throws(CourierError) -> Int32 {
        guard result < 0 else { return result }
        throw error(errno)
    }

    private static func error(_ number: Int32) -> CourierError {
        switch number {
        case ENOSPC, EDQUOT, EFBIG: CourierError(.full, "error \(number)")
        case EEXIST, ENOTEMPTY: CourierError(.exists, "error \(number)")
        case ELOOP, ENOTDIR: CourierError(.malformed, "error \(number)")
        default: CourierError(.io, "error \(number)")
        }
    }
}

// Named apart from the methods above, which have the same names.
private func system(read file: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(file, buffer, count)
}
private func system(write file: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int { write(file, buffer, count) }
