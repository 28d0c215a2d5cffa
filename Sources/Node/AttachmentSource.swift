// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
internal import Foundation
import Procedure

/// What is sealed of a file that a person attaches: a picture without what it hides, a PDF or plain text as it is, piece by piece; nothing else.
final class AttachmentSource {
    private let next: (Int) throws -> [UInt8]

    /// - Throws: ``DeskError`` `.attachment`: it cannot be read; `.fileNotTaken`: it may not be attached.
    init(_ origin: AttachmentOrigin, in store: CaseStore) throws(DeskError) {
        switch origin {
        case .file(let url): next = try Self.file(url)
        case .upload(let name, let draft): next = Self.upload(name, of: draft, in: store)
        }
    }

    /// The next `count` bytes; fewer at the end, none behind it.
    func read(_ count: Int) throws -> [UInt8] { try next(count) }

    private static func file(_ url: URL) throws(DeskError) -> (Int) throws -> [UInt8] {
        do {
            let handle = try FileHandle(forReadingFrom: url)
            let head = [UInt8](try handle.read(upToCount: 16) ?? Data())
            if try Picture.type(of: head) != .pdf {
                let file = head + [UInt8](try handle.read(upToCount: Picture.limit) ?? Data())
                var whole = (try Picture(cleaning: file)?.bytes ?? file)[...]
                try? handle.close()
                return { count in
                    defer { whole = whole.dropFirst(count) }
                    return Array(whole.prefix(count))
                }
            }
            try handle.seek(toOffset: 0)
            return { count in [UInt8](try handle.read(upToCount: count) ?? Data()) }
        } catch let error as PictureError {
            throw DeskError(.fileNotTaken, error.reason)
        } catch {
            throw DeskError(.attachment, "an attachment cannot be read")
        }
    }

    private static func upload(_ name: Digest, of draft: Digest, in store: CaseStore) -> (Int) throws -> [UInt8] {
        var offset: Int64 = 0
        var held: [UInt8] = []
        return { count in
            while held.count < count,
                let piece = try store.read({ try $0.uploadPiece(at: offset, of: name, in: draft) })
            {
                held += piece
                offset += Int64(piece.count)
            }
            defer { held.removeFirst(min(count, held.count)) }
            return Array(held.prefix(count))
        }
    }
}
