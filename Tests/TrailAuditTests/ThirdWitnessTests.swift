// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import Sealing
import TestSupport
import Testing
import TrailAudit
import TransparencyLog

/// A policy that asks for a third witness. Protocols/Log.md §5.1.
@Suite struct ThirdWitnessTests {
    private static let third: WitnessSigner = {
        do { return try WitnessSigner(name: "third.example/witness", seed: Array(repeating: 3, count: 32)) } catch {
            fatalError("\(error)")
        }
    }()

    /// The honest bundle under a policy that names the third.
    private func bundle(_ quorum: String, isCosigned: Bool) throws -> PracticeBundle {
        var bundle = AttackTests.honest
        for (origin, policy) in bundle.policies {
            bundle.policies[origin] =
                policy.replacing("quorum peer\n", with: "witness third \(Self.third.key.text)\n")
                + "group thirds any third\ngroup both \(quorum) peer thirds\nquorum both\n"
            guard isCosigned else { continue }
            let at = bundle.asOf + -3_600
            let notes = try #require(bundle.logs[origin]?.notes).mapValues { bytes in
                let note = try SignedNote(bytes)
                return try note.adding(Self.third.cosign(Checkpoint(text: note.text), at: at)).bytes
            }
            bundle.logs[origin]?.notes = notes
        }
        return bundle
    }

    @Test(arguments: [("all", true, true), ("all", false, false), ("any", false, true), ("2", true, true)])
    func `all three verifiers ask for the third witness where the policy does`(
        quorum: String, isCosigned: Bool, holds: Bool
    ) throws {
        let bundle = try bundle(quorum, isCosigned: isCosigned)
        let report = try bundle.verify()
        #expect(report.findings.contains { $0.code == .quorum } == !holds, "\(report.text)")
        #expect((report.verdict == .pass) == holds)
        let disk = try bundle.write()
        let python = try SmallVerifier.trail(disk.bundle, trust: disk.trust, asOf: bundle.asOf.seconds)
        #expect((python.status == 0) == holds && python.output.contains("QUORUM") == !holds, "\(python.output)")

        let slip = try AttackTests.letter("offer")
        let log = try #require(bundle.logs[AttackTests.inLog])
        let index = try AttackTests.index(AttackTests.inLog, "accepted", slip.id)
        let size = try #require(log.notes.keys.compactMap { Int64($0) }.max())
        let tree = LeafTree(leafHashes: log.leaves.map { MerkleHash.leaf($0) })
        let proof = try MerkleTree.inclusionProof(of: Int64(index), in: size) { try tree.node($0) }
        let receipt = LogReceipt(
            event: try #require(log.events[index]), proof: proof,
            note: try SignedNote(#require(log.notes[String(size)])))
        let files = (disk.folder.appending(path: "receipt"), disk.folder.appending(path: "slip"))
        try Data(receipt.bytes).write(to: files.0)
        try Data(slip.file).write(to: files.1)
        let shell = try SmallVerifier.letter(files.0.path, slip: files.1.path, trust: disk.trust)
        #expect((shell.status == 0) == holds && shell.output.contains("FAIL QUORUM") == !holds, "\(shell.output)")
    }
}
