// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Files that a person names on the command line. Errors name the path as it was typed.
enum Files {
    /// - Throws: ``CommandFailure`` `.noInput`, `.inputOutput`, or `.dataError` above `limit` bytes.
    static func read(_ path: String, limit: Int = 64 << 20) throws -> [UInt8] {
        if path == "-" {
            guard let data = try FileHandle.standardInput.read(upToCount: limit + 1) else { return [] }
            guard data.count <= limit else {
                throw CommandFailure(.dataError, "standard input is larger than \(limit) bytes")
            }
            return Array(data)
        }
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            throw CommandFailure(.noInput, "\(path) is not there")
        }
        guard (attributes[.type] as? FileAttributeType) != .typeDirectory else {
            throw CommandFailure(.noInput, "\(path) is a directory")
        }
        guard let size = attributes[.size] as? Int, size <= limit else {
            throw CommandFailure(.dataError, "\(path) is larger than \(limit) bytes")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(.inputOutput, "\(path) cannot be read")
        }
        return Array(data)
    }

    /// Reads a key or passphrase, and refuses a file that others of this machine may read.
    static func readSecret(_ path: String) throws -> [UInt8] {
        let bytes = try read(path, limit: 64 << 10)
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if let mode = attributes?[.posixPermissions] as? Int, mode & 0o077 != 0 {
            throw CommandFailure(
                .notPermitted, code: "secret-readable", "\(path) can be read by others of this machine",
                cure: "chmod 600 \(path)")
        }
        guard !bytes.isEmpty else { throw CommandFailure(.dataError, "\(path) is empty") }
        return bytes
    }

    /// Writes a new file of mode 0600 and never over an existing one, unless `replace` says so.
    static func create(_ path: String, bytes: [UInt8], replace: Bool = false) throws {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL)
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else {
            let isThere = errno == EEXIST
            throw CommandFailure(
                .cannotCreate,
                isThere ? "\(path) exists already" : "\(path) cannot be created: \(String(cString: strerror(errno)))",
                cure: isThere ? "Name another file; nothing is overwritten." : "")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(bytes))
            try handle.synchronize()
            try handle.close()
        } catch {
            throw CommandFailure(.inputOutput, "\(path) could not be written whole: is the disk full?")
        }
    }
}
