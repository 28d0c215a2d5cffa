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
        var used: UInt64
    }

    private struct State {
        var entries: [CaseID: Entry] = [:]
        var clock: UInt64 = 0
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Takes the history out, so that its owner changes it in place; ``keep(_:of:version:)`` puts it back.
    func take(_ caseID: CaseID, version: Int64) -> CaseHistory? {
        state.withLock { state in
            guard let entry = state.entries[caseID], entry.version == version else { return nil }
            return state.entries.removeValue(forKey: caseID)?.history
        }
    }

    /// A copy, for judging beside the store.
    func look(_ caseID: CaseID) -> (history: CaseHistory, version: Int64)? {
        state.withLock { $0.entries[caseID].map { ($0.history, $0.version) } }
    }

    func keep(_ history: CaseHistory, of caseID: CaseID, version: Int64) {
        state.withLock { state in
            state.clock += 1
            state.entries[caseID] = Entry(version: version, history: history, used: state.clock)
            guard state.entries.count > limit else { return }
            // A tenth at once: finding the oldest ones costs a pass over all.
            let oldest = state.entries.sorted { $0.value.used < $1.value.used }.prefix(limit / 10 + 1)
            for (key, _) in oldest { state.entries.removeValue(forKey: key) }
        }
    }
}
