// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// May this log sign? What the lock, a second store that is never restored, says of the tree that is about to be signed.
///
/// Protocols/Log.md §5.3.
public enum LogLock: Hashable, Sendable {
    /// The lock has this very tree: its note is the one to use.
    case current
    /// The tree goes on from the lock's: sign it, then replace the lock's checkpoint, if it is still the old one, then show it.
    case ahead
    /// Never sign again without a person: see each.
    case halted(Reason)

    public enum Reason: String, Sendable, CaseIterable {
        /// There is no lock. Only a person who brings a checkpoint that another broker cosigned may make one anew.
        case missing
        /// The lock knows more leaves than the store: the store was restored, or lost its tail.
        case behind
        /// The tree has another root at the lock's size.
        case forked
    }

    /// - Parameters:
    ///   - lock: the lock's checkpoint; `nil` if it is gone. A new log has one of size 0.
    ///   - head: of the leaves in the store, read back.
    ///   - headAt: the head that the store's leaves give at a smaller size; asked for the lock's size at most once.
    public static func judge(lock: TreeHead?, head: TreeHead, headAt: (Int64) throws -> TreeHead) rethrows -> LogLock {
        guard let lock else { return .halted(.missing) }
        guard lock.size <= head.size else { return .halted(.behind) }
        guard lock.size < head.size else { return lock == head ? .current : .halted(.forked) }
        return try headAt(lock.size) == lock ? .ahead : .halted(.forked)
    }
}
