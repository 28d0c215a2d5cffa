// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import MessageStore
internal import Procedure

/// A letter as plain files, for local inspection with `openssl` and `sha256sum`. Never for carrying: its slip tells who writes to whom.
public enum LetterDirectory {
    /// Writes `<directory>/<letter id>/slip.p7s` and `<directory>/<letter id>/parts/<digest>`; blocks.
    ///
    /// - Throws: ``CourierError`` `.exists` if that letter was written there before.
    public static func write(_ letter: LetterBundle, to directory: String) throws(CourierError) {
        let parent = try OpenDirectory(path: directory)
        let files = try parent.makeDirectory(letter.id.hex)
        try files.write("slip.p7s", letter.slip)
        let parts = try files.makeDirectory("parts")
        for (digest, bytes) in letter.parts.sorted(by: { $0.key < $1.key }) { try parts.write(digest.hex, bytes) }
        try parts.sync()
        try files.sync()
        try parent.sync()
    }
}
