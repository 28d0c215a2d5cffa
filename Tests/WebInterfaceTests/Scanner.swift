// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a telephone does with a code on a page or on paper.
enum Scanner {
    /// What a scanner reads from the code on a page.
    static func reads(_ page: some StringProtocol) throws -> String {
        let svg = try #require(String(page).firstMatch(of: /viewBox="-4 -4 ([0-9]+) [0-9]+"[^>]*><path d="([^"]*)"/))
        let side = try #require(Int(svg.1))
        var dark = Set<[Int]>()
        for run in svg.2.matches(of: /M([0-9]+) ([0-9]+)h([0-9]+)/) {
            let numbers = [run.1, run.2, run.3].compactMap { Int($0) }
            for column in numbers[0]..<numbers[0] + numbers[2] { dark.insert([column, numbers[1]]) }
        }
        let scale = 4
        var image = "P1\n\(side * scale) \(side * scale)\n"
        for row in 0..<side * scale {
            image +=
                (0..<side * scale).map { dark.contains([$0 / scale - 4, row / scale - 4]) ? "1" : "0" }.joined(
                    separator: " ") + "\n"
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("kheya-code-\(UUID().uuidString).pbm")
        try Data(image.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/zbarimg")
        process.arguments = ["-q", "--raw", file.path]
        process.standardOutput = pipe
        try process.run()
        let read = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: read, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
