// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Letters flow between two nodes over two brokers while processes die by SIGKILL at random moments. `make crash N=200`.
@Suite(.serialized) struct CrashTests {
    /// `KHEYA_CRASH_KILLS`, `KHEYA_CRASH_SEED`, `KHEYA_CRASH_MINUTES`: the campaign asks for more than every test run does.
    static var kills: Int { ProcessInfo.processInfo.environment["KHEYA_CRASH_KILLS"].flatMap(Int.init) ?? 10 }
    static var seed: UInt64 {
        ProcessInfo.processInfo.environment["KHEYA_CRASH_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
    }
    static var minutes: Double? { ProcessInfo.processInfo.environment["KHEYA_CRASH_MINUTES"].flatMap(Double.init) }

    @Test func `nothing is lost, doubled, invented or out of order while processes are killed`() async throws {
        let seed = Self.seed
        let harness = try CrashHarness(seed: seed)
        try harness.world.startAll()
        try harness.openCases(3)
        try await harness.run(kills: Self.kills, minutes: Self.minutes)
        try harness.settle()
        let count = try harness.count()
        print("crash: seed \(seed), \(harness.killed) kills (\(harness.killsByProcess)), \(count)")
        #expect(count.isClean, "seed \(seed): \(count)")
        #expect(count.sent > 0)
        try harness.checkStores()
    }

    /// The same oracle over a broker that answered "stored" and then forgot: its store is put back to an earlier copy, which is what an
    /// acknowledgement before the commit leaves after a power cut.
    @Test func `the oracle catches a broker that forgets what it has acknowledged`() async throws {
        let harness = try CrashHarness(seed: 7)
        let world = harness.world
        try world.startAll()
        try harness.openCases(1)
        try harness.settle()
        // 1. Everything is quiet; the NGO is off, so that letters stay in the mailbox. Copy the store of its broker.
        world.stop("ngo")
        world.stop("bd-broker")
        let store = try FileManager.default.contentsOfDirectory(atPath: world.path("bd-broker")).filter {
            $0.hasPrefix("broker.sqlite") && !$0.hasSuffix(".lock")
        }
        for file in store {
            try FileManager.default.copyItem(
                atPath: world.path("bd-broker/\(file)"), toPath: world.path("copy-\(file)"))
        }
        try world.start("bd-broker")
        // 2. Letters reach it: the shelter has its broker's word, that broker has the other's.
        for _ in 0..<3 { try harness.act(home: "shelter", case: harness.cases[0]) }
        try world.wait(for: "three letters in the mailbox") {
            let status = try world.run(["broker", "status", "--home", world.path("bd-broker"), "--json"]).json()
            return (status["mailboxes"] as? [String: Int])?[World.ngo] == 3
        }
        // 3. Power cut, with a broker that had not written what it said.
        world.kill("bd-broker")
        for file in try FileManager.default.contentsOfDirectory(atPath: world.path("bd-broker"))
        where file.hasPrefix("broker.sqlite") && !file.hasSuffix(".lock") {
            try FileManager.default.removeItem(atPath: world.path("bd-broker/\(file)"))
        }
        for file in store {
            try FileManager.default.copyItem(
                atPath: world.path("copy-\(file)"), toPath: world.path("bd-broker/\(file)"))
        }
        try world.start("bd-broker")
        try world.start("ngo")
        try await Task.sleep(for: .seconds(4))
        let count = try harness.count()
        print("crash, negative control: \(count)")
        #expect(count.lost == 3, "\(count)")
        #expect(!count.isClean)
    }
}
