// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Sealing

/// Writes a bundle's archive, file by file in ascending order of their names.
///
/// - SeeAlso: Protocols/Trail.md §3.1.
public struct TrailWriter {
    private let write: ([UInt8]) throws -> Void
    private var sums: [UInt8] = []
    private var last: [UInt8] = []

    /// - Parameter write: takes the archive's bytes as they come.
    public init(_ write: @escaping ([UInt8]) throws -> Void) { self.write = write }

    /// - Precondition: the name is above all that were added; the file is not empty and within its limit.
    public mutating func add(_ name: TrailName, _ bytes: [UInt8]) throws {
        let path = Array(name.path.utf8)
        precondition(last.lexicographicallyPrecedes(path), "a bundle's names ascend")
        precondition(!bytes.isEmpty && bytes.count <= name.limit, "a bundle's file is outside its bounds")
        last = path
        if name != .sums { sums += Array(Digest.sha256(bytes).hex.utf8) + [0x20, 0x20] + path + [0x0A] }
        try write(LetterArchive.header(path: path, count: bytes.count))
        try write(bytes)
        try write([UInt8](repeating: 0, count: LetterArchive.padding(bytes.count)))
    }

    /// Adds `sums` and ends the archive.
    public mutating func finish() throws {
        try add(.sums, sums)
        try write(LetterArchive.end)
    }
}
