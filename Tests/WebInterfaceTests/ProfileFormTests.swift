// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure
import Sealing
import TestSupport
import Testing

@testable import WebInterface

/// Every event of the profile that has something to ask, filled in at its pages.
@Suite struct ProfileFormTests {
    private static let events: [String] = {
        let url = Vector.protocols.appendingPathComponent("Profiles/\(Office.profile)/profile.json")
        guard let source = try? Data(contentsOf: url),
            let bytes = try? ProfileDocument.canonicalBytes(ofSource: [UInt8](source)),
            let profile = try? ProfileDocument.read(bytes, digest: .sha256(bytes))
        else { return [] }
        // One of those that ask the same.
        let asked = profile.definition.events.keys.sorted().map { event in
            (event, "\(profile.event(event)?.form ?? "") \(profile.compulsoryFacts(of: event).sorted())")
        }
        return Dictionary(asked.map { ($1, $0) }) { first, _ in first }.values.sorted()
    }()

    @Test func `the profile has steps with forms`() { #expect(Self.events.count > 40) }

    /// One office for all: making one takes longer than most forms.
    @Test func `everything that a step asks can be answered at the page, its files too`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        for event in Self.events {
            let draft = "/drafts/\(try office.draft([event]).id.hex)"
            try await office.fill(draft, asha)
            let work = try office.work(draft)
            #expect(work.form.violations(of: event).isEmpty, "\(event)")
            // The letter's form is whole: every file that it names has a place to come from.
            let named = work.form.questions.filter { question in
                if case .file = question.field.kind { work.form.isAnswered(question) } else { false }
            }
            #expect(
                work.act().forms.map(\.attachments.count) == (work.form.form(of: event) == nil ? [] : [named.count]))
            #expect(await asha.get(draft).status == 200, "\(event)")
        }
    }
}
