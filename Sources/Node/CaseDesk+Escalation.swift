// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
public import Letters
public import Procedure

extension CaseDesk {
    /// Tells whoever oversees of a step that is overdue, in a case of its own: what is owed, which role and member hold it, since when and
    /// until when it was due. No name and no text, and nothing that leads to the case.
    ///
    /// - Parameters:
    ///   - deadline: its name in the profile, as ``Wait/deadline``.
    ///   - member: holds the role that the profile tells escalations to.
    /// - Throws: ``DeskError``: `.notOverdue` where nothing of this name is; else as ``openCase(_:caseID:at:alongside:)``.
    public func escalate(
        _ deadline: String, in caseID: CaseID, to member: MemberID, account: String, at now: Instant
    ) throws -> ActResult {
        let form = try store.read { transaction -> Procedure.Form? in
            let sight = try sight(caseID, transaction)
            let answers = try FormAnswers.read(sight, transaction)
            let due = sight.history.dueSteps(at: now, answers: answers).first { $0.deadline == deadline }
            return due.flatMap { $0.isOverdue(at: now) ? network.profileInForce?.escalation(of: $0) : nil }
        }
        guard let form else { throw DeskError(.notOverdue, "\(deadline): not overdue, or nobody is told of it") }
        return try openCase(
            Act(
                events: [Event(code: form.event)], forms: [FormDraft(document: FormDocument.bytes(of: form))],
                to: [member], account: account), at: now)
    }
}
