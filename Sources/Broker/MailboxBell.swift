// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import MessageStore
import Procedure
import Synchronization

/// Wakes those who wait for a queue. It carries nothing: who wakes looks into the store.
final class MailboxBell: Sendable {
    private struct State {
        var rung: [QueueName: UInt64] = [:]
        var waiting: [QueueName: [UInt64: CheckedContinuation<Void, Never>]] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// To be taken before the store is asked: a letter that comes between asking and waiting ends the wait at once.
    func ticket(_ queue: QueueName) -> UInt64 { state.withLock { $0.rung[queue] ?? 0 } }

    func ring(_ queues: Set<QueueName>) {
        let woken = state.withLock { state in
            queues.flatMap { queue -> [CheckedContinuation<Void, Never>] in
                state.rung[queue, default: 0] += 1
                return state.waiting.removeValue(forKey: queue).map { Array($0.values) } ?? []
            }
        }
        for continuation in woken { continuation.resume() }
    }

    func ringAll() { ring(state.withLock { Set($0.waiting.keys).union($0.rung.keys) }) }

    /// Returns when the queue rings after `ticket` was taken, when `seconds` have passed, or when the task is cancelled.
    func wait(_ queue: QueueName, after ticket: UInt64, seconds: Double) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(queue, after: ticket) }
            group.addTask { try? await Task.sleep(for: .milliseconds(Int64(max(0, seconds) * 1_000))) }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait(_ queue: QueueName, after ticket: UInt64) async {
        let key = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if Task.isCancelled || (state.rung[queue] ?? 0) != ticket { return true }
                    state.waiting[queue, default: [:]][key] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting[queue]?.removeValue(forKey: key) }?.resume()
        }
    }
}

/// Bells that belong to no queue of the store: no member has these names.
extension QueueName {
    /// Rings when there may be something to sweep.
    static let sweeper = name("xx:sweeper")
    /// Rings when a newer directory is in use.
    static let directory = name("xx:directory")

    private static func name(_ text: String) -> QueueName {
        guard let member = MemberID(text) else { preconditionFailure("a member id") }
        return QueueName(member, .context)
    }
}
