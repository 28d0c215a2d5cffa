// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Range<Int> {
    /// The same work for each number, on all cores; what it gave, in their order.
    func concurrently<Output: Sendable>(_ work: @Sendable (Int) throws -> Output) throws -> [Output] {
        let cores = Swift.max(1, ProcessInfo.processInfo.activeProcessorCount)
        let share = (count + cores - 1) / cores
        let shares = Shares<Output>(cores)
        DispatchQueue.concurrentPerform(iterations: cores) { core in
            let first = Swift.min(upperBound, lowerBound + core * share)
            let mine = first..<Swift.min(upperBound, first + share)
            shares.set(core, Result { try mine.map(work) })
        }
        return try shares.joined()
    }
}

/// One result for each core, written by different threads.
private final class Shares<Output: Sendable>: @unchecked Sendable {
    // @unchecked: the lock guards the list.
    private let lock = NSLock()
    private var list: [Result<[Output], any Error>?]

    init(_ count: Int) { list = Array(repeating: nil, count: count) }
    func set(_ index: Int, _ result: Result<[Output], any Error>) { lock.withLock { list[index] = result } }
    func joined() throws -> [Output] { try lock.withLock { try list.flatMap { try $0?.get() ?? [] } } }
}
