// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Procedure

/// A summary as a row of the case file keeps it. What does not read is made again, so the format may change.
extension CaseSummary {
    private struct Stored: Codable {
        struct Wait: Codable {
            var kind, role, deadline, letter: String?
            var on, events: [String]
            var since: Int64
            var due: Int64?
        }
        var opened, answered: Bool
        var created, newest: Int64
        var lifecycle, underWay: [String]
        var sent: [String: Int]
        var urgentCame, ordinaryCame: [Int64]
        var profile: String
        var ended: Bool?
        var unread, waiting: Int
        var ours, others: Wait?
    }

    var record: [UInt8] {
        func stored(_ wait: Wait?) -> Stored.Wait? {
            wait.map { wait in
                Stored.Wait(
                    kind: wait.kind.rawValue, role: wait.role, deadline: wait.deadline, letter: wait.letter?.hex,
                    on: wait.on.map(\.text), events: wait.events, since: wait.since.seconds, due: wait.due?.seconds)
            }
        }
        let stored = Stored(
            opened: overview.openedHere, answered: isAnswered, created: overview.created.seconds,
            newest: overview.newest.seconds, lifecycle: overview.lifecycle, underWay: underWay.map(\.hex),
            sent: Dictionary(uniqueKeysWithValues: sent.map { ($0.rawValue, $1) }),
            urgentCame: urgentCame.map(\.seconds), ordinaryCame: ordinaryCame.map(\.seconds),
            profile: overview.profile.hex, ended: overview.hasEnded, unread: overview.unread,
            waiting: overview.waiting, ours: stored(ours), others: stored(others))
        return (try? [UInt8](JSONEncoder().encode(stored))) ?? []
    }

    init?(record: [UInt8], of caseID: CaseID) {
        guard let stored = try? JSONDecoder().decode(Stored.self, from: Data(record)),
            let profile = Digest(hex: stored.profile)
        else { return nil }
        func wait(_ stored: Stored.Wait?) -> Wait? {
            guard let stored, let kind = stored.kind.flatMap(Wait.Kind.init(rawValue:)) else { return nil }
            return Wait(
                kind: kind, on: stored.on.compactMap { MemberID($0) }, role: stored.role,
                since: Instant(seconds: stored.since), due: stored.due.map { Instant(seconds: $0) },
                deadline: stored.deadline, events: stored.events, letter: stored.letter.flatMap { Digest(hex: $0) })
        }
        overview = CaseOverview(
            caseID: caseID, openedHere: stored.opened, created: Instant(seconds: stored.created),
            lifecycle: stored.lifecycle, profile: profile, hasEnded: stored.ended,
            newest: Instant(seconds: stored.newest), unread: stored.unread, waiting: stored.waiting)
        (ours, others) = (wait(stored.ours), wait(stored.others))
        underWay = stored.underWay.compactMap { Digest(hex: $0) }
        sent = stored.sent.reduce(into: [:]) { sent, entry in
            if let state = OutboxEntry.State(rawValue: entry.key) { sent[state] = entry.value }
        }
        urgentCame = stored.urgentCame.map { Instant(seconds: $0) }
        ordinaryCame = stored.ordinaryCame.map { Instant(seconds: $0) }
        isAnswered = stored.answered
    }
}
