// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The few file operations of a home: directories 0700, files 0600, written beside and renamed, never through a
/// symbolic link.
///
/// After ``write(_:to:)`` returns, the whole new content survives power loss; a crash before leaves the old one, and at
/// most a file that begins with `.new-`, which nobody reads and the next write replaces.
enum HomeFiles {
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Makes one directory, mode 0700. One that is there already must belong to this user and be closed to others.
    static func makeDirectory(_ path: String) throws(MembershipError) {
        if mkdir(path, 0o700) == 0 { return try syncDirectory(of: path) }
        guard errno == EEXIST else { throw failure("make", path) }
        try checkClosed(path, isDirectory: true)
    }

    /// A secret, or a directory of secrets, that others may read or change is a fault to be mended before it is used.
    static func checkClosed(_ path: String, isDirectory: Bool) throws(MembershipError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw failure("read", path) }
        guard status.st_mode & S_IFMT == (isDirectory ? S_IFDIR : S_IFREG) else {
            throw MembershipError(.homeUnsafe, "\(path) is not a \(isDirectory ? "directory" : "file") of its own")
        }
        guard status.st_uid == geteuid() else { throw MembershipError(.homeUnsafe, "\(path) belongs to another user") }
        guard status.st_mode & 0o077 == 0 else {
            throw MembershipError(.homeUnsafe, "\(path) is open to other users; run `chmod go= \(path)`")
        }
    }

    /// - Parameter isSecret: then the file must be closed to others.
    static func read(_ path: String, limit: Int, isSecret: Bool = false) throws(MembershipError) -> [UInt8] {
        if isSecret { try checkClosed(path, isDirectory: false) }
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw failure("read", path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else {
                throw MembershipError(.homeMalformed, "\(path) has more than \(limit) bytes")
            }
        }
    }

    /// Writes the whole file, mode 0600, or nothing.
    static func write(_ bytes: [UInt8], to path: String) throws(MembershipError) {
        let temporary = directory(of: path) + "/.new-" + name(of: path)
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("write", path) }
        var good = fchmod(file, 0o600) == 0
        var written = 0
        while good, written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            good = count > 0
            written += max(count, 0)
        }
        good = good && fsync(file) == 0
        let error = errno
        close(file)
        guard good, Glibc.rename(temporary, path) == 0 else {
            let error = good ? errno : error
            unlink(temporary)
            throw failure("write", path, error)
        }
        try syncDirectory(of: path)
    }

    /// Moves a file inside its directory, durably.
    static func rename(_ path: String, to other: String) throws(MembershipError) {
        guard Glibc.rename(path, other) == 0 else { throw failure("rename", path) }
        try syncDirectory(of: other)
    }

    static func remove(_ path: String) throws(MembershipError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
        try syncDirectory(of: path)
    }

    /// Names of the entries of a directory, without those that begin with a dot, ascending.
    static func names(in path: String) throws(MembershipError) -> [String] {
        guard let stream = opendir(path) else { throw failure("read", path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func syncDirectory(of path: String) throws(MembershipError) {
        let file = open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw failure("sync", path) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw failure("sync", path) }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    private static func failure(_ verb: String, _ path: String, _ number: Int32 = errno) -> MembershipError {
        MembershipError(.homeFile, "cannot \(verb) \(path): \(String(cString: strerror(number)))")
    }
}
