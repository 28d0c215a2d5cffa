// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What is sealed of a file that a person attaches: a picture without what it hides, a PDF or plain text as it is, piece by piece; nothing else.
final class AttachmentSource {
    private let handle: FileHandle
    /// A cleaned picture or a text, and how much of it was read. A PDF is read from the handle.
    private var whole: [UInt8]?
    private var offset = 0

    /// - Throws: ``DeskError`` `.attachment`: it cannot be read; `.fileNotTaken`: it may not be attached.
    init(_ url: URL) throws(DeskError) {
        do {
            handle = try FileHandle(forReadingFrom: url)
            let head = [UInt8](try handle.read(upToCount: 16) ?? Data())
            if try Picture.type(of: head) == .pdf {
                try handle.seek(toOffset: 0)
            } else {
                let file = head + [UInt8](try handle.read(upToCount: Picture.limit) ?? Data())
                whole = try Picture(cleaning: file)?.bytes ?? file
            }
        } catch let error as PictureError {
            throw DeskError(.fileNotTaken, error.reason)
        } catch {
            throw DeskError(.attachment, "an attachment cannot be read")
        }
    }

    deinit { try? handle.close() }

    /// The next `count` bytes; fewer at the end, none behind it.
    func read(_ count: Int) throws -> [UInt8] {
        guard let whole else { return [UInt8](try handle.read(upToCount: count) ?? Data()) }
        defer { offset += count }
        return Array(whole.dropFirst(offset).prefix(count))
    }
}
