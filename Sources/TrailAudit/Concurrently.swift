// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

extension Array where Element: Sendable {
    /// The same as `map`, on all cores.
    func concurrently<Value: Sendable>(_ work: @Sendable (Element) -> Value) -> [Value] {
        guard count > 1 else { return map(work) }
        let made = Mutex([Value?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { place in
            let value = work(self[place])
            made.withLock { $0[place] = value }
        }
        return made.withLock { $0.compactMap(\.self) }
    }
}
