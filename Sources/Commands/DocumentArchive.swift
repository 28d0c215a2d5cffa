// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import Procedure
import Sealing

/// Directory and profile letters in one file: what an authority hands out, on a stick or by mail. A tar of `<letter id>/slip.p7s`
/// and `<letter id>/file`. Nothing in it is secret, and nothing is believed before its signature.
enum DocumentArchive {
    static func write(_ documents: [SignedDocument]) throws -> [UInt8] {
        var archive: [UInt8] = []
        for document in documents {
            let id = Digest.sha256(Array(try Gate.slip(document.slip).content))
            LetterArchive.append(.slip(id), document.slip, to: &archive)
            LetterArchive.append(.file(id), document.file, to: &archive)
        }
        return archive + LetterArchive.end
    }

    /// - Throws: ``CommandFailure`` `.dataError` for anything but such a file; ``LetterError``.
    static func read(_ bytes: [UInt8]) throws -> [SignedDocument] {
        var documents: [SignedDocument] = []
        var slip: (id: LetterID, bytes: [UInt8])?
        var entry: LetterArchive.Entry?
        var content: [UInt8] = []
        var isForeign = false
        var reader = LetterArchiveReader(limits: LetterArchiveLimits(bytes: 64 << 20, letters: 64))
        try reader.feed(bytes) { (event: LetterArchiveReader.Event) throws(LetterError) in
            switch event {
            case .entry(let next, count: _): (entry, content) = (next, [])
            case .bytes(let more): content += more
            case .entryEnd:
                switch entry {
                case .slip(let id): slip = (id, content)
                case .file(let id) where slip?.id == id:
                    documents.append(SignedDocument(slip: slip?.bytes ?? [], file: content))
                default: isForeign = true
                }
            }
        }
        try reader.finish()
        guard !isForeign, !documents.isEmpty else {
            throw CommandFailure(
                .dataError, "this file holds no directory or profile letters",
                cure: "Take what `kheya authority publish` wrote.")
        }
        return documents
    }
}
