// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Node
import Procedure

extension CaseCommand {
    struct Erase: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Destroy the content of a case, by an order that was found valid here.",
            discussion: """
                Two persons say it, one after the other; with the second the case's key and everything under it is destroyed, and who \
                ordered it is told, signed. Nothing brings it back. Slips, times and states stay. The node must not run.
                """,
            example: "kheya case erase LETTER --home node --as worker-1")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(name: .customLong("as"), help: "Who says so.") var account: String
        @Argument(help: "The id of the letter that orders it.") var order: Digest

        struct Report: Encodable {
            let order: String
            let erased: Bool
            let receipt: String?
        }

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            let lock = try NodeLock(home: opened.url)
            let answer = try await NodeAssembly.blocking {
                try node.desk.erase(by: order, account: account, at: opened.now)
            }
            withExtendedLifetime(lock) {}
            switch answer {
            case .awaitsSecond:
                try console.result("case.erase", Report(order: order.hex, erased: false, receipt: nil)) {
                    "noted; a second person has to say the same"
                }
            case .erased(let receipt):
                try console.result("case.erase", Report(order: order.hex, erased: true, receipt: receipt.hex)) {
                    "erased; receipt \(receipt.hex)"
                }
            }
        }
    }
}
