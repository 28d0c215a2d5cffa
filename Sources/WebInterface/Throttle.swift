// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Synchronization

/// Holds back the answers to failed sign-ins of one name, longer each time, and keeps the lines in which people wait.
///
/// Never a lock: the right password always works once it is looked at, and who signs in with another name does not wait behind what is held back.
/// Names that do not exist are counted too, so that the time of an answer says nothing.
final class Throttle: Sendable {
    private struct Failures {
        var count = 0
        /// When the last of them was: the one longest ago makes room.
        var turn = 0
    }
    private struct Content {
        var failures: [String: Failures] = [:]
        var turn = 0
        /// Attempts that are held back, by name.
        var held: [String: Int] = [:]
        var inLine = 0
    }
    private let content = Mutex(Content())

    /// What cannot be a name needs no memory of its own.
    private static func key(_ name: String) -> String { Account.isName(name) ? name : "" }

    /// One attempt, counted as a failure before it is looked at: many that come at once wait as those that come one after the other.
    struct Attempt {
        /// How often this name has failed since it last succeeded, with this one.
        let count: Int
        /// How long it waits before it is looked at.
        var delaySeconds: Int {
            count <= WebLimits.freeFailures
                ? 0 : min(1 << min(count - WebLimits.freeFailures - 1, 10), WebLimits.longestDelaySeconds)
        }
    }

    func begin(_ name: String) -> Attempt {
        content.withLock { content in
            let key = Self.key(name)
            if content.failures[key] == nil, content.failures.count >= WebLimits.rememberedNames,
                let oldest = content.failures.min(by: { $0.value.turn < $1.value.turn })
            {
                content.failures[oldest.key] = nil
            }
            content.turn += 1
            content.failures[key, default: Failures()].count += 1
            content.failures[key]?.turn = content.turn
            return Attempt(count: content.failures[key]?.count ?? 0)
        }
    }

    /// The attempt was no failure, and tells nothing of the others.
    func takeBack(_ name: String) {
        content.withLock { content in
            let key = Self.key(name)
            guard let count = content.failures[key]?.count else { return }
            content.failures[key]?.count = count - 1
            if count <= 1 { content.failures[key] = nil }
        }
    }

    func succeeded(_ name: String) { content.withLock { $0.failures[Self.key(name)] = nil } }

    /// A place among the attempts of this name that are held back.
    ///
    /// - Throws: WebFault `.tooMany`.
    func hold(_ name: String) throws(WebFault) {
        let isFree = content.withLock { content in
            let key = Self.key(name)
            guard content.held[key, default: 0] < WebLimits.heldBackOfName,
                content.held.values.reduce(0, +) < WebLimits.heldBack
            else { return false }
            content.held[key, default: 0] += 1
            return true
        }
        guard isFree else { throw .tooMany }
    }

    func letGo(_ name: String) {
        content.withLock { content in
            let key = Self.key(name)
            content.held[key, default: 1] -= 1
            if content.held[key] == 0 { content.held[key] = nil }
        }
    }

    /// A place in the line of those whose password is worked on now.
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

/// Room for so many at once.
final class Gate: Sendable {
    private let room: Mutex<Int>
    init(_ room: Int) { self.room = Mutex(room) }

    /// - Returns: whether there was room; then ``leave()`` gives it back.
    func enter() -> Bool {
        room.withLock { room in
            guard room > 0 else { return false }
            room -= 1
            return true
        }
    }

    func leave() { room.withLock { $0 += 1 } }
}
