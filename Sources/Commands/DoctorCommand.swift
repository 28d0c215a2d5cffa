// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import Membership
import Procedure

/// `kheya doctor`: looks at everything a home rests on, and says what to do about each fault.
struct DoctorCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Check a home and this machine: OpenSSL, keys, modes, certificates, directories, store, clock, disk, broker.",
        discussion: """
            Each line is ok, a warning or a failure, with what to do. Nothing is changed. Exits with 2 when something failed.

            Example:
              kheya doctor --home node --key-file node.key
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var home: HomeOptions
    @ArgumentParser.Flag(help: "Do not call the broker.") var offline = false

    func execute(_ console: Console) async throws {
        var examination = Examination()
        examination.openSSL()
        let path = try home.directory.path
        examination.disk(path)
        examination.modes(path)
        do {
            let opened = try OpenedHome(home)
            examination.add("keys", .ok, "the keys open")
            examination.certificates(opened)
            examination.directories(opened)
            examination.clock(opened)
            await examination.store(opened)
            if opened.home.settings.kind == .member { examination.documents(opened) }
            if !offline, opened.home.settings.kind == .member { await examination.broker(opened) }
        } catch {
            let failure = CommandFailure(explaining: error)
            examination.add("keys", .failure, failure.message, cure: failure.cure)
        }
        let report = examination
        try console.result("doctor", report) {
            Table.lines(
                report.checks.map { [$0.status.mark, $0.name, $0.finding + ($0.cure.isEmpty ? "" : " " + $0.cure)] }
            )
            .joined(separator: "\n")
        }
        guard !report.checks.contains(where: { $0.status == .failure }) else {
            throw ExitCode(ExitStatus.checkFailed.rawValue)
        }
    }
}
