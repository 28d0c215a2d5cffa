// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A fixed number of threads for OpenSSL: it blocks, so it runs neither on the cooperative pool nor on an event loop.
final class VerifyingPool: @unchecked Sendable {
    // @unchecked: `jobs` and `isClosed` are touched under `condition` only.
    private let condition = NSCondition()
    private var jobs: [@Sendable () -> Void] = []
    private var isClosed = false

    /// - Parameter threads: 0: one for each core.
    init(threads: Int) {
        for index in 0..<(threads > 0 ? threads : max(1, ProcessInfo.processInfo.activeProcessorCount)) {
            let thread = Thread { [weak self] in
                while let job = self?.next() { job() }
            }
            thread.name = "kheya.verify.\(index)"
            thread.stackSize = 1_048_576
            thread.start()
        }
    }

    /// Ends the threads when what was asked before is done.
    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    /// Runs `body` on each value, in the order of `values`, in as many pieces as there are threads to take them.
    func map<Value: Sendable, Result: Sendable>(
        _ values: [Value], _ body: @escaping @Sendable (Value) -> Result
    ) async -> [Result] {
        guard !values.isEmpty else { return [] }
        // Eight at a time: large enough that handing over costs nothing, small enough that a push of 64 uses every core.
        let pieces = stride(from: 0, to: values.count, by: 8).map { Array(values[$0..<min(values.count, $0 + 8)]) }
        if pieces.count == 1 { return await run { values.map(body) } }
        return await withTaskGroup(of: (Int, [Result]).self) { group in
            for (index, piece) in pieces.enumerated() {
                group.addTask { (index, await self.run { piece.map(body) }) }
            }
            var results = [[Result]](repeating: [], count: pieces.count)
            for await (index, piece) in group { results[index] = piece }
            return results.flatMap { $0 }
        }
    }

    func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            let job: @Sendable () -> Void = { continuation.resume(returning: body()) }
            condition.lock()
            if isClosed {
                condition.unlock()
                job()
                return
            }
            jobs.append(job)
            condition.signal()
            condition.unlock()
        }
    }

    private func next() -> (@Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty {
            if isClosed { return nil }
            condition.wait()
        }
        return jobs.removeFirst()
    }
}
