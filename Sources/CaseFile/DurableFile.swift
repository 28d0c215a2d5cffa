// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Files that are whole or absent after a power cut: written beside their place, flushed, renamed, the directory flushed.
public enum DurableFile {
    /// Writes `bytes` as `url`, mode 0600.
    ///
    /// A crash before the rename leaves the old file and a `.new` beside it, which the next write replaces.
    /// - Throws: ``CaseFileError`` `.unwritable`.
    public static func write(_ bytes: [UInt8], to url: URL) throws {
        let beside = url.appendingPathExtension("new")
        let descriptor = open(beside.path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open") }
        do {
            try writeAll(bytes, to: descriptor)
            guard fsync(descriptor) == 0 else { throw failure("fsync") }
        } catch {
            close(descriptor)
            unlink(beside.path)
            throw error
        }
        close(descriptor)
        guard rename(beside.path, url.path) == 0 else { throw failure("rename") }
        try flushDirectory(url.deletingLastPathComponent())
    }

    /// Writes `bytes` as `url`, mode 0600, unless a file of that name is there already; then that one stays.
    public static func writeOnce(_ bytes: [UInt8], to url: URL) throws {
        let beside = url.appendingPathExtension("new-\(getpid())-\(UInt64.random(in: 0 ... .max))")
        try write(bytes, to: beside)
        defer { unlink(beside.path) }
        guard link(beside.path, url.path) == 0 || errno == EEXIST else { throw failure("link") }
        try flushDirectory(url.deletingLastPathComponent())
    }

    /// Makes an empty file of mode 0600 unless one is there.
    static func makePrivate(_ url: URL) throws {
        let descriptor = open(url.path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open") }
        close(descriptor)
    }

    /// Creates a directory that only this user enters.
    public static func makeDirectory(_ url: URL) throws {
        if mkdir(url.path, 0o700) == 0 { return try flushDirectory(url.deletingLastPathComponent()) }
        guard errno == EEXIST else { throw failure("mkdir") }
    }

    /// Appends `bytes` at `offset`; what stood behind it is cut off. The caller flushes with the last piece.
    public static func append(_ bytes: [UInt8], to url: URL, offset: Int, flush: Bool) throws {
        let descriptor = open(url.path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open") }
        defer { close(descriptor) }
        guard ftruncate(descriptor, off_t(offset)) == 0, lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset)
        else {
            throw failure("seek")
        }
        try writeAll(bytes, to: descriptor)
        if flush, fsync(descriptor) != 0 { throw failure("fsync") }
    }

    /// Renames a flushed file to its final name, durably.
    public static func move(_ from: URL, to url: URL) throws {
        guard rename(from.path, url.path) == 0 else { throw failure("rename") }
        try flushDirectory(url.deletingLastPathComponent())
    }

    /// Up to `count` bytes from `offset`; `nil` when there is no such file.
    public static func read(_ url: URL, offset: Int = 0, count: Int = .max) throws -> [UInt8]? {
        let descriptor = open(url.path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("open")
        }
        defer { close(descriptor) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        try handle.seek(toOffset: UInt64(offset))
        let data = count == .max ? try handle.readToEnd() : try handle.read(upToCount: count)
        return data.map { [UInt8]($0) } ?? []
    }

    /// The size in bytes; `nil` when there is no such file.
    public static func size(_ url: URL) -> Int? {
        var information = stat()
        guard lstat(url.path, &information) == 0 else { return nil }
        return Int(information.st_size)
    }

    /// Removes the file if it is there.
    public static func remove(_ url: URL) { unlink(url.path) }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                systemWrite(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("write")
            }
            written += count
        }
    }

    private static func flushDirectory(_ url: URL) throws {
        let descriptor = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open directory") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("fsync directory") }
    }

    /// The system's word for what went wrong; no path, because a path is somebody's choice of words.
    private static func failure(_ call: String) -> CaseFileError {
        CaseFileError(.unwritable, "\(call): \(String(cString: strerror(errno)))")
    }
}

/// `write(2)` under a name that the members of ``DurableFile`` do not hide.
private func systemWrite(_ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, start, count)
}
