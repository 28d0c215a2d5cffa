// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import GRDB
public import Letters
public import Procedure

/// What people are filling in, under the key of its case.
extension CaseTransaction {
    public func draft(_ id: Digest) throws -> DraftRecord? {
        try Row.fetchOne(database.statement("SELECT * FROM draft WHERE id = ?"), arguments: [id.data]).map(draft)
    }

    /// Those not sealed yet, newest first; of one case, or of all.
    public func drafts(of caseID: CaseID? = nil) throws -> [DraftRecord] {
        let rows =
            if let caseID {
                try Row.fetchAll(
                    database.statement(
                        "SELECT * FROM draft WHERE pseudonym = ? AND letters IS NULL ORDER BY updated DESC"),
                    arguments: [caseID.text])
            } else {
                try Row.fetchAll(database.statement("SELECT * FROM draft WHERE letters IS NULL ORDER BY updated DESC"))
            }
        return try rows.map(draft)
    }

    /// Adds a draft or replaces it; of one that is sealed the uploads go. The case's key is made if it is not there: a draft may come before its case.
    public func put(_ draft: DraftRecord) throws {
        let sealed = try AESGCM.seal(
            [UInt8](JSONEncoder().encode(draft.content)), key: try keys.makeKey(of: draft.caseID),
            associatedData: Self.label(draft.id, draft.caseID))
        try database.run(
            "INSERT OR REPLACE INTO draft VALUES(?, ?, ?, ?, ?, ?)",
            [
                draft.id.data, draft.caseID.text, draft.created.seconds, draft.updated.seconds,
                draft.letters.isEmpty ? nil : Data(draft.letters.flatMap(\.bytes)), Data(sealed),
            ])
        if !draft.letters.isEmpty { try removeUploads(in: draft.id) }
    }

    /// Throws a draft away.
    public func removeDraft(_ id: Digest) throws {
        try database.run("DELETE FROM draft WHERE id = ?", [id.data])
        try removeUploads(in: id)
    }

    private func draft(_ row: Row) throws -> DraftRecord {
        let id = try row.digest("id")
        let (text, sealed, letters): (String, Data, Data?) = (row["pseudonym"], row["sealed"], row["letters"])
        guard let caseID = CaseID(text),
            let plain = try? AESGCM.open(
                [UInt8](sealed), key: try keys.key(of: caseID), associatedData: Self.label(id, caseID)),
            let content = try? JSONDecoder().decode(ActDraft.self, from: Data(plain))
        else { throw CaseFileError(.damaged, "a draft does not open under its case's key") }
        let all = [UInt8](letters ?? Data())
        return DraftRecord(
            id: id, caseID: caseID, created: Instant(seconds: row["created"]),
            updated: Instant(seconds: row["updated"]),
            letters: stride(from: 0, to: all.count, by: 32).compactMap {
                Digest(Array(all[$0..<min($0 + 32, all.count)]))
            },
            content: content)
    }

    private static func label(_ id: Digest, _ caseID: CaseID) -> [UInt8] {
        Array("kheya-draft/1\n\(caseID.text)\n\(id.hex)".utf8)
    }
}
