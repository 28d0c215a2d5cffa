// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Membership
import Node
import Procedure
import TestSupport
import Testing

@testable import WebInterface

/// Drafts, and a person who answers whatever they ask.
extension Office {
    typealias Answers = [String: [(String, String)]]

    /// A draft of these events that would open a case: so nothing but its forms is judged.
    func draft(_ events: [String]) throws -> DraftRecord {
        let id = try #require(Digest(SecureRandom.bytes(32)))
        let caseID = try #require(CaseID(random: SecureRandom.bytes(16)))
        let draft = DraftRecord(
            id: id, caseID: caseID, created: now, updated: now,
            content: ActDraft(events: events, opens: true, by: "asha"))
        try desk.store.write { try $0.put(draft) }
        return draft
    }

    func work(_ draft: String) throws -> DraftWork {
        let id = try #require(Digest(hex: draft.dropFirst(8).prefix(64)))
        return try DraftWork(call(draft), try #require(try desk.store.read { try $0.draft(id) }))
    }

    /// Answers each question that the draft asks, through its pages: with what `answers` says, else with the first that fits.
    ///
    /// - Parameter optional: also what need not be answered.
    func fill(_ draft: String, _ browser: Browser, _ answers: Answers = [:], optional: Bool = true) async throws {
        var turns: [String: Int] = [:]
        for _ in 0..<1_000 {
            let work = try work(draft)
            let wrong = work.form.draft.content.events.lazy.compactMap { event in
                work.form.violations(of: event).first { $0.rule != .missing }.flatMap { violation in
                    work.form.question(event, violation.field)
                }
            }.first
            let missing = work.form.missing
            let next = work.form.questions.first { question in
                !work.form.isAnswered(question) && work.form.isAsked(question, missing)
                    && (optional || missing.contains(question.key))
            }
            guard let question = wrong ?? next else { return }
            let path = "\(draft)/\(question.address)"
            _ = await browser.get(path)
            let turn = turns[question.key, default: 0]
            turns[question.key] = turn + 1
            try #require(turn < 40, "\(question.key) finds no answer")
            let given: WebResponse
            if work.form.takesFile(question) {
                given = await browser.post(path, file: FileTests.pdf, as: "scan.pdf")
            } else {
                let values = answers[question.path] ?? self.answer(question, work, turn)
                given = await browser.post(path, [("version", browser.hidden("version") ?? "0")] + values)
            }
            try #require(given.status == 303 || wrong != nil || given.status == 422, "\(question.key): \(given.status)")
        }
        Issue.record("the draft asks without end")
    }

    private func answer(_ question: Question, _ work: DraftWork, _ turn: Int) -> [(String, String)] {
        func one(_ value: String) -> [(String, String)] { [("answer", value)] }
        let field = question.field
        switch field.kind {
        case .code(let codes), .region(let codes), .language(let codes):
            let sorted = codes.sorted()
            return one(sorted[turn % sorted.count])
        case .codes(let codes):
            let sorted = codes.sorted()
            return (0..<max(1, Int(field.minimum ?? 1))).flatMap { one(sorted[(turn + $0) % sorted.count]) }
        case .member: return one(work.members.first?.id.text ?? "")
        case .id: return one("new")
        case .digest: return one(DraftForm.mine)
        case .integer: return one(String(field.minimum ?? 1))
        case .money: return one("BDT") + one("100")
        case .date, .partialDate, .instant:
            return [("day", "5"), ("month", "12"), ("year", "2026"), ("time", "10:05")]
        case .list: return [("entries", String(max(1, field.minimum ?? 1)))]
        case .text, .file: return one("Words")
        }
    }

    /// Why a page says that it cannot go.
    static func refusal(_ page: WebResponse) -> Substring {
        page.text.firstRange(of: "class=\"errors\"").map { page.text[$0.upperBound...].prefix(600) } ?? ""
    }

    /// Pieces of uploads that lie here.
    func uploadRows() throws -> Int { try rows("upload") }

    func rows(_ table: String) throws -> Int { try #require(Int(try sqlite("SELECT COUNT(*) FROM \(table)"))) }

    private func sqlite(_ query: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["sqlite3", "-readonly", directory.appendingPathComponent("node.sqlite").path, query]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Whether these bytes stand in any file of the home.
    func onDisk(_ bytes: [UInt8]) throws -> Bool {
        for case let name as String in FileManager.default.enumerator(atPath: directory.path) ?? .init() {
            let file = try? Data(contentsOf: directory.appendingPathComponent(name))
            if file?.range(of: Data(bytes)) != nil { return true }
        }
        return false
    }
}
