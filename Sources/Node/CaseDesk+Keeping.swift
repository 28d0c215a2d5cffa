// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Procedure

/// What the procedure lets nobody keep any longer goes. Protocols/CaseFile.md §3.2.
extension CaseDesk {
    /// For a clock that runs ahead, and for an answer that was given in time and is being written. *Assumed.*
    private static let graceSeconds: Int64 = 86_400

    /// Destroys the forms of received letters whose guard is red by now. Their slips and steps stay.
    ///
    /// Asks only about cases that have changed, or whose time has come; a crash leaves what the next call ends. A case of which a letter is
    /// not judged yet waits for it.
    ///
    /// - Returns: the letters whose forms are gone, and the first of each case that could not be asked about.
    @discardableResult
    func destroyUnkept(at now: Instant) throws -> (destroyed: [LetterID], failed: [LetterID]) {
        let due = Dictionary(grouping: try store.read { try $0.apart(dueAt: now) }, by: \.caseID)
        var (destroyed, failed): ([LetterID], [LetterID]) = ([], [])
        for (caseID, letters) in due.sorted(by: { $0.key < $1.key }) {
            do { destroyed += try destroyUnkept(in: caseID, at: now) } catch is CaseFileError {
                // One damaged case holds up no other.
                failed += letters.prefix(1).map(\.letter)
            }
        }
        return (destroyed, failed)
    }

    private func destroyUnkept(in caseID: CaseID, at now: Instant) throws -> [LetterID] {
        var destroyed: [LetterID] = []
        var (attachments, parts): ([Digest], [Digest]) = ([], [])
        try store.write { transaction in
            // A notice is no end here: a letter that it gave up may turn out to have been opened, and the forms are wanted then.
            guard let record = try transaction.caseRecord(caseID),
                let sight = try CaseSight(
                    record, profiles: network.profilesByDigest, noticesCount: false, in: transaction),
                try !sight.letters.contains(where: {
                    try transaction.inboxEntry($0.id).map { $0.state == .stored || $0.state == .waiting } ?? false
                })
            else { return }
            for apart in try transaction.apart(dueAt: now) where apart.caseID == caseID {
                let today = sight.history.keeping(of: apart.letter, at: now)
                let before = sight.history.keeping(of: apart.letter, at: now + -Self.graceSeconds)
                if today.isKept || before.isKept, try store.keys.hasKey(of: apart.letter) {
                    let turns = [today.holdsUntil, before.holdsUntil.map { $0 + Self.graceSeconds }]
                    try transaction.keep(apart, until: turns.compactMap { $0 }.min())
                } else {
                    let files = try transaction.destroyForms(of: apart.letter, at: now)
                    destroyed.append(apart.letter)
                    attachments += files.attachments
                    parts += files.parts
                }
            }
        }
        for file in attachments { store.files.removeAttachment(file) }
        for file in parts { store.files.remove(file) }
        return destroyed
    }
}
