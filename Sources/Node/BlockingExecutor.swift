// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// Runs an actor on a thread that may block: SQLite and sealing do, and the cooperative pool must not wait for them.
final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
