// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import GRDB
public import Letters
public import Procedure

/// What the lists show of a case, as it was derived from its letters: one row a case, under the case's key.
///
/// Triggers give a case a new *turn* with every change of its letters and of what is known of their way. A row counts while its turn is
/// the case's own.
extension CaseTransaction {
    /// Cases that changed after this turn, each with its own.
    public func touched(after turn: Int64) throws -> [(caseID: CaseID, turn: Int64)] {
        try Row.fetchAll(
            database.statement("SELECT pseudonym, turn FROM touched WHERE turn > ? ORDER BY turn"), arguments: [turn]
        ).compactMap { row in CaseID(row["pseudonym"] as String).map { ($0, row["turn"]) } }
    }

    /// The summary of a case, if one was made at its present turn on this basis.
    ///
    /// - Parameter basis: what else it was derived from: a digest of the profiles that are here.
    /// - Returns: `nil` too where it does not open: it can be made again.
    public func summary(of caseID: CaseID, turn: Int64, basis: Digest) throws -> (
        content: [UInt8], holdsUntil: Instant?
    )? {
        guard
            let row = try Row.fetchOne(
                database.statement(
                    "SELECT sealed, holds_until FROM summary WHERE pseudonym = ? AND turn = ? AND basis = ?"),
                arguments: [caseID.text, turn, basis.data]),
            let content = try? AESGCM.open(
                [UInt8](row["sealed"] as Data), key: try keys.key(of: caseID),
                associatedData: Self.summaryLabel(caseID, turn))
        else { return nil }
        return (content, row.optionalInstant("holds_until"))
    }

    /// Keeps a summary, unless the case has changed since.
    public func putSummary(
        _ content: [UInt8], of caseID: CaseID, turn: Int64, basis: Digest, holdsUntil: Instant?
    ) throws {
        let sealed = try AESGCM.seal(
            content, key: try keys.key(of: caseID), associatedData: Self.summaryLabel(caseID, turn))
        try database.run(
            """
            INSERT OR REPLACE INTO summary SELECT pseudonym, turn, ?3, ?4, ?5 FROM touched WHERE pseudonym = ?1 AND turn = ?2
            """, [caseID.text, turn, basis.data, holdsUntil?.seconds, Data(sealed)])
    }

    private static func summaryLabel(_ caseID: CaseID, _ turn: Int64) -> [UInt8] {
        Array("kheya-summary/1\n\(caseID.text)\n\(turn)".utf8)
    }
}
