// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
public import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One process at a time runs the service of a home. Command lines write beside it.
///
/// The kernel drops the lock when the process ends, however it ends.
public final class NodeLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``CaseFileError`` `.inUse` when another process holds it.
    public init(home: URL) throws {
        let path = home.appendingPathComponent("node.lock").path
        descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CaseFileError(.unwritable, "node.lock: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw CaseFileError(.inUse, "another process runs this node")
        }
    }

    deinit { close(descriptor) }
}
