// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files below a directory in the order that an archive of them has. Every directory and file is opened through its parent's
/// descriptor; no link is followed, no pipe waited for.
final class FolderWalk {
    private struct Level {
        let descriptor: Int32
        let path: [UInt8]
        /// Names still to come, the next one last.
        var names: [(name: String, isFolder: Bool)]
    }

    private var levels: [Level] = []
    /// Deeper than any name of a bundle.
    private static let depth = 10

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    init(_ path: String) throws(TrailFault) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TrailFault(rule: "the bundle cannot be opened") }
        levels = [try Self.level(descriptor, [])]
    }

    deinit { for level in levels { close(level.descriptor) } }

    func next() throws(TrailFault) -> (path: [UInt8], count: Int, file: ByteStream)? {
        while var level = levels.popLast() {
            guard let (name, isFolder) = level.names.popLast() else {
                close(level.descriptor)
                continue
            }
            levels.append(level)
            let path = level.path + (level.path.isEmpty ? [] : [0x2F]) + Array(name.utf8)
            let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (isFolder ? O_DIRECTORY : 0)
            let descriptor = openat(level.descriptor, name, flags)
            guard descriptor >= 0 else { throw TrailFault(rule: "a link, or a file that cannot be opened") }
            if isFolder {
                guard levels.count < Self.depth else {
                    close(descriptor)
                    throw TrailFault(rule: "directories too deep")
                }
                levels.append(try Self.level(descriptor, path))
                continue
            }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                close(descriptor)
                throw TrailFault(rule: "no regular file")
            }
            let size = Int(status.st_size)
            let file = ByteStream(
                descriptor: descriptor, isOwned: true, bufferBytes: max(1, min(size, 1 << 16)))
            return (path, size, file)
        }
        return nil
    }

    private static func level(_ descriptor: Int32, _ path: [UInt8]) throws(TrailFault) -> Level {
        guard let handle = fdopendir(dup(descriptor)) else { throw TrailFault(rule: "a directory that cannot be read") }
        defer { closedir(handle) }
        var names: [(name: String, isFolder: Bool)] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            var status = stat()
            guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw TrailFault(rule: "a file that cannot be looked at")
            }
            names.append((name, status.st_mode & S_IFMT == S_IFDIR))
        }
        // As whole names ascend: what is in a directory sorts under its name and a slash.
        func key(_ entry: (name: String, isFolder: Bool)) -> [UInt8] {
            Array(entry.name.utf8) + (entry.isFolder ? [0x2F] : [])
        }
        names.sort { key($1).lexicographicallyPrecedes(key($0)) }
        return Level(descriptor: descriptor, path: path, names: names)
    }
}
