// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import GRDB
import Letters
public import Procedure

/// Files on their way into a draft, in pieces under the key of its case: those that are still coming, and those that its answers name.
///
/// They go with the draft: when it is sealed, and when it is thrown away.
extension CaseTransaction {
    /// How much of an upload has come: where its next piece begins.
    public func uploadedBytes(of name: Digest, in draft: Digest) throws -> Int64 {
        try Int64.fetchOne(
            database.statement("SELECT MAX(position + size) FROM upload WHERE draft = ? AND name = ?"),
            arguments: [draft.data, name.data]) ?? 0
    }

    /// How much of all uploads of a draft lies here.
    public func uploadedBytes(in draft: Digest) throws -> Int64 {
        try Int64.fetchOne(
            database.statement("SELECT SUM(size) FROM upload WHERE draft = ?"), arguments: [draft.data]) ?? 0
    }

    /// Adds the next piece of an upload.
    ///
    /// - Parameter name: random, or an HMAC: a digest of the content would tell who has the file which one it is.
    public func addUpload(_ piece: [UInt8], of name: Digest, in draft: DraftRecord) throws {
        let offset = try uploadedBytes(of: name, in: draft.id)
        let sealed = try AESGCM.seal(
            piece, key: try keys.makeKey(of: draft.caseID),
            associatedData: Self.uploadLabel(draft.id, draft.caseID.text, name, offset))
        try database.run(
            "INSERT INTO upload VALUES(?, ?, ?, ?, ?, ?)",
            [draft.id.data, draft.caseID.text, name.data, offset, piece.count, Data(sealed)])
    }

    /// The piece that begins there; `nil` behind the last.
    ///
    /// - Throws: ``CaseFileError`` `.damaged`.
    public func uploadPiece(at offset: Int64, of name: Digest, in draft: Digest) throws -> [UInt8]? {
        guard
            let row = try Row.fetchOne(
                database.statement(
                    "SELECT pseudonym, sealed FROM upload WHERE draft = ? AND name = ? AND position = ?"),
                arguments: [draft.data, name.data, offset])
        else { return nil }
        let (text, sealed): (String, Data) = (row["pseudonym"], row["sealed"])
        guard let caseID = CaseID(text),
            let piece = try? AESGCM.open(
                [UInt8](sealed), key: try keys.key(of: caseID),
                associatedData: Self.uploadLabel(draft, text, name, offset))
        else { throw CaseFileError(.damaged, "a piece of an upload does not open under its case's key") }
        return piece
    }

    public func removeUpload(_ name: Digest, in draft: Digest) throws {
        try database.run("DELETE FROM upload WHERE draft = ? AND name = ?", [draft.data, name.data])
    }

    /// Removes all uploads of a draft but these.
    public func keepUploads(_ named: Set<Digest>, in draft: Digest) throws {
        let here = try Data.fetchAll(
            database.statement("SELECT DISTINCT name FROM upload WHERE draft = ?"), arguments: [draft.data])
        for name in here.compactMap({ Digest($0) }) where !named.contains(name) { try removeUpload(name, in: draft) }
    }

    /// Removes all uploads of a draft.
    func removeUploads(in draft: Digest) throws {
        try database.run("DELETE FROM upload WHERE draft = ?", [draft.data])
    }

    private static func uploadLabel(_ draft: Digest, _ caseID: String, _ name: Digest, _ offset: Int64) -> [UInt8] {
        Array("kheya-upload/1\n\(caseID)\n\(draft.hex)\n\(name.hex)\n\(offset)".utf8)
    }
}
