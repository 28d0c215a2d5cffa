// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The figures of Kheya on one machine; `make bench` runs it.
@main struct Benchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Benchmarks", abstract: "Measure against the floors of this machine, and print ratios.",
        subcommands: [Measure.self, PartContender.self], defaultSubcommand: Measure.self)
}
