// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

// A fixture that is wrong shall end the run.
// swift-format-ignore-file: NeverForceUnwrap, NeverUseForceTry

import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing
import TestSupport
import Testing
import TrailAudit
import TransparencyLog

/// Attacks on a trail: each made from an honest bundle or by a lying broker, each reported with its codes, by every
/// verifier that must; and each passes once its own check is left out.
@Suite struct AttackTests {
    static let inLog = "in.kheya.example/2026"
    static let bdLog = "bd.kheya.example/2026"

    /// Four letters: offered, accepted, withdrawn, and a dossier that is refused.
    static func trail(_ lies: PracticeTrail.Lies = .init(), _ change: (inout PracticeTrail) throws -> Void = { _ in })
        throws -> PracticeTrail
    {
        var trail = try PracticeTrail(lies: lies)
        try trail.tell("withdrawn-accepted", as: "case")
        try change(&trail)
        return trail
    }

    static let honestTrail: PracticeTrail = { do { return try trail() } catch { fatalError("\(error)") } }()
    static let honest: PracticeBundle = {
        do { return try PracticeBundle(honestTrail) } catch { fatalError("\(error)") }
    }()

    /// The Indian broker logs one more directory.
    static func directed(
        _ make: (PracticeWorld, PracticeWorld.Country) throws -> (document: SignedDocument, version: Int64)
    ) throws -> PracticeBundle {
        var forged: SignedDocument?
        let trail = try trail { trail in
            let (document, version) = try make(
                trail.world, try #require(trail.world.authorities[PracticeWorld.inAuthority]))
            trail.log(.directory(try PracticeTrail.document(document, version)), at: PracticeTrail.inBroker)
            try trail.publish()
            forged = document
        }
        var bundle = try PracticeBundle(trail)
        let document = try #require(forged)
        bundle.documents[.directory(.sha256(document.slip), isLetter: true)] = document.slip
        bundle.documents[.directory(.sha256(document.file), isLetter: false)] = document.file
        return bundle
    }

    struct Attack: Sendable, CustomTestStringConvertible {
        let name: String
        let codes: Set<String>
        /// Without these checks it would pass.
        var verdict = TrailReport.Verdict.fail
        let make: @Sendable () throws -> PracticeBundle
        var testDescription: String { name }
    }

    // MARK: - Places in the honest bundle

    static func letter(_ name: String) throws -> SignedSlip { try #require(honestTrail.letters["case.\(name)"]) }

    /// Where a log says something of a letter.
    static func index(_ log: String, _ kind: String, _ letter: LetterID) throws -> Int {
        try #require(
            honest.logs[log]?.events.firstIndex {
                guard let event = $0.flatMap({ try? LogEvent($0) }) else { return false }
                return event.content.kind == kind && String(decoding: event.bytes, as: UTF8.self).contains(letter.hex)
            })
    }

    private static func edit(_ change: (inout PracticeBundle) throws -> Void) rethrows -> PracticeBundle {
        var bundle = honest
        try change(&bundle)
        return bundle
    }

    /// A log cut back to one of its own checkpoints.
    static func rollBack(_ bundle: inout PracticeBundle, _ origin: String, keeping: (Int64) -> Bool) throws {
        var log = try #require(bundle.logs[origin])
        let sizes = log.notes.keys.compactMap(Int64.init).filter(keeping)
        let size = Int(try #require(sizes.max()))
        log.leaves = Array(log.leaves.prefix(size))
        log.events = Array(log.events.prefix(size))
        log.notes = log.notes.filter { Int64($0.key).map(keeping) ?? false }
        bundle.logs[origin] = log
    }

    /// A letter that ends in silence, and the receipts that its reader did not sign.
    static func silence(receipts: Bool, by signer: MemberID = PracticeTrail.inBroker) throws -> PracticeBundle {
        let told = try trail(.init(unreceipted: ["case.accept"]))
        var bundle = try PracticeBundle(told)
        bundle.asOf = bundle.asOf + 100 * 86_400
        guard receipts else { return bundle }
        let letter = try #require(told.letters["case.accept"])
        let offer = try #require(told.letters["case.offer"])
        for state in [About.State.valid, .acted] {
            let to = Addressee(
                member: letter.slip.from, certificate: letter.slip.to[0].certificate, epoch: 1, sequence: 9)
            let slip = Slip(
                type: .receipt, lane: .normal, from: letter.slip.to[0].member, to: [to], caseID: letter.slip.caseID,
                root: offer.id, parents: [letter.id], about: About(letter: letter.id, state: state),
                at: letter.slip.at + 30)
            let signed = try SignedSlip.sign(slip, by: try told.world.party(signer).signing)
            bundle.slips[slip.caseID!]?[.sha256(signed.file)] = signed.file
        }
        return bundle
    }

    /// Leaves of the log of IN, closed by an order that is told as the last letter of a case.
    ///
    /// - Parameters:
    ///   - lies: what the order's sender or the brokers do otherwise; its letter is `case.ordered`.
    ///   - order: the letter that is named as the order.
    ///   - ordered: what the order says.
    ///   - level: what the log says that it erased.
    ///   - after: seconds from the last letter to the erasure; as a rule the profile's retention has passed.
    static func erasure(
        _ lies: PracticeTrail.Lies = .init(), order: String = "ordered", ordered: LogEvent.ErasureLevel = .record,
        level: LogEvent.ErasureLevel = .record,
        after: Int64 = PracticeTrail.profile.value.retentionSeconds + 86_400, closes: Bool = true
    ) throws -> PracticeBundle {
        // A trail that is told twice has the same events at the same leaves.
        var probe = try PracticeTrail()
        try probe.tell("erasure-ordered", as: "case", first: 7)
        let leaves = try #require(probe.logs[PracticeTrail.inBroker]).events.indices.filter { index in
            (try? LogEvent(probe.logs[PracticeTrail.inBroker]!.events[index]))?.content.kind == "fetched"
        }.map { Int64($0) }
        var lies = lies
        let facts = ErasureFacts(ordered, leaves: leaves, of: inLog)
        lies.facts["case.\(order)"] = facts.facts
        var trail = try PracticeTrail(lies: lies)
        try trail.tell("erasure-ordered", as: "case")
        let letter = try #require(trail.letters["case.\(order)"])
        trail.now = trail.now + after
        if level == .record, closes {
            trail.log(
                .closed(profile: PracticeTrail.profile.value.digest, verdict: .kept, steps: 7, weeks: 1),
                at: PracticeTrail.inBroker)
        }
        trail.log(
            .erased(leaves: leaves, level: level, letter: letter.id, slip: .sha256(letter.file)),
            at: PracticeTrail.inBroker)
        try trail.publish()
        var bundle = try PracticeBundle(trail)
        for leaf in leaves { bundle.logs[inLog]?.events[Int(leaf)] = nil }
        return bundle
    }

    /// What is left when every event of a case and its slips are taken out, under another promise.
    static func gutted(_ profile: TrailManifest.Profile) -> PracticeBundle {
        edit { bundle in
            bundle.manifest.profile = profile
            bundle.manifest.caseID = profile == .oneCase ? bundle.slips.keys.first : nil
            bundle.slips = [:]
            for (origin, log) in bundle.logs {
                bundle.manifest.logs[origin] = .init(from: 0, to: 0)
                bundle.logs[origin]?.events = log.events.map { event in
                    event.flatMap { try? LogEvent($0) }?.place == nil ? event : nil
                }
            }
        }
    }

    /// The openings of the log of IN, written otherwise.
    static func openings(_ change: (inout [[UInt8]]) -> Void) throws -> PracticeBundle {
        var bundle = honest
        let events = try #require(bundle.logs[inLog]).events
        var openings = events.enumerated().compactMap { index, event in event.map { Array("\(index)\n".utf8) + $0 } }
        change(&openings)
        bundle.extra[TrailName.events(origin: inLog, tile: 0).path] = Array(openings.joined())
        return bundle
    }

    static let attacks: [Attack] = [
        Attack(name: "another history that a log has signed, shown by the other", codes: ["FORK"]) {
            try edit { bundle in
                let log = try #require(honestTrail.logs[PracticeTrail.inBroker])
                let other = try TransparencyLog.Checkpoint(origin: inLog, head: TreeHead(size: 5, root: .sha256([5])))
                let note = try log.signer.sign(other).bytes
                bundle.extra["conflicts/\(Digest.sha256(note).hex)"] = note
                // What nobody signed is no evidence.
                let text = "\(inLog)\n6\n\(Base64.encode(Digest.sha256([6]).bytes))\n\n"
                let unsigned = Array(text.utf8) + note.suffix(110)
                bundle.extra["conflicts/\(Digest.sha256(unsigned).hex)"] = unsigned
            }
        },
        Attack(name: "one bit of an event changed", codes: ["OPEN", "UNOPENED"]) {
            try edit { bundle in
                let place = try index(inLog, "fetched", letter("accept").id)
                bundle.logs[inLog]?.events[place]?[40] ^= 1
            }
        },
        Attack(name: "an event hidden", codes: ["UNOPENED"]) {
            try edit { $0.logs[inLog]?.events[try index(inLog, "accepted", letter("offer").id)] = nil }
        },
        Attack(name: "two entries exchanged, with their events", codes: ["ROOT"]) {
            edit { bundle in
                bundle.logs[inLog]?.leaves.swapAt(20, 21)
                bundle.logs[inLog]?.events.swapAt(20, 21)
            }
        },
        Attack(name: "an entry removed, the rest renumbered", codes: ["ROOT"]) {
            edit { bundle in
                bundle.logs[inLog]?.leaves.remove(at: 20)
                bundle.logs[inLog]?.events.remove(at: 20)
            }
        },
        Attack(name: "a line left over behind the openings", codes: ["MALFORMED"]) {
            try openings { $0.append(Array("9".utf8)) }
        },
        Attack(name: "openings that do not ascend", codes: ["MALFORMED", "UNOPENED"]) {
            try openings { $0.swapAt($0.count - 2, $0.count - 1) }
        },
        Attack(name: "an opening with a negative number", codes: ["MALFORMED", "UNOPENED"]) {
            try openings { $0[$0.count - 1] = Array("-".utf8) + $0[$0.count - 1] }
        },
        Attack(name: "an opening of a leaf that is not in its tile", codes: ["MALFORMED", "UNOPENED"]) {
            try openings { $0[$0.count - 1] = Array("256\n".utf8) + $0[$0.count - 1].drop { $0 != 0x0A }.dropFirst() }
        },
        Attack(name: "a stop hidden in both logs, by which a letter was refused", codes: ["UNOPENED"]) {
            var trail = try PracticeTrail()
            try trail.tell("stop-beside-progress", as: "case")
            var bundle = try PracticeBundle(trail)
            let stop = try #require(trail.letters["case.hold"])
            for (origin, log) in bundle.logs {
                let place = try #require(
                    log.events.firstIndex {
                        guard let content = $0.flatMap({ try? LogEvent($0) })?.content else { return false }
                        switch content {
                        case .accepted(stop.id, _, _), .arrived(stop.id, _, _, _): return true
                        default: return false
                        }
                    })
                bundle.logs[origin]?.events[place] = nil
            }
            return bundle
        },
        Attack(name: "an erasure that somebody ordered whose letter waits for ever", codes: ["ERASURE", "UNOPENED"]) {
            try erasure(
                .init(
                    verdicts: ["case.ordered": .waiting], unreceipted: ["case.ordered"], orphans: ["case.ordered"],
                    roles: [MemberID("in:practice-nodal")!: ["IN_SHELTER"]]), after: 0)
        },
        Attack(name: "an erasure ordered by an office without that role", codes: ["ERASURE", "ROLE", "UNOPENED"]) {
            try erasure(
                .init(
                    verdicts: ["case.ordered": .admitted], unreceipted: ["case.ordered"],
                    roles: [MemberID("in:practice-nodal")!: ["IN_SHELTER"]]), after: 0)
        },
        Attack(
            name: "an erasure that those who can read more have not judged", codes: ["ERASURE", "UNENDED", "UNOPENED"]
        ) {
            try erasure(.init(unreceipted: ["case.ordered"]))
        },
        Attack(name: "an erasure before the minimum retention has passed", codes: ["ERASURE", "UNOPENED"]) {
            try erasure(after: PracticeTrail.profile.value.retentionSeconds - 30 * 86_400)
        },
        Attack(name: "a record that goes without a word of whose rules kept it", codes: ["ERASURE", "UNOPENED"]) {
            try erasure(closes: false)
        },
        Attack(name: "an erasure of which a party of the case was not told", codes: ["ERASURE", "UNOPENED"]) {
            try erasure(.init(passedOver: ["case.ordered": MemberID("bd:practice-ngo")!]))
        },
        Attack(name: "an order to erase the content, by which the record is taken away", codes: ["UNOPENED"]) {
            try erasure(ordered: .content, level: .content)
        },
        Attack(name: "an order to erase the content, carried out as one of the record", codes: ["ERASURE", "UNOPENED"])
        {
            try erasure(ordered: .content)
        },
        Attack(name: "an erasure by a step that orders none", codes: ["ERASURE", "UNOPENED"]) {
            try erasure(order: "placed")
        },
        Attack(name: "a letter that waits for ever", codes: ["UNENDED", "STALE"]) {
            var trail = try PracticeTrail(
                lies: .init(verdicts: ["case.no": .waiting], unreceipted: ["case.no"], orphans: ["case.no"]))
            try trail.tell("withdrawn-accepted", as: "case", first: 3)
            var bundle = try PracticeBundle(trail)
            bundle.asOf = bundle.asOf + 31 * 86_400
            return bundle
        },
        Attack(name: "the trust folder has a policy for two logs at once", codes: ["TRUST"], verdict: .unchecked) {
            edit { $0.policies[inLog]! += $0.policies[bdLog]!.split(separator: "\n")[0] + "\n" }
        },
        Attack(name: "the trust folder has a policy with two quorums", codes: ["TRUST"], verdict: .unchecked) {
            edit { $0.policies[inLog]! += "quorum none\n" }
        },
        Attack(name: "one log rolled back", codes: ["FORK", "SEEN", "SOURCE", "STALE"]) {
            try edit { try rollBack(&$0, inLog) { $0 < 12 } }
        },
        Attack(name: "one bit of a slip changed", codes: ["SLIP"]) {
            try edit { bundle in
                let slip = try letter("accept")
                bundle.slips[slip.slip.caseID!]?[.sha256(slip.file)]?[slip.file.count - 5] ^= 1
            }
        },
        Attack(name: "a slip missing", codes: ["SLIP"]) {
            try edit { bundle in
                let slip = try letter("accept.acted")
                bundle.slips[slip.slip.caseID!]?[.sha256(slip.file)] = nil
            }
        },
        Attack(name: "a cosignature removed", codes: ["QUORUM"]) {
            try edit { bundle in
                let size = try #require(bundle.logs[inLog]?.notes.keys.compactMap(Int64.init).sorted()[2])
                let note = try #require(bundle.logs[inLog]?.notes[String(size)])
                let lines = note.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast(2)
                bundle.logs[inLog]?.notes[String(size)] = Array(lines.joined(separator: [0x0A])) + [0x0A]
            }
        },
        Attack(name: "a log's signature that does not verify", codes: ["LOG-SIGNATURE"]) {
            try edit { bundle in
                let size = try #require(bundle.logs[inLog]?.notes.keys.compactMap(Int64.init).sorted()[2])
                var note = try #require(bundle.logs[inLog]?.notes[String(size)])
                let dash = try #require(note.firstRange(of: Array("\n\n".utf8))).upperBound
                let place = dash + 4 + inLog.utf8.count + 20
                note[place] = note[place] == 0x41 ? 0x42 : 0x41
                bundle.logs[inLog]?.notes[String(size)] = note
            }
        },
        Attack(name: "the trust folder makes a log its own witness", codes: ["TRUST"], verdict: .unchecked) {
            edit { bundle in
                let own = honestTrail.logs[PracticeTrail.inBroker]!
                bundle.policies[inLog] =
                    "log \(own.signer.key.text)\nwitness own \(own.witness.key.text)\nquorum own\n"
            }
        },
        Attack(name: "a log is left out", codes: ["ABSENT"], verdict: .incomplete) { edit { $0.logs[bdLog] = nil } },
        Attack(name: "a red guard, admitted by both brokers", codes: ["PROCEDURE"]) {
            try PracticeBundle(trail(.init(verdicts: ["case.dossier": .admitted])))
        },
        Attack(name: "sent four days ago, quoting today's checkpoint", codes: ["BACKDATED", "LATE"]) {
            try PracticeBundle(trail(.init(backdated: ["case.no": 4 * 86_400], unreceipted: ["case.no"])))
        },
        Attack(name: "a step by a member without its role", codes: ["ROLE"]) {
            try PracticeBundle(
                trail(
                    .init(
                        verdicts: ["case.accept": .admitted], unreceipted: ["case.accept"],
                        roles: [MemberID("bd:practice-ngo")!: ["BD_INVESTIGATOR"]])
                ) { _ in })
        },
        Attack(name: "signed with another member's key", codes: ["MEMBER"]) {
            try PracticeBundle(trail(.init(signers: ["case.dossier": MemberID("in:practice-nodal")!])))
        },
        Attack(name: "logged twice", codes: ["REPLAY"]) { try PracticeBundle(trail(.init(twice: ["case.accept"]))) },
        Attack(name: "a case's events skip a number", codes: ["CHAIN"]) {
            try PracticeBundle(trail(.init(skipsNumber: true)))
        },
        Attack(name: "the broker's clock falls", codes: ["TIME"]) {
            try PracticeBundle(trail(.init(clocks: [20: Instant(seconds: 1_772_200_000)])))
        },
        Attack(name: "an event with a space", codes: ["CANON"]) { try PracticeBundle(trail(.init(spaced: [20]))) },
        Attack(name: "an arrival without the other broker's entry", codes: ["SOURCE"]) {
            try PracticeBundle(trail(.init(foreignSource: true)))
        },
        Attack(name: "a letter of the other country, logged as if it came here first", codes: ["SOURCE"]) {
            try PracticeBundle(trail(.init(unsourced: ["case.accept"])))
        },
        Attack(
            name: "a period that holds nothing, for an auditor who asked for all", codes: ["SCOPE"],
            verdict: .incomplete
        ) {
            gutted(.period)
        },
        Attack(
            name: "a case of which nothing is left, for an auditor who asked for all", codes: ["SCOPE"],
            verdict: .incomplete
        ) {
            gutted(.oneCase)
        },
        Attack(
            name: "a case of which nothing is left, for an auditor who asked for it", codes: ["SCOPE"],
            verdict: .incomplete
        ) {
            var bundle = gutted(.oneCase)
            bundle.expect = "case=\(bundle.manifest.caseID!.text)"
            return bundle
        },
        Attack(name: "a period that holds nothing, for an auditor who asked for it", codes: ["UNOPENED"]) {
            var bundle = gutted(.period)
            bundle.expect = "period=1600000000..1900000000"
            return bundle
        },
        Attack(name: "a number used twice", codes: ["GAP"], verdict: .incomplete) {
            try PracticeBundle(trail(.init(sequences: ["case.accept": 1, "case.accept.valid": 1])))
        },
        Attack(name: "a receipt by somebody else", codes: ["RECEIPT"]) {
            try PracticeBundle(trail(.init(receiptsBy: ["case.offer.acted": MemberID("bd:practice-visitors")!])))
        },
        Attack(name: "an ancestor that is nowhere", codes: ["ANCESTOR"]) {
            try PracticeBundle(trail(.init(orphans: ["case.dossier"])))
        },
        Attack(name: "a refusal without its letter", codes: ["REFUSAL"]) {
            try PracticeBundle(trail(.init(withoutRefusal: true)))
        },
        Attack(name: "an admissible letter refused", codes: ["REFUSAL"]) {
            try PracticeBundle(trail(.init(refused: ["case.no": "G_SHARE_FULL"])))
        },
        Attack(name: "a letter that ends in silence", codes: ["UNENDED", "STALE"]) { try silence(receipts: false) },
        Attack(name: "receipts that a broker signed for its reader, in no log", codes: ["UNENDED", "STALE"]) {
            try silence(receipts: true)
        },
        Attack(name: "receipts that its reader signed, in no log", codes: ["UNENDED", "STALE"]) {
            try silence(receipts: true, by: MemberID("in:practice-shelter")!)
        },
        Attack(
            name: "a step in no log, signed by another", codes: ["ANCESTOR", "GAP", "PROCEDURE", "REFUSAL"]
        ) {
            try PracticeBundle(
                trail(.init(signers: ["case.accept": MemberID("in:practice-nodal")!], unlogged: ["case.accept"])))
        },
        Attack(name: "a step in no log", codes: ["ANCESTOR", "GAP"], verdict: .incomplete) {
            try PracticeBundle(trail(.init(unlogged: ["case.accept"])))
        },
        Attack(name: "a refusal in no log", codes: ["REFUSAL"]) {
            try PracticeBundle(trail(.init(unloggedRefusal: true)))
        },
        Attack(name: "another's signature is logged, the sender's lies beside it", codes: ["MEMBER"]) {
            let told = try trail(.init(signers: ["case.dossier": MemberID("in:practice-nodal")!]))
            var bundle = try PracticeBundle(told)
            let logged = try #require(told.letters["case.dossier"])
            var other = logged
            while !(Digest.sha256(other.file) < Digest.sha256(logged.file)) || other.file == logged.file {
                other = try SignedSlip.sign(logged.slip, by: try told.world.party(logged.slip.from).signing)
            }
            bundle.slips[logged.slip.caseID!]?[.sha256(other.file)] = other.file
            return bundle
        },
        Attack(name: "both logs rolled back, four days later", codes: ["STALE"], verdict: .incomplete) {
            edit { $0.asOf = $0.asOf + 4 * 86_400 }
        },
        Attack(name: "a kept checkpoint is larger than the log", codes: ["FORK"]) {
            var later = honestTrail
            later.now = later.now + 60
            try later.tell("withdrawn-accepted", as: "other", first: 1)
            return edit { $0.kept = [later.logs[PracticeTrail.bdBroker]!.notes.max { $0.key < $1.key }!.value] }
        },
        Attack(name: "all history rebuilt with the real keys", codes: ["FORK"]) {
            var other = try PracticeTrail()
            try other.tell("withdrawn-accepted", as: "invented")
            var bundle = try PracticeBundle(other)
            let log = try #require(honest.logs[inLog])
            let size = log.notes.keys.compactMap(Int64.init).sorted()[3]
            bundle.kept = [try #require(log.notes[String(size)])]
            return bundle
        },
        Attack(name: "a second note of one size", codes: ["FORK"]) {
            try edit { bundle in
                let log = honestTrail.logs[PracticeTrail.inBroker]!
                let size = try #require(bundle.logs[inLog]?.notes.keys.compactMap(Int64.init).sorted()[2])
                let other = try TransparencyLog.Checkpoint(
                    origin: inLog, head: TreeHead(size: size, root: .sha256(Array("other".utf8))))
                bundle.logs[inLog]?.notes["\(size).logged"] = try log.signer.sign(other).bytes
            }
        },
        Attack(name: "leaves above the newest checkpoint", codes: ["UNCOSIGNED"], verdict: .incomplete) {
            edit { bundle in
                let log = honestTrail.logs[PracticeTrail.inBroker]!
                bundle.logs[inLog]?.leaves = log.events.map { .sha256($0) }
                bundle.logs[inLog]?.events = log.events.map { $0 }
            }
        },
        Attack(name: "heads that are not the cases'", codes: ["HEADS"]) {
            try PracticeBundle(
                trail { trail in
                    trail.log(.heads(root: .sha256([]), count: 1), at: PracticeTrail.inBroker)
                    try trail.publish()
                })
        },
        Attack(name: "a directory that no authority signed", codes: ["SLIP"]) {
            try directed { world, country in
                let (directory, document) = try country.authority.sign(country.directory, at: country.directory.at)
                let slip = Slip(
                    type: .directory, lane: .normal, from: directory.authority, to: [],
                    file: FileReference(digest: .sha256(document.file), version: directory.version), at: directory.at)
                let signed = try SignedSlip.sign(slip, by: try world.party(PracticeTrail.inBroker).signing)
                return (SignedDocument(slip: signed.file, file: document.file), directory.version)
            }
        },
        Attack(name: "a directory of one country that its neighbour signed", codes: ["SLIP"]) {
            try directed { world, country in
                let neighbour = try #require(world.authorities[PracticeWorld.bdAuthority])
                let (directory, document) = try country.authority.sign(country.directory, at: country.directory.at)
                let slip = Slip(
                    type: .directory, lane: .normal, from: neighbour.directory.authority, to: [],
                    file: FileReference(digest: .sha256(document.file), version: directory.version), at: directory.at)
                let root = try #require(world.roots.first { $0.subject.commonName == slip.from.text })
                let signed = try SignedSlip.sign(slip, by: SigningIdentity(certificate: root, key: neighbour.key))
                return (SignedDocument(slip: signed.file, file: document.file), directory.version)
            }
        },
        Attack(name: "an older directory put back into force", codes: ["SLIP"]) {
            try directed { _, country in
                var old = country.directory
                old.version -= 2
                let (directory, document) = try country.authority.sign(old, at: old.at)
                return (document, directory.version)
            }
        },
        Attack(name: "an opened part that no slip commits to", codes: ["DISCLOSED"]) {
            edit { $0.disclosed = [.sha256([1]): [1]] }
        },
    ]

    @Test func `the honest bundle passes, by every verifier`() throws {
        let report = try Self.honest.verify()
        #expect(report.verdict == .pass && report.places.isEmpty, "\(report.text)")
        let python = try Self.honest.verifyInPython()
        #expect(python.status == 0 && python.places.isEmpty, "\(python.output)")
        let one = try #require(try AttackReceipt(Self.honest, report))
        #expect(try one.expected == "PASS " && one.judged(in: Self.honest).hasPrefix("PASS "))
    }

    @Test func `a letter that came to the other broker first, on a stick, is accepted in both logs and passes`() throws
    {
        let bundle = try PracticeBundle(Self.trail(.init(carried: ["case.accept"])))
        let report = try bundle.verify()
        #expect(report.verdict == .pass, "\(report.text)")
        #expect(try bundle.verifyInPython().status == 0)
    }

    @Test func `what one log took in before its ancestors had come is no verdict of the other log, which had them`()
        throws
    {
        // A hold overtakes the dossier before it.
        var trail = try PracticeTrail(lies: .init(late: ["case.dossier"], unreceipted: ["case.dossier"]))
        try trail.tell("erasure-held", as: "case", first: 6)
        let bundle = try PracticeBundle(trail)
        let verdicts = try bundle.logs.mapValues { log in
            try log.events.compactMap { try $0.map { try LogEvent($0) } }.compactMap { event -> LogEvent.Verdict? in
                switch event.content {
                case .accepted(_, _, let verdict), .arrived(_, _, let verdict, _): verdict
                default: nil
                }
            }
        }
        #expect(verdicts.values.filter { $0.contains(.gap) }.count == 1, "no letter overtook another")
        let report = try bundle.verify()
        #expect(report.verdict == .pass, "\(report.text)")
        #expect(try bundle.verifyInPython().status == 0)
    }

    @Test func `a bundle of everything passes for an auditor who asked for a part of it`() throws {
        var bundle = Self.honest
        for expect in ["period=1600000000..1900000000", "case=\(bundle.slips.keys.first!.text)"] {
            bundle.expect = expect
            #expect(try bundle.verify().verdict == .pass)
        }
        #expect(try bundle.verify().firstLine.contains(" bundle=all "))
    }

    @Test func `an erasure by an order that was admitted before it explains its leaves`() throws {
        let bundle = try Self.erasure()
        let report = try bundle.verify()
        #expect(report.verdict == .pass && report.erased > 5, "\(report.text)")
        let python = try bundle.verifyInPython()
        #expect(python.status == 0, "\(python.output)")
    }

    @Test(arguments: attacks)
    func `is reported with its codes, by every verifier that must, and passes without its checks`(_ attack: Attack)
        throws
    {
        let bundle = try attack.make()
        let report = try bundle.verify()
        let codes = Set(report.findings.filter { $0.weight != .note }.map(\.code))
        #expect(report.verdict == attack.verdict, "\(report.text)")
        #expect(Set(codes.map(\.rawValue)) == attack.codes, "\(report.text)")
        if attack.verdict != .unchecked {
            #expect(
                try bundle.verify(leavingOut: codes).verdict == .pass, "the checks that find it are not all that does")
        }
        let python = try bundle.verifyInPython()
        let expected = Set(
            report.findings.filter { $0.weight != .note && !PracticeBundle.onlyOurs.contains($0.code) }.map {
                "\($0.code.rawValue) \($0.origin ?? "-") \($0.leaf.map(String.init) ?? "-")"
            })
        #expect(python.places == expected, "\(python.output)\n\(report.text)")
        guard let one = try AttackReceipt(bundle, report) else { return }
        let said = try one.judged(in: bundle)
        #expect(said.hasPrefix(one.expected), "\(said)\n\(report.text)")
    }

    @Test func `both logs rolled back to a consistent point, with nothing kept, pass: the stated limit`() throws {
        var trail = try PracticeTrail()
        try trail.tell("withdrawn-accepted", as: "case", first: 2)
        #expect(try PracticeBundle(trail).verify().verdict == .pass)
    }
}
