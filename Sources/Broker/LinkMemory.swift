// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure
import Synchronization

/// Who the last callers were.
///
/// Every request asks twice who calls, and checking the signature of a certificate costs more than all else about a small request. An
/// answer holds for the second and the directories that it was given with, so it is always the one that judging anew would give.
final class LinkMemory: Sendable {
    private struct State {
        var second = Instant(seconds: .min)
        var generation: UInt64 = 0
        var answers: [[UInt8]: Peer?] = [:]
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - leaf: the caller's certificate, DER.
    ///   - generation: changes with the directories.
    ///   - judge: what it rests on; runs without the lock.
    func peer(_ leaf: [UInt8], now: Instant, generation: UInt64, judge: () -> Peer?) -> Peer? {
        let known: Peer?? = state.withLock { state in
            guard state.second == now, state.generation == generation else { return nil }
            return state.answers[leaf]
        }
        if let known { return known }
        let answer = judge()
        state.withLock { state in
            if state.second != now || state.generation != generation {
                state.second = now
                state.generation = generation
                state.answers = [:]
            }
            // A flood of strangers does not fill the memory: the door holds fewer connections than this.
            if state.answers.count < 1_024 { state.answers[leaf] = .some(answer) }
        }
        return answer
    }
}
