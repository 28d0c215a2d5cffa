// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Procedure

/// What the procedure lets nobody keep any longer goes. Protocols/CaseFile.md §3.2.
extension CaseDesk {
    /// Destroys the forms of received letters whose guard is red by now. Their slips and steps stay.
    ///
    /// Asks only about cases that have changed, or whose time has come; a crash leaves what the next call ends.
    ///
    /// - Returns: the letters whose forms are gone.
    @discardableResult
    func destroyUnkept(at now: Instant) throws -> [LetterID] {
        guard try !store.read({ try $0.apart(dueAt: now) }).isEmpty else { return [] }
        var destroyed: [LetterID] = []
        var (attachments, parts): ([Digest], [Digest]) = ([], [])
        try store.write { transaction in
            let due = Dictionary(grouping: try transaction.apart(dueAt: now), by: \.caseID)
            for (caseID, letters) in due.sorted(by: { $0.key < $1.key }) {
                guard let record = try transaction.caseRecord(caseID),
                    let sight = try CaseSight(record, profiles: network.profilesByDigest, in: transaction)
                else { continue }
                for apart in letters {
                    let (isKept, holdsUntil) = sight.history.keeping(of: apart.letter, at: now)
                    if isKept, store.keys.hasKey(of: apart.letter) {
                        try transaction.keep(apart, until: holdsUntil)
                    } else {
                        let files = try transaction.destroyForms(of: apart.letter)
                        destroyed.append(apart.letter)
                        attachments += files.attachments
                        parts += files.parts
                    }
                }
            }
        }
        for file in attachments { store.files.removeAttachment(file) }
        for file in parts { store.files.remove(file) }
        return destroyed
    }
}
