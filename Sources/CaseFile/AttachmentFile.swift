// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters

/// An attachment at rest: pieces of at most 1 MiB, each AES-256-GCM under the case's key with its place as associated data.
///
/// One frame a piece: length (4 bytes, big-endian) ‖ nonce ‖ ciphertext ‖ tag. The last frame says in its associated data that it is
/// the last, so that a file cut short does not open. Protocols/CaseFile.md, "Attachments".
public final class AttachmentWriter {
    private let caseID: CaseID
    private let key: [UInt8]
    private let name: String
    private let url: URL
    private let beside: URL
    private var offset = 0
    private var index = 0
    private var held: [UInt8]?
    /// Bytes of content written so far.
    public private(set) var byteCount: Int64 = 0

    /// - Parameter name: 64 hexadecimal digits that no other attachment of this node has.
    init(caseID: CaseID, key: [UInt8], name: String, files: PartFiles) {
        self.caseID = caseID
        self.key = key
        self.name = name
        url = files.attachment(name)
        beside = url.appendingPathExtension("new")
        DurableFile.remove(beside)
    }

    /// - Parameter piece: at most ``CaseFileLimits/pieceBytes``.
    public func write(_ piece: [UInt8]) throws {
        if let held { try frame(held, isLast: false) }
        held = piece
        byteCount += Int64(piece.count)
    }

    /// Durable when this returns. A crash before leaves a `.new` that nothing names; ``CaseStore`` clears it away at start.
    public func finish() throws {
        try frame(held ?? [], isLast: true)
        try DurableFile.move(beside, to: url)
    }

    private func frame(_ piece: [UInt8], isLast: Bool) throws {
        let sealed = try AESGCM.seal(
            piece, key: key, associatedData: AttachmentReader.label(caseID, name, index: index, isLast: isLast))
        var frame: [UInt8] = (0..<4).map { UInt8(truncatingIfNeeded: sealed.count >> (24 - 8 * $0)) }
        frame += sealed
        try DurableFile.append(frame, to: beside, offset: offset, flush: isLast)
        offset += frame.count
        index += 1
    }
}

/// Reads an attachment at rest piece by piece.
public struct AttachmentReader {
    private let caseID: CaseID
    private let key: [UInt8]
    private let name: String
    private let url: URL
    private let size: Int
    private var offset = 0
    private var index = 0

    init(caseID: CaseID, key: [UInt8], name: String, files: PartFiles) throws {
        self.caseID = caseID
        self.key = key
        self.name = name
        url = files.attachment(name)
        guard let size = DurableFile.size(url) else { throw CaseFileError(.damaged, "an attachment's file is missing") }
        self.size = size
    }

    /// The next piece; `nil` after the last.
    ///
    /// - Throws: ``CaseFileError`` `.damaged`.
    public mutating func next() throws -> [UInt8]? {
        guard offset < size else { return nil }
        let head = try DurableFile.read(url, offset: offset, count: 4) ?? []
        let length = head.reduce(0) { $0 << 8 | Int($1) }
        guard head.count == 4, length <= CaseFileLimits.pieceBytes + 28,
            let sealed = try DurableFile.read(url, offset: offset + 4, count: length), sealed.count == length
        else { throw CaseFileError(.damaged, "an attachment's file is cut short") }
        let isLast = offset + 4 + length == size
        guard
            let piece = try? AESGCM.open(
                sealed, key: key, associatedData: Self.label(caseID, name, index: index, isLast: isLast))
        else { throw CaseFileError(.damaged, "an attachment's piece does not open") }
        offset += 4 + length
        index += 1
        return piece
    }

    static func label(_ caseID: CaseID, _ name: String, index: Int, isLast: Bool) -> [UInt8] {
        Array("kheya-attachment/1\n\(caseID.text)\n\(name)\n\(index)\n\(isLast ? "last" : "more")".utf8)
    }
}
