// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
@testable import Node
import Procedure
import Sealing
import Testing

/// What the node says of its cases, to a reader of each language.
@Suite struct DeskWordsTests {
    private static let languages = ["en", "bn", "hi"]

    /// `DOSSIER`, `G_HOME_OK`, `after_end`: what no person should have to read.
    private func codes(in text: String) -> [String] {
        text.split { !$0.isASCII || !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
            .filter { $0.contains("_") }
    }

    @Test func `a form with a missing answer names the field and its section in the reader's language`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "11")
        var act = try example.act("12")
        act.forms[0].document = Array(
            String(decoding: act.forms[0].document, as: UTF8.self)
                .replacing("\"traffickers_near\": \"none_known\", ", with: "").utf8)
        let desk = try nodes.desk(PracticeNodes.investigator)
        let caseID = try #require(example.caseID)
        let error = try #require(
            #expect(throws: DeskError.self) { try desk.perform(act, in: caseID, at: nodes.clock.now) })
        // A willing family is no safe home while this is open, so the finding breaks a rule, too.
        #expect(error.findings == ["F/traffickers_near: missing", "J/finding: rule willing_is_not_safe"])
        let told = try Self.languages.map { try desk.words(for: caseID, in: $0) }
        #expect(
            told.map { $0.findings(in: error)[0] } == [
                "Section F, Traffickers. “Traffickers near by” has no answer yet.",
                "অংশ F, পাচারকারী। “কাছাকাছি পাচারকারী”: এখনও উত্তর দেওয়া হয়নি।",
                "भाग F, तस्कर। “आस-पास तस्कर”: अभी उत्तर नहीं दिया गया है।",
            ])
        #expect(told[0].sentence(for: error) == "“Home investigation report (A–L)” is not complete, or not right.")
    }

    @Test func `a refusal and what cannot be sealed are told by labels`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "02")
        let error = try #require(#expect(throws: DeskError.self) { try example.send("05") })
        let desk = try nodes.desk(PracticeNodes.shelter)
        for (language, labels) in zip(["bn", "en", "hi"], nodes.labels) {
            let words = try desk.words(for: example.caseID, in: language).sentence(for: error)
            #expect(words.contains(try #require(labels.label("guard", "G_SHARE_FULL"))))
            #expect(words.contains(try #require(labels.label("event", "DOSSIER"))))
            #expect(codes(in: words) == [])
        }
    }

    @Test func `state, board, waits, letters and what is possible are told without a code`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        try await example.run(through: "12")
        let caseID = try #require(example.caseID)
        for member in [PracticeNodes.shelter, PracticeNodes.ngo, PracticeNodes.investigator] {
            let desk = try nodes.desk(member)
            let view = try desk.view(of: caseID, at: nodes.clock.now)
            #expect(!view.checkpoints.isEmpty)
            for language in Self.languages {
                let words = try desk.words(for: caseID, in: language)
                var told = [words.states(view.state.lifecycle)] + view.checkpoints.map(words.checkpoint)
                told += words.sentences(for: view.waits, at: nodes.clock.now + 90 * 86_400)
                told += view.formsAwaited.map(words.sentence)
                for entry in try desk.history(of: caseID) { told += [words.title(of: entry), words.mark(of: entry)] }
                told += try desk.possible(in: caseID, at: nodes.clock.now).flatMap { act in
                    [words.event(act.event)] + (act.refusal.map { [words.sentence(for: $0)] } ?? [])
                        + act.facts.map(words.fact) + (act.form.map { [words.form($0)] } ?? [])
                }
                told += try desk.outbox().map(words.sentence) + desk.inbox().map(words.sentence)
                #expect(told.flatMap(codes) == [], "\(language) \(member)")
                let script = ["bn": 0x0980...0x09FF, "hi": 0x0900...0x097F][language]
                if let script {
                    for text in told where !text.isEmpty {
                        #expect(text.unicodeScalars.contains { script.contains(Int($0.value)) }, "\(text)")
                    }
                }
            }
        }
    }

    @Test func `who waits on whom is told with the holder, the step and the time of the reader's country`() throws {
        let nodes = try PracticeNodes()
        let wait = Wait(
            kind: .step, on: [PracticeNodes.ngo], since: Instant(seconds: 1_772_300_000),
            due: Instant(seconds: 1_772_395_500), events: ["REFERRAL_ACCEPTED", "REFERRAL_DECLINED"])
        let before = Instant(seconds: 1_772_300_000)
        let (shelter, ngo) = (try nodes.desk(PracticeNodes.shelter), try nodes.desk(PracticeNodes.ngo))
        #expect(
            try shelter.words(in: "en").sentence(for: wait, at: before)
                == "Waits on \(PracticeNodes.ngo) until 2 March 2026, 01:35: Offer accepted or Offer declined")
        #expect(
            try ngo.words(in: "bn").sentence(for: wait, at: before)
                == "\(PracticeNodes.ngo): ২ মার্চ ২০২৬, ০২:০৫ পর্যন্ত সময় আছে। বাকি: প্রস্তাব গৃহীত বা প্রস্তাব গৃহীত হয়নি")
        #expect(
            try shelter.words(in: "en").sentence(for: wait, at: before + 200_000).hasPrefix(
                "Waits on \(PracticeNodes.ngo), overdue since"))
    }

    @Test func `letters that wait in one place are told in one line, with their number and the oldest's age`() throws {
        let words = try PracticeNodes().desk(PracticeNodes.shelter).words(in: "en")
        let now = Instant(seconds: 1_772_300_000)
        let waits = [
            Wait(kind: .us, on: [PracticeNodes.shelter], since: now + -7_200),
            Wait(kind: .receipt, on: [PracticeNodes.ngo], since: now + -30),
            Wait(kind: .receipt, on: [PracticeNodes.investigator], since: now + -60),
            Wait(kind: .us, on: [PracticeNodes.shelter], since: now + -3 * 86_400),
        ]
        let told = words.sentences(for: waits, at: now)
        #expect(told.count == 3)
        for member in [PracticeNodes.ngo, PracticeNodes.investigator] {
            #expect(told[..<2].contains("Not opened yet by \(member): 1 letter, for 1 minute"))
        }
        #expect(told.last == "To be dealt with by somebody here: 2 letters, for 3 days")
    }

    @Test func `where no labels are, the program's sentences hold bare codes`() {
        let words = DeskWords(ProfileLabels(language: "hi"))
        #expect(words.event("DOSSIER") == "DOSSIER")
        #expect(
            words.sentence(for: Refusal(.guardRed, guard: "G_SHARE_FULL", event: "DOSSIER"))
                == "“DOSSIER” स्वीकार नहीं हुआ: G_SHARE_FULL।")
    }

    @Test func `why a letter was not admitted is kept in codes, and read back whole`() throws {
        let refusal = Refusal(
            .stale, guard: nil, stop: .sha256([1]), event: "DOSSIER", detail: "share_consent")
        #expect(try Refusal(record: refusal.record) == refusal)
        #expect(throws: CaseFileError.self) { try Refusal(record: Array("{\"reason\":\"weather\"}".utf8)) }
    }
}
