// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Procedure
import Sealing
import Synchronization

/// Keeps the summaries of all cases: in memory what the database has, there what replay says.
///
/// A case is replayed when its letters have changed since its row was written, when a profile has come, and when a moment has passed at
/// which time alone may change it. Everything else is read once, and then from memory.
final class CaseLists: Sendable {
    private struct Content {
        var turn: Int64 = 0
        var basis: Digest?
        var held: [CaseID: (summary: CaseSummary, turn: Int64, holdsUntil: Instant?)] = [:]
        var holdsUntil: Instant?
        var list = CaseList([])
    }
    private let content = Mutex(Content())

    /// Cases that are replayed before their rows are written.
    private static let batch = 256

    func list(_ desk: CaseDesk, at now: Instant) throws -> CaseList {
        try content.withLock { content in
            let basis = Digest.sha256(desk.network.profiles.map(\.digest).sorted().flatMap(\.bytes))
            if basis != content.basis { content = Content(basis: basis) }
            var changed = try desk.store.read { try $0.touched(after: content.turn) }
            if let end = content.holdsUntil, end <= now {
                let known = Set(changed.map(\.caseID))
                changed += content.held.filter { !known.contains($0.key) && ($0.value.holdsUntil ?? now + 1) <= now }
                    .map { ($0.key, $0.value.turn) }
            }
            guard !changed.isEmpty else { return content.list }
            for start in stride(from: 0, to: changed.count, by: Self.batch) {
                try take(changed[start..<min(start + Self.batch, changed.count)], into: &content, basis, desk, now)
            }
            content.turn = max(content.turn, changed.map(\.turn).max() ?? 0)
            content.holdsUntil = content.held.values.compactMap(\.holdsUntil).min()
            content.list = CaseList(content.held.values.map(\.summary))
            return content.list
        }
    }

    private func take(
        _ cases: ArraySlice<(caseID: CaseID, turn: Int64)>, into content: inout Content, _ basis: Digest,
        _ desk: CaseDesk,
        _ now: Instant
    ) throws {
        var made: [CaseID] = []
        try desk.store.read { transaction in
            for (caseID, turn) in cases {
                if let row = try transaction.summary(of: caseID, turn: turn, basis: basis),
                    row.holdsUntil.map({ $0 > now }) ?? true, let summary = CaseSummary(record: row.content, of: caseID)
                {
                    content.held[caseID] = (summary, turn, row.holdsUntil)
                } else if let (summary, holdsUntil) = try desk.replayed(caseID, transaction, at: now) {
                    content.held[caseID] = (summary, turn, holdsUntil)
                    made.append(caseID)
                }
            }
        }
        guard !made.isEmpty else { return }
        try desk.store.write { transaction in
            for caseID in made {
                guard let held = content.held[caseID] else { continue }
                try transaction.putSummary(
                    held.summary.record, of: caseID, turn: held.turn, basis: basis, holdsUntil: held.holdsUntil)
            }
        }
    }
}
