// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What is sealed of a file that a person attaches: a picture without what it hides, anything else as it is, piece by piece.
final class AttachmentSource {
    private let handle: FileHandle
    /// A cleaned picture, and how much of it was read. Other files are read from the handle.
    private var picture: [UInt8]?
    private var offset = 0

    /// - Throws: ``DeskError`` `.attachment`: it cannot be read, or is a picture that cannot be cleaned.
    init(_ url: URL) throws(DeskError) {
        do {
            handle = try FileHandle(forReadingFrom: url)
            let head = [UInt8](try handle.read(upToCount: 16) ?? Data())
            if try Picture.format(of: head) != nil {
                let rest = [UInt8](try handle.read(upToCount: Picture.limit) ?? Data())
                picture = try Picture(cleaning: head + rest)?.bytes
            } else {
                try handle.seek(toOffset: 0)
            }
        } catch let error as PictureError {
            throw DeskError(.attachment, error.reason)
        } catch {
            throw DeskError(.attachment, "an attachment cannot be read")
        }
    }

    deinit { try? handle.close() }

    /// The next `count` bytes; fewer at the end, none behind it.
    func read(_ count: Int) throws -> [UInt8] {
        guard let picture else { return [UInt8](try handle.read(upToCount: count) ?? Data()) }
        defer { offset += count }
        return Array(picture.dropFirst(offset).prefix(count))
    }
}
