// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure
import Sealing
import Testing

/// The invented case of `Protocols/Examples`, letter by letter, with the members of the practice world.
struct ExampleCase {
    let nodes: PracticeNodes
    let papers: URL
    private(set) var caseID: CaseID?

    static let all:
        [(
            number: String, sender: MemberID, account: String, events: [String], to: [MemberID],
            attachments: [String: String]
        )] = [
            (
                "01", PracticeNodes.shelter, "caseworker",
                ["ADULT_ESTABLISHED", "SHARE_CONSENT_PREVIEW", "REFERRAL_OFFER"], [PracticeNodes.ngo], [:]
            ),
            ("02", PracticeNodes.ngo, "caseworker", ["REFERRAL_ACCEPTED"], [], [:]),
            ("03", PracticeNodes.shelter, "caseworker", ["SHARE_CONSENT_FULL"], [], [:]),
            ("04", PracticeNodes.shelter, "caseworker", ["PLACEMENT_ORDER"], [], ["court-order": "court-order.pdf"]),
            ("05", PracticeNodes.shelter, "caseworker", ["DOSSIER"], [], ["photo": "photo.jpg"]),
            ("06", PracticeNodes.shelter, "caseworker", ["MISSION_CONTACT_CONSENT"], [], [:]),
            ("07", PracticeNodes.shelter, "caseworker", ["NATIONALITY_REQUESTED", "FORWARDED_TO_DHAKA"], [], [:]),
            (
                "10", PracticeNodes.shelter, "caseworker", ["FAMILY_CONTACT_CONSENT", "HOME_INV_REQUEST"],
                [PracticeNodes.investigator], [:]
            ),
            (
                "08", PracticeNodes.ngo, "caseworker", ["FIELD_INQUIRY", "NATIONALITY_CONFIRMED"], [],
                ["nationality-letter": "nationality-letter.pdf"]
            ),
            ("11", PracticeNodes.investigator, "visitor", ["HOME_INV_ACCEPTED"], [], [:]),
            ("12", PracticeNodes.investigator, "visitor", ["HOME_INV_REPORT"], [], [:]),
            ("13", PracticeNodes.ngo, "reviewer", ["HOME_REVIEW_SUITABLE"], [], [:]),
            ("14", PracticeNodes.shelter, "caseworker", ["RETURN_CONSENT"], [], [:]),
            ("15", PracticeNodes.shelter, "caseworker", ["ASSESSMENT_COMPLETE"], [], [:]),
            ("16", PracticeNodes.shelter, "caseworker", ["ADULT_RELEASE_ORDER"], [], [:]),
            ("17", PracticeNodes.shelter, "caseworker", ["CASE_PENDING", "STATEMENT_RECORDED", "COURT_NOC"], [], [:]),
            ("18", PracticeNodes.ngo, "caseworker", ["RECEPTION_OFFERED"], [], [:]),
            ("19", PracticeNodes.shelter, "caseworker", ["CLEARANCE_PROPOSED"], [], [:]),
            ("20", PracticeNodes.ngo, "caseworker", ["CLEARANCE_COUNTERSIGNED"], [], [:]),
            ("21", PracticeNodes.shelter, "caseworker", ["PERMIT_ISSUED", "EXIT_PERMISSION"], [], [:]),
            ("22", PracticeNodes.shelter, "caseworker", ["RETURN_PLAN_AGREED"], [], [:]),
            ("23", PracticeNodes.shelter, "caseworker", ["FIT"], [], [:]),
            ("24", PracticeNodes.ngo, "caseworker", ["RECEIVER_READY"], [], [:]),
            ("25", PracticeNodes.shelter, "caseworker", ["RETURN_RECONFIRMED"], [], [:]),
            ("26", PracticeNodes.shelter, "caseworker", ["DEPARTED"], [], [:]),
            ("27", PracticeNodes.ngo, "caseworker", ["BORDER_CROSSED"], [], [:]),
            ("28", PracticeNodes.ngo, "caseworker", ["HANDOVER_RECEIPT"], [], [:]),
            ("29", PracticeNodes.ngo, "caseworker", ["NEWS_CONSENT"], [], [:]),
            ("30", PracticeNodes.ngo, "caseworker", ["ARRIVED_RECEPTION"], [], [:]),
            ("31", PracticeNodes.ngo, "caseworker", ["PLACEMENT_DECISION"], [], [:]),
            ("32", PracticeNodes.ngo, "caseworker", ["FOLLOW_UP"], [], [:]),
        ]

    init(_ nodes: PracticeNodes) throws {
        self.nodes = nodes
        papers = nodes.directory.appendingPathComponent("papers")
        try FileManager.default.createDirectory(at: papers, withIntermediateDirectories: true)
        let source = try Self.folder("papers")
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path) {
            try FileManager.default.copyItem(
                at: source.appendingPathComponent(name), to: papers.appendingPathComponent(name))
        }
        // Of two pieces and a bit, of exactly one, and short.
        for (name, count) in [
            ("photo.jpg", 2_500_000), ("court-order.pdf", 1_048_576), ("nationality-letter.pdf", 70_000),
        ] {
            // A picture would be cleaned: what arrives is compared byte for byte.
            let head = Array("%PDF-1.4\n".utf8)
            let bytes = head + (head.count..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
            try Data(bytes).write(to: papers.appendingPathComponent(name))
        }
    }

    private static func folder(_ name: String) throws -> URL {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.appendingPathComponent("Protocols/Examples/asha-to-jessore/\(name)")
    }

    /// Does the letter of that number, as the sender's caseworker would.
    @discardableResult
    mutating func send(_ number: String, to: [MemberID]? = nil, events: [String]? = nil) throws -> ActResult {
        let letter = try #require(Self.all.first { $0.number == number })
        let act = try act(number, to: to, events: events)
        let desk = try nodes.desk(letter.sender)
        nodes.clock.advance(60)
        guard let caseID else {
            let result = try desk.openCase(act, at: nodes.now(letter.sender))
            self.caseID = result.caseID
            return result
        }
        return try desk.perform(act, in: caseID, at: nodes.now(letter.sender))
    }

    /// Does all letters up to and including that one, letting each arrive before the next is made.
    mutating func run(through number: String) async throws {
        for letter in Self.all {
            try send(letter.number)
            try await nodes.settle()
            if letter.number == number { return }
        }
    }

    func act(_ number: String, to: [MemberID]? = nil, events: [String]? = nil) throws -> Act {
        let letter = try #require(Self.all.first { $0.number == number })
        var facts: [String: [String: FactValue]] = [:]
        for file in try files("facts", letter.number, letter.sender) {
            for (event, value) in try CanonicalJSON.readSource(file) {
                guard case .object(let object) = value else { continue }
                facts[event] = object.compactMapValues {
                    switch $0 {
                    case .string(let text): .text(text)
                    case .integer(let number): .integer(number)
                    default: nil
                    }
                }
            }
        }
        let forms = try files("forms", letter.number, letter.sender).map { document in
            let text = String(decoding: document, as: UTF8.self)
            return FormDraft(
                document: document,
                attachments: letter.attachments.filter { text.contains("attach:\($0.key)") }.mapValues {
                    .file(papers.appendingPathComponent($0))
                })
        }
        return Act(
            events: (events ?? letter.events).map { Event(code: $0, facts: facts[$0] ?? [:]) }, forms: forms,
            to: to ?? letter.to,
            account: letter.account)
    }

    /// The example's files of a number, with the day's dates and the practice world's members filled in.
    private func files(_ folder: String, _ number: String, _ sender: MemberID) throws -> [[UInt8]] {
        let directory = try Self.folder(folder)
        return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().filter {
            $0.hasPrefix(number + "-")
        }.map { name in
            let text = try String(contentsOf: directory.appendingPathComponent(name), encoding: .utf8)
                .replacing("bd:nadipar", with: PracticeNodes.ngo.text).replacing(
                    "bd:shathi-visits", with: PracticeNodes.investigator.text)
            return Array(try fill(text, now: nodes.now(sender).seconds).utf8)
        }
    }

    private func fill(_ text: String, now: Int64) throws -> String {
        var result = text.replacing(/@today([+-][0-9]+)?/) { match in
            Self.date(now + 5 * 60 + 19_800 + (match.1.flatMap { Int64($0) } ?? 0) * 86_400)
        }
        result = result.replacing(/"@now(-([0-9]+)([hm]))?"/) { match in
            String(now - (match.2.flatMap { Int64($0) } ?? 0) * (match.3 == "h" ? 3_600 : 60))
        }
        return try result.replacing(/@sha256:([a-z0-9.-]+)/) { match in
            Digest.sha256([UInt8](try Data(contentsOf: papers.appendingPathComponent(String(match.1))))).hex
        }
    }

    static func date(_ seconds: Int64) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate]
        return formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
    }
}
