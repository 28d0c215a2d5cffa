// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
public import Letters
public import Procedure

/// Forms that may have to go before their case does lie under a key of their letter, which is destroyed alone; so do all attachments of the
/// letter.
/// Protocols/CaseFile.md §3.2.
extension CaseTransaction {
    /// A letter whose forms lie apart, and the turn of its case.
    public struct Apart: Sendable, Hashable {
        public var letter: LetterID
        public var caseID: CaseID
        public var turn: Int64
    }

    /// Forms of this letter lie under its own key, as its attachments do; the key must be there (``CaseKeys/makeKey(of:)-(LetterID)``).
    public func setApart(_ letter: LetterID, in caseID: CaseID) throws {
        try database.run(
            """
            INSERT INTO apart VALUES(?, ?, 0, NULL, NULL) ON CONFLICT(letter) DO UPDATE SET judged = 0, gone = NULL
            """, [letter.data, caseID.text])
    }

    /// Letters of which it has to be asked whether their forms stay: their case has changed since it was asked last, or the moment has
    /// come until which the answer held.
    public func apart(dueAt now: Instant) throws -> [Apart] {
        try Row.fetchAll(
            database.statement(
                """
                SELECT letter, pseudonym, turn FROM apart JOIN touched USING(pseudonym)
                WHERE gone IS NULL AND (turn != judged OR holds_until <= ?) ORDER BY pseudonym, letter
                """), arguments: [now.seconds]
        ).compactMap { row in
            try CaseID(row["pseudonym"] as String).map {
                Apart(letter: try row.digest("letter"), caseID: $0, turn: row["turn"])
            }
        }
    }

    /// The forms stay, until this moment at least if nothing comes.
    public func keep(_ apart: Apart, until: Instant?) throws {
        try database.run(
            "UPDATE apart SET judged = ?, holds_until = ? WHERE letter = ?",
            [apart.turn, until?.seconds, apart.letter.data])
    }

    /// Destroys forms and attachments of a letter, the key first: it does not come back when this transaction fails.
    ///
    /// - Returns: files to remove once this transaction has ended.
    public func destroyForms(of letter: LetterID, at now: Instant) throws -> (attachments: [Digest], parts: [Digest]) {
        try keys.destroyKey(of: letter)
        let attachments = try String.fetchAll(
            database.statement("SELECT DISTINCT file FROM attachment WHERE letter = ?"), arguments: [letter.data])
        try database.run("DELETE FROM record WHERE kind = 'form' AND letter = ? AND apart", [letter.data])
        try database.run("DELETE FROM attachment WHERE letter = ?", [letter.data])
        try database.run("UPDATE apart SET gone = ? WHERE letter = ?", [now.seconds, letter.data])
        return (attachments.compactMap { Digest(hex: $0) }, try dropParts(of: letter))
    }

    /// When the forms of a letter went because nobody may keep them; `nil` where none did.
    public func formsGone(of letter: LetterID) throws -> Instant? {
        try Int64.fetchOne(database.statement("SELECT gone FROM apart WHERE letter = ?"), arguments: [letter.data])
            .map { Instant(seconds: $0) }
    }

    /// The key under which the attachments of a letter lie; of a form its row says it.
    func contentKey(of letter: LetterID, in caseID: CaseID) throws -> [UInt8] {
        try isApart(letter) ? keys.key(of: letter, in: caseID) : keys.key(of: caseID)
    }

    /// Whether a crash came after the letter's own key was destroyed: what lay under it is noise, and goes with the next look.
    func isGone(_ letter: LetterID) throws -> Bool { try isApart(letter) && !keys.hasKey(of: letter) }

    private func isApart(_ letter: LetterID) throws -> Bool {
        try Bool.fetchOne(database.statement("SELECT 1 FROM apart WHERE letter = ?"), arguments: [letter.data]) != nil
    }
}
