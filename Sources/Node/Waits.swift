// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Procedure

/// Derives who waits on whom from the profile's deadlines and from what lies in outbox and inbox. Silence moves nothing; it only shows.
struct Waits {
    let sight: CaseSight
    let state: CaseState
    let member: MemberID

    func all(_ transaction: CaseTransaction) throws -> [Wait] {
        var waits = steps()
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

    /// Deadlines that run: the newest step that starts one, and no step after it that ends it.
    private func steps() -> [Wait] {
        guard state.hasEnded != true else { return [] }
        let profile = sight.history.profile
        var waits: [Wait] = []
        for (name, deadline) in profile.definition.deadlines.sorted(by: { $0.key < $1.key }) where deadline.isMaximum {
            func isOf(_ standing: CaseState.Standing, _ names: [String]) -> Bool {
                guard standing.effect == .effective || standing.effect == .noted else { return false }
                return names.contains(standing.event)
            }
            guard let start = state.events.lastIndex(where: { isOf($0, deadline.from) }),
                !state.events[start...].dropFirst().contains(where: { isOf($0, deadline.to) })
            else { continue }
            let events = deadline.to.filter { profile.event($0) != nil }
            guard !events.isEmpty else { continue }
            let roles = Set(events.flatMap { profile.event($0)?.by ?? [] })
            let holders = roles.reduce(into: Set<MemberID>()) { $0.formUnion(sight.history.parties[$1] ?? []) }
            let since = state.events[start].at ?? sight.slips[state.events[start].letter]?.at ?? sight.record.created
            // Months are counted as 30 days for a reminder; what turns a guard red counts exactly, in the guard.
            waits.append(
                Wait(
                    kind: .step, on: holders.sorted(), since: since,
                    due: since + (deadline.seconds + deadline.months * 30 * 86_400),
                    deadline: name, events: events, letter: state.events[start].letter))
        }
        return waits
    }
}
