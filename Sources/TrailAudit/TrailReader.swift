// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
import Foundation
internal import Letters
public import Procedure
internal import Sealing

/// Why a bundle cannot be read on: it is cut, has a header of another spelling, a name out of order. Names the rule, never a name.
public struct TrailFault: Error, Hashable, Sendable {
    public let rule: String
}

/// One file of a bundle, in the bundle's order.
public struct TrailItem: Sendable {
    /// `nil` for a name that no bundle has, and for what is no regular file.
    public let name: TrailName?
    /// Empty where `fault` is set, and for `sums`, of which only the digest is taken.
    public let bytes: [UInt8]
    /// SHA-256 of the file.
    public let digest: Digest
    /// Why the file was not read, though reading goes on behind it.
    public let fault: String?

    var isSlip: Bool { if case .slip? = name { true } else { false } }
}

/// Reads a bundle file by file: an archive as a stream, or the directory into which one was unpacked. Holds one file, writes none,
/// follows no link, and takes names in ascending order only.
///
/// - SeeAlso: Protocols/Trail.md §3.1.
public struct TrailReader {
    private enum Source {
        case archive(ByteStream)
        case folder(FolderWalk)
    }

    private let source: Source
    private var last: [UInt8] = []
    private let sums = SHA256.Stream()
    private var hasEnded = false

    /// - Parameter path: an archive, `-` for standard input, or a directory.
    /// - Throws: ``TrailFault``.
    public init(path: String) throws(TrailFault) {
        if path != "-", FolderWalk.isFolder(path) {
            source = .folder(try FolderWalk(path))
        } else {
            source = .archive(try ByteStream(path))
        }
    }

    /// - Returns: the next file; `nil` at the bundle's end.
    /// - Throws: ``TrailFault``: nothing further can be read.
    public mutating func next() throws(TrailFault) -> TrailItem? {
        guard !hasEnded else { return nil }
        let found: (path: [UInt8], count: Int, file: ByteStream)?
        switch source {
        case .archive(let stream): found = try Self.header(stream).map { ($0.path, $0.count, stream) }
        case .folder(let walk): found = try walk.next()
        }
        guard let found else {
            hasEnded = true
            return nil
        }
        guard last.lexicographicallyPrecedes(found.path) else { throw TrailFault(rule: "names that do not ascend") }
        last = found.path
        let text = String(decoding: found.path, as: UTF8.self)
        let name = TrailName(path: text)
        let limit = name?.limit ?? 0
        var fault: String?
        if name == nil { fault = "a file that no bundle has" }
        if found.count == 0 || found.count > limit { fault = fault ?? "a file that is empty or too large" }
        var bytes: [UInt8] = []
        let digest: Digest
        if fault == nil, name != .sums {
            bytes = try found.file.read(found.count)
            digest = .sha256(bytes)
        } else {
            let stream = SHA256.Stream()
            try found.file.skip(found.count) { stream.update($0) }
            digest = .finishing(stream)
        }
        if case .archive = source {
            try found.file.skip(LetterArchive.padding(found.count)) { (padding) throws(TrailFault) in
                guard padding.allSatisfy({ $0 == 0 }) else { throw TrailFault(rule: "padding that is not zero") }
            }
        }
        if name == .sums {
            if digest != .finishing(sums) { fault = "sums are not those of the files: damaged on the way" }
        } else {
            var line: [UInt8] = []
            line.reserveCapacity(67 + found.path.count)
            digest.appendHex(to: &line)
            line += [0x20, 0x20]
            line += found.path
            line.append(0x0A)
            sums.update(line)
        }
        return TrailItem(name: name, bytes: bytes, digest: digest, fault: fault)
    }

    /// One header block, or the archive's end.
    private static func header(_ stream: ByteStream) throws(TrailFault) -> (path: [UInt8], count: Int)? {
        let block = try stream.read(LetterArchive.blockBytes)
        if block.allSatisfy({ $0 == 0 }) {
            guard try stream.read(LetterArchive.blockBytes).allSatisfy({ $0 == 0 }) else {
                throw TrailFault(rule: "one zero block alone")
            }
            guard try stream.isAtEnd() else { throw TrailFault(rule: "bytes after the end") }
            return nil
        }
        func text(_ range: Range<Int>) -> [UInt8] { Array(block[range].prefix { $0 != 0 }) }
        let prefix = text(345..<500)
        let path = (prefix.isEmpty ? [] : prefix + [0x2F]) + text(0..<100)
        var count = 0
        for digit in block[124..<135] {
            guard (0x30...0x37).contains(digit) else { throw TrailFault(rule: "a size that is no number") }
            count = count * 8 + Int(digit - 0x30)
        }
        // One spelling: links, devices, other modes, owners, times and checksums are all refused by this.
        guard !path.isEmpty, LetterArchive.header(path: path, count: count) == block else {
            throw TrailFault(rule: "a header of another spelling")
        }
        return (path, count)
    }
}
