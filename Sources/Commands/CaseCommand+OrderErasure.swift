// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Node
import Procedure
import TransparencyLog

extension CaseCommand {
    struct OrderErasure: Verb {
        static let configuration = CommandConfiguration(
            commandName: "order-erasure",
            abstract: "Order that the content of a case be erased, as a member who may and has no part in it.",
            discussion: """
                Each broker writes what it holds of the case with `kheya log erasure --draft`. The order goes to everybody who has a part \
                in the case; they and the brokers judge it, and one of them can object.
                """,
            example: "kheya case order-erasure in.json bd.json --home node --as worker-1")
        @OptionGroup var output: OutputOptions
        @OptionGroup var home: HomeOptions
        @Option(name: .customLong("as"), help: "Who orders it.") var account: String
        @Argument(help: ArgumentHelp("What the brokers have written, one for each log.", valueName: "draft"))
        var drafts: [String]

        struct Report: Encodable { let order: String }

        func execute(_ console: Console) async throws {
            let (node, opened) = try NodeAssembly.open(home)
            let order = try await NodeAssembly.blocking {
                let drafts = try drafts.map { try ErasureDraft(Files.read($0)) }
                return try node.desk.orderErasure(drafts, account: account, at: opened.now)
            }
            try console.result("case.order-erasure", Report(order: order.hex)) { "ordered by letter \(order.hex)" }
        }
    }
}
