// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Procedure

/// Derives who waits on whom from the profile's deadlines and from what lies in outbox and inbox. Silence moves nothing; it only shows.
struct Waits {
    let sight: CaseSight
    let member: MemberID
    let now: Instant

    func all(_ transaction: CaseTransaction) throws -> [Wait] {
        var waits = steps(answers: try FormAnswers.read(sight, transaction))
        for letter in sight.letters where letter.type == .step {
            if let entry = try transaction.outboxEntry(letter.id) {
                let slip = try sight.slips[letter.id] ?? StoredSlip.read(letter.slip)
                if entry.state == .waiting {
                    waits.append(Wait(kind: .broker, on: [], since: letter.sent, letter: letter.id))
                }
                let answered = Set(try transaction.receipts(for: letter.id).map(\.sender))
                let silent = slip.to.map(\.member).filter { !answered.contains($0) }
                if entry.state == .stored, !silent.isEmpty {
                    waits.append(
                        Wait(kind: .receipt, on: silent, since: entry.settled ?? letter.sent, letter: letter.id))
                }
            } else if let entry = try transaction.inboxEntry(letter.id) {
                switch entry.state {
                case .stored, .waiting:
                    waits.append(Wait(kind: .ancestors, on: [letter.sender], since: letter.arrived, letter: letter.id))
                case .judged where entry.acted == nil && letter.state != .invalid:
                    waits.append(
                        Wait(kind: .us, on: [member], since: entry.judged ?? letter.arrived, letter: letter.id))
                default: break
                }
            }
        }
        return waits
    }

    /// What the profile's deadlines say that somebody owes.
    private func steps(answers: [String: FormAnswer]) -> [Wait] {
        sight.history.dueSteps(at: now, answers: answers).map { step in
            Wait(
                kind: .step, on: step.holders, role: step.role, since: step.since, due: step.due,
                deadline: step.deadline,
                events: step.steps, letter: step.letter)
        }
    }
}
