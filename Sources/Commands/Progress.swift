// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A line on standard error that tells how far long work has come; silent where nobody watches.
///
/// One owner. It redraws at most ten times a second, and only on a terminal.
struct Progress {
    private let title: String
    private let total: Int
    private let isShown: Bool
    private var last = ContinuousClock.now - .seconds(1)
    private let start = ContinuousClock.now

    init(_ title: String, total: Int, quiet: Bool) {
        self.title = title
        self.total = total
        isShown = !quiet && isatty(STDERR_FILENO) == 1
    }

    mutating func update(_ done: Int) {
        guard isShown, ContinuousClock.now - last > .milliseconds(100) || done == total else { return }
        last = ContinuousClock.now
        let elapsed = Double((last - start).components.seconds) + Double((last - start).components.attoseconds) / 1e18
        let remaining = done > 0 && elapsed > 1 ? ", \(Int(elapsed / Double(done) * Double(total - done))) s left" : ""
        let line = "\r\(title): \(done) of \(total)\(remaining)\u{1B}[K"
        Console.write(Data(line.utf8), to: .standardError)
    }

    func finish() {
        if isShown { Console.write(Data("\r\u{1B}[K".utf8), to: .standardError) }
    }
}
