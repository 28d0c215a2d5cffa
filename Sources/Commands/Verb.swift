// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// One verb. It does its work in ``execute(_:)`` and throws; what it throws becomes a message, a cure and an exit status here.
protocol Verb: AsyncParsableCommand {
    var output: OutputOptions { get }
    func execute(_ console: Console) async throws
}

extension Verb {
    mutating func run() async throws {
        let console = Console(json: output.json)
        do {
            try await execute(console)
        } catch let code as ExitCode {
            throw code
        } catch {
            let failure = CommandFailure(explaining: error)
            console.failed(failure)
            throw ExitCode(failure.status.rawValue)
        }
    }
}

/// What every command takes.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object with stable keys instead of text.")
    var json = false
}
