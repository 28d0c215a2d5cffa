// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Synchronization

/// Histories of the cases that were written to last, each with the version of the case in the store that it shows.
///
/// Only a memory: the store decides. A history is used when its version is the one that the transaction reads, and no version comes
/// twice, so that what a transaction put here before it was undone is never believed.
final class CaseMemory: Sendable {
    private struct Entry {
        var version: Int64
        var history: CaseHistory
    }

    /// Two generations: when the newer one is full, the older one goes as a whole, and nobody looks for the oldest.
    private struct State {
        var newer: [CaseID: Entry] = [:]
        var older: [CaseID: Entry] = [:]
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Takes the history out, so that its owner changes it in place; ``keep(_:of:version:)`` puts it back.
    func take(_ caseID: CaseID, version: Int64) -> CaseHistory? {
        state.withLock { state in
            guard let entry = state.newer[caseID] ?? state.older[caseID], entry.version == version else { return nil }
            state.newer.removeValue(forKey: caseID)
            state.older.removeValue(forKey: caseID)
            return entry.history
        }
    }

    /// A copy, for judging beside the store.
    func look(_ caseID: CaseID) -> (history: CaseHistory, version: Int64)? {
        state.withLock { state in
            (state.newer[caseID] ?? state.older[caseID]).map { ($0.history, $0.version) }
        }
    }

    func keep(_ history: CaseHistory, of caseID: CaseID, version: Int64) {
        state.withLock { state in
            state.older.removeValue(forKey: caseID)
            state.newer[caseID] = Entry(version: version, history: history)
            guard state.newer.count >= limit / 2 else { return }
            state.older = state.newer
            state.newer = [:]
        }
    }
}
