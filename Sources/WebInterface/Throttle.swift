// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Holds back the answers to failed sign-ins of one name, longer each time.
///
/// Never a lock: the right password always works, and nobody can shut another person out. Names that do not exist are counted too, so
/// that the time of an answer says nothing.
final class Throttle: Sendable {
    private struct Content {
        var failures: [String: Int] = [:]
        var inLine = 0
    }
    private let content = Mutex(Content())

    /// How long this attempt waits before it is looked at.
    func delaySeconds(of name: String) -> Int {
        let failures = content.withLock { $0.failures[name] ?? 0 }
        guard failures >= WebLimits.freeFailures else { return 0 }
        return min(1 << min(failures - WebLimits.freeFailures, 10), WebLimits.longestDelaySeconds)
    }

    func failed(_ name: String) {
        content.withLock { content in
            // Bounded: who fills it with invented names makes everybody's count begin anew, no more.
            if content.failures.count >= WebLimits.rememberedNames { content.failures.removeAll() }
            content.failures[name, default: 0] += 1
        }
    }

    func succeeded(_ name: String) { content.withLock { $0.failures[name] = nil } }

    /// A place in the line of those whose password is to be checked.
    ///
    /// - Throws: WebFault `.tooMany`.
    func enter() throws(WebFault) {
        let isFree = content.withLock { content in
            guard content.inLine < WebLimits.passwordLine else { return false }
            content.inLine += 1
            return true
        }
        guard isFree else { throw .tooMany }
    }

    func leave() { content.withLock { $0.inLine -= 1 } }
}
