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

/// The third verifier over a bundle of the corpus: `verify_letter.sh` is given the receipt of one letter, as the bundle's own leaves and
/// newest checkpoint make it, and must say of it what the first verifier says of that letter. Protocols/Trail.md §8.
struct AttackReceipt {
    /// What it looks at; of a checkpoint only the newest, under which its receipt stands.
    private static let ofCheckpoint: Set<TrailFinding.Code> = [.trust, .logSignature, .quorum, .root]
    private static let ofLetter: Set<TrailFinding.Code> = [.canon, .slip]

    private let receipt: [UInt8]
    private let slip: [UInt8]
    /// How its answer begins.
    let expected: String

    /// The letter that the report says most of, else the first one; `nil` where the bundle has none that is proved.
    init?(_ bundle: PracticeBundle, _ report: TrailReport) throws {
        let found = report.findings.filter { $0.weight == .fail }
        let origin = found.compactMap(\.origin).first { bundle.logs[$0] != nil } ?? AttackTests.inLog
        guard let log = bundle.logs[origin], let size = log.notes.keys.compactMap(Int64.init).max(),
            size <= log.leaves.count, let note = log.notes[String(size)].flatMap({ try? SignedNote($0) })
        else { return nil }
        let named = Set(found.filter { $0.origin == origin && Self.ofLetter.contains($0.code) }.compactMap(\.leaf))
        var chosen: (index: Int, event: [UInt8], slip: Digest, caseID: CaseID?)?
        for (index, event) in log.events.enumerated().prefix(Int(size)) {
            // What no longer opens its leaf has no receipt; what is not of the one form is read as far as its digests go.
            guard let event, Digest.sha256(event) == log.leaves[index] else { continue }
            guard let read = try? LogEvent(event) else {
                if named.contains(Int64(index)) { chosen = (index, event, .sha256([]), nil) }
                continue
            }
            let slip: Digest
            switch read.content {
            case .accepted(_, let file, _), .arrived(_, let file, _, _): slip = file
            default: continue
            }
            if chosen == nil || named.contains(Int64(index)) { chosen = (index, event, slip, read.place?.caseID) }
            if named.contains(Int64(index)) { break }
        }
        guard let chosen else { return nil }
        let tree = LeafTree(leafHashes: log.leaves.prefix(Int(size)).map { MerkleHash.leaf($0) })
        let proof = try MerkleTree.inclusionProof(of: Int64(chosen.index), in: size, node: tree.node)
        receipt = LogReceipt(event: chosen.event, proof: proof, note: note).bytes
        slip = chosen.caseID.flatMap { bundle.slips[$0]?[chosen.slip] } ?? []
        let place = Int64(chosen.index)
        let codes = Set(
            found.filter { finding in
                finding.code == .trust && (finding.origin ?? origin) == origin
                    || finding.origin == origin && Self.ofCheckpoint.contains(finding.code) && finding.leaf == size
                    || finding.origin == origin && Self.ofLetter.contains(finding.code) && finding.leaf == place
            }.map(\.code))
        // In the order in which it looks.
        let first = ([.trust, .logSignature, .quorum, .root, .canon, .slip] as [TrailFinding.Code]).first(
            where: codes.contains)
        expected = first.map { "FAIL \($0.rawValue) " } ?? "PASS "
    }

    /// What the script says of it.
    func judged(in bundle: PracticeBundle) throws -> String {
        let disk = try bundle.write()
        let (receipt, slip) = (disk.folder.appending(path: "receipt"), disk.folder.appending(path: "slip"))
        try Data(self.receipt).write(to: receipt)
        try Data(self.slip).write(to: slip)
        return try SmallVerifier.letter(receipt.path, slip: slip.path, trust: disk.trust).output
    }
}
