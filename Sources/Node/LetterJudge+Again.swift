// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Procedure
import Sealing

/// Judging again: a verdict is one about a letter and what comes before it, so it changes when something before it becomes void, or
/// counts again. Protocols/CaseFile.md, "Transit".
extension LetterJudge {
    /// Judges all steps of a case again that descend from a letter, each after its ancestors, our own among them: whoever else has the same
    /// letters comes to the same.
    func judgeAgain(after changed: LetterID, in caseID: CaseID, _ transaction: CaseTransaction) throws {
        guard let record = try transaction.caseRecord(caseID),
            let sight = try CaseSight(record, profiles: desk.network.profilesByDigest, in: transaction)
        else { return }
        let before = Dictionary(
            uniqueKeysWithValues: sight.letters.filter { $0.state.isInGraph }.map {
                ($0.id, Set(sight.history.ancestors(of: $0.id)))
            })
        var history = CaseHistory(profile: sight.history.profile, versions: desk.network.profilesByDigest)
        let ordered = sight.letters.filter { before[$0.id] != nil }.sorted {
            (before[$0.id]?.count ?? 0, $0.id) < (before[$1.id]?.count ?? 0, $1.id)
        }
        for letter in ordered {
            guard var step = sight.history.step(letter.id) else { continue }
            if letter.type == .step, letter.direction != .context, before[letter.id]?.contains(changed) == true,
                let slip = sight.slips[letter.id]
            {
                try judgeAgain(letter, slip, step, in: history, record, transaction)
                step.isVoid = try transaction.letter(letter.id).map { try transaction.isVoid($0) } ?? step.isVoid
            }
            history.insert(step)
        }
    }

    private func judgeAgain(
        _ letter: LetterRecord, _ slip: Slip, _ step: Step, in history: CaseHistory, _ record: CaseRecord,
        _ transaction: CaseTransaction
    ) throws {
        let entry = try transaction.inboxEntry(letter.id)
        let isRefused = letter.state == .invalid
        // What did not open is no question of the procedure; what is not answered yet is looked at again anyway.
        if isRefused, letter.direction == .in, entry?.code?.hasPrefix("procedure.") != true { return }
        if let entry, entry.state != .judged { return }
        if isRefused, step.sealed == .unknown {
            // Its sealed steps were never kept: it is opened once more.
            return try transaction.setInbox(letter.id, state: .stored)
        }
        var refusal: Refusal?
        if case .refused(let found) = history.admit(step) { refusal = found }
        guard (refusal != nil) != isRefused else { return }
        let state: LetterRecord.State = refusal != nil ? .invalid : letter.direction == .out ? .made : .valid
        let code = refusal.map { _ in "procedure.refused" }
        try transaction.setState(state, of: letter.id)
        if let refusal {
            try transaction.putRecord(
                .verdict, id: letter.id, letter: letter.id, in: letter.caseID, refusal.record)
            try transaction.raise(
                Alarm(at: now, kind: .invalid, member: letter.sender, letter: letter.id, detail: code))
        }
        guard letter.direction == .in else { return }
        let receipt = try desk.maker(transaction, now).makeReceipt(
            for: letter.id, to: letter.sender, state: refusal == nil ? .valid : .invalid, code: code, lane: .normal,
            record: record, root: slip.root ?? letter.id)
        try transaction.setInbox(letter.id, state: .judged, code: code, receipt: receipt.id, judged: now)
    }
}

extension CaseTransaction {
    /// What waits is looked at again. A letter that has had its effect already keeps it meanwhile.
    func wake(_ letter: LetterRecord) throws {
        guard try inboxEntry(letter.id)?.state == .waiting else { return }
        if letter.state == .waiting { try setState(.stored, of: letter.id) }
        try setInbox(letter.id, state: .stored)
    }
}
