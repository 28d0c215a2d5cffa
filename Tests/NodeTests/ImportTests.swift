// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Procedure
import TestSupport
import Testing

@testable import Node

/// Protocols/Import.md, through the desk of an invented shelter. Every person is invented.
@Suite struct ImportTests {
    private let nodes: PracticeNodes
    private let desk: CaseDesk
    private let htcds: ImportMapping
    private let forms: ImportMapping

    init() throws {
        nodes = try PracticeNodes()
        desk = try nodes.desk(PracticeNodes.shelter)
        htcds = try #require(ImportMapping.named("htcds"))
        forms = try #require(ImportMapping.named("jj-forms"))
    }

    private func take(_ text: String, _ mapping: ImportMapping? = nil, rehearse: Bool = false) throws -> [ImportedCase]
    {
        try desk.importCases(
            Array(text.utf8), from: mapping ?? htcds, by: "caseworker", at: nodes.clock.now,
            isRehearsal: rehearse)
    }

    private func drafts() throws -> [DraftRecord] { try desk.store.read { try $0.drafts() } }

    /// A block of Import.md by what stands after its fence.
    private func block(_ name: String) throws -> String {
        let page = try String(contentsOf: Vector.protocols.appendingPathComponent("Import.md"), encoding: .utf8)
        let pieces = page.components(separatedBy: "```\(name)\n")
        try #require(pieces.count == 2)
        return try #require(pieces[1].components(separatedBy: "\n```").first)
    }

    /// What became of a record, as the example of the page writes it.
    private func lines(_ one: ImportedCase) -> [String] {
        let answers = one.drafts.flatMap(\.content.answers).map { key, answer in
            "\(key) = \(answer.values.joined(separator: " | "))"
        }
        return answers.sorted()
            + one.notTaken.map { "not taken: \($0.field)\($0.code.map { " " + $0 } ?? "") (\($0.reason.rawValue))" }
    }

    private func faults(_ text: String, _ mapping: ImportMapping? = nil) -> [String] {
        do {
            _ = try take(text, mapping)
            return []
        } catch { return (error as? ImportError)?.faults.map(\.codes) ?? ["\(error)"] }
    }

    // MARK: Mappings

    @Test func `every target of a mapping is a field of the profile, every code one of its codes`() throws {
        #expect(ImportMapping.all.map(\.name) == ["htcds", "jj-forms"])
        for mapping in ImportMapping.all {
            #expect(mapping.profile == nodes.profile.id && Set(mapping.titles.keys) == ["bn", "en", "hi"])
            let names = mapping.fields.flatMap(\.names)
            #expect(Set(names).count == names.count)
            for field in mapping.fields {
                #expect((field.to == nil) != (field.not == nil), "\(field.name)")
                #expect(field.not != .noCode && field.not != .unknown)
                let codes = field.codes ?? [:]
                #expect(field.without?.contains { codes[$0] != nil } != true, "\(field.name)")
                for target in field.to ?? [] {
                    let own = try #require(self.codes(of: target), "\(target)")
                    for code in codes.values { #expect(own.contains(code), "\(target) \(code)") }
                    #expect(own.isEmpty == codes.isEmpty, "\(target)")
                    for (name, value) in field.with ?? [:] {
                        let other = target.replacing(/\.[a-z_]+$/, with: ".\(name)")
                        #expect(self.codes(of: other)?.contains(value) == true, "\(other)")
                    }
                }
            }
            // No target has two sources, but where answers add up.
            let targets = mapping.fields.flatMap { $0.to ?? [] }.filter {
                !$0.contains("/names") && !$0.contains("/languages")
            }
            #expect(Set(targets).count == targets.count)
        }
    }

    /// Its codes, none for what has none; `nil` for no field and no fact.
    private func codes(of target: String) -> Set<String>? {
        let pieces = target.split(whereSeparator: { "/.".contains($0) }).map(String.init)
        var fields = nodes.profile.event(pieces[0])?.form.flatMap { nodes.catalogue.forms[$0] }?.fields ?? []
        var found: FormSchema.Field.Kind?
        for name in pieces.dropFirst() {
            found = fields.first { $0.name == name }?.kind
            if case .list(let inner) = found { fields = inner }
        }
        switch found {
        case .code(let codes), .codes(let codes), .region(let codes), .language(let codes): return codes
        case .list: return nil
        case .some: return []
        case nil:
            guard nodes.profile.compulsoryFacts(of: pieces[0]).contains(pieces[1]),
                case .codes(let codes) = nodes.profile.definition.facts[pieces[1]]?.kind
            else { return nil }
            return Set(codes)
        }
    }

    @Test func `the example of the specification becomes what it says`() throws {
        let one = try #require(try take(block("json import htcds")).first)
        #expect(lines(one) == (try block("text answers")).components(separatedBy: "\n"))
        #expect(one.drafts.map(\.content.events) == [["REFERRAL_OFFER"], ["DOSSIER"]])
        #expect(one.drafts.map(\.content.opens) == [true, false])
        #expect(one.open.contains("REFERRAL_OFFER/age_band") && !one.open.contains("DOSSIER/birth"))
    }

    @Test func `a child's record by the names of the Indian forms becomes an offer and a dossier`() throws {
        let one = try #require(
            try take(
                """
                {"childName": "Tuni Bibi", "childSex": "Female", "childLanguageUsed": "Bengali, Hindi, Maithili", "childAge": 14,
                 "childProducedDate": "2026-10-02", "permanantAddress": "Invented Lane 3", "nativeDistrict": "Jessore",
                 "childReligion": "x", "firNumber": "PRACTICE/3"}
                """, forms
            ).first)
        #expect(
            lines(one) == [
                "DOSSIER/address_lines = Invented Lane 3", "DOSSIER/district = BD-22", "DOSSIER/names = 1",
                "DOSSIER/names.1.kind = full", "DOSSIER/names.1.written = Tuni Bibi",
                "DOSSIER/police_report_number = PRACTICE/3", "DOSSIER/produced_on = 2026 | 10 | 02",
                "REFERRAL_OFFER/gender = girl", "REFERRAL_OFFER/languages = bn | hi",
                "not taken: childLanguageUsed (no-code)", "not taken: childReligion (never)",
                "not taken: childAge (no-field)",
            ])
    }

    // MARK: Consent, and what is sent

    @Test func `nothing of an import is sent, no consent is taken, and every answer waits for somebody's look`() throws
    {
        let cases = try take(block("json import htcds"))
        #expect(try desk.outbox().isEmpty && desk.cases().isEmpty)
        let drafts = try drafts()
        #expect(Set(drafts.map(\.id)) == Set(cases.flatMap(\.drafts).map(\.id)) && drafts.count == 2)
        for draft in drafts {
            #expect(!draft.content.events.contains { nodes.profile.event($0)?.home?.contains("consent") == true })
            for (key, answer) in draft.content.answers where key != "DOSSIER/names" {
                #expect(answer.isImported == true && answer.by == "caseworker", "\(key)")
            }
        }
    }

    @Test func `a record is one case however often it comes, and another one is another`() throws {
        let record = #"{"prs_FirstName": "Moyna", "vic_TraffickingStatus": "ActualVictimOfTrafficking"}"#
        let first = try #require(try take(record).first)
        let again = try #require(try take(" [\n\(record)\n] ").first)
        #expect(!first.isKnown && again.isKnown && again.caseID == first.caseID)
        #expect(Set(again.drafts.map(\.id)) == Set(first.drafts.map(\.id)))
        #expect(try drafts().count == 2)
        #expect(try take(record.replacing("Moyna", with: "Tuni")).first?.isKnown == false)
        // Its pseudonym is this node's own.
        let others = try PracticeNodes()
        let other = try others.desk(PracticeNodes.shelter)
        let there = try other.importCases(
            Array(record.utf8), from: htcds, by: "caseworker", at: nodes.clock.now)
        #expect(there.first?.caseID != first.caseID)
    }

    @Test func `a rehearsal says the same and writes nothing`() throws {
        let said = try take(block("json import htcds"), rehearse: true)
        #expect(try drafts().isEmpty)
        let done = try take(block("json import htcds"))
        #expect(said.map(lines) == done.map(lines) && said.map(\.caseID) == done.map(\.caseID))
    }

    @Test func `a node that opens no such case takes no file`() throws {
        let ngo = try nodes.desk(PracticeNodes.ngo)
        #expect(ngo.importMappings.isEmpty && desk.importMappings.count == 2)
        #expect(throws: ImportError([ImportFault(rule: .notHere)])) {
            try ngo.importCases(
                Array(#"{"prs_FirstName": "Moyna"}"#.utf8), from: htcds, by: "caseworker", at: nodes.clock.now)
        }
    }

    // MARK: Files

    @Test func `a table says the same as JSON, with a mark, quotes, breaks and any line's end`() throws {
        let json = try take(
            #"[{"prs_FirstName": "Mo\"y, na", "prs_SecondName": "\u0995\u09DF\nB", "prs_Birthdate": null}]"#)
        for (index, end) in ["\r\n", "\n", "\r"].enumerated() {
            let head = "\u{FEFF}prs_FirstName,\"prs_SecondName\",prs_Birthdate"
            let csv = "\(head)\(end)\"Mo\"\"y, na\",\"ক\u{09DF}\(end)B\",\(end)\(end)"
            let table = try take(index == 1 ? String(csv.dropLast(2)) : csv)
            #expect(table.map(\.caseID) == json.map(\.caseID) && table.allSatisfy(\.isKnown), "\(index)")
        }
        #expect(json.first?.drafts.last?.content.answers["DOSSIER/names.2.written"]?.values == ["ক\u{09AF}\u{09BC}\nB"])
    }

    static let unreadable: [(String, [String])] = [
        ("", ["not-readable"]), ("[]", ["not-readable"]), ("{", ["not-readable"]), ("[1]", ["record 1: not-readable"]),
        (#"{"prs_FirstName": "a", "prs_FirstName": "b"}"#, ["not-readable"]),
        (String(repeating: "[", count: 100_000), ["not-readable"]),
        (#"{"prs_FirstName": "\ud83d"}"#, ["not-readable"]), (#"{"prs_FirstName": 2008-03-12}"#, ["not-readable"]),
        (#"{"prs_FirstName": -}"#, ["not-readable"]), (#"{"prs_FirstName": 007}"#, ["not-readable"]),
        (#"{"prs_FirstName": 1.}"#, ["not-readable"]), (#"{"prs_FirstName": 1e}"#, ["not-readable"]),
        ("prs_FirstName,prs_FirstName\na,b\n", ["twice"]),
        ("prs_FirstName,prs_Title\na\n", ["record 1: not-readable"]),
        ("prs_FirstName\n\"a\n", ["record 1: not-readable"]), ("prs_FirstName\na\"b\n", ["record 1: not-readable"]),
        ("prs_FirstName\n\"a\"b\n", ["record 1: not-readable"]),
        ("Moyna,Khatun\nTuni,Bibi\n", ["no-known-field"]), (#"{"name": "Moyna"}"#, ["no-known-field"]),
        ("prs_FirstName\n" + String(repeating: "a\n", count: 101), ["too-much"]),
        (String(repeating: " ", count: 1_048_577), ["too-much"]),
        ("prs_FirstName\na\na\n", ["record 2: twice"]),
    ]

    @Test(arguments: unreadable)
    func `a file that is none is refused whole`(file: (text: String, faults: [String])) throws {
        #expect(faults(file.text) == file.faults)
        #expect(try drafts().isEmpty)
    }

    @Test func `bytes that are no UTF-8 are refused`() throws {
        #expect(throws: ImportError([ImportFault(record: 1, rule: .notReadable)])) {
            try desk.importCases(
                Array("prs_FirstName\n".utf8) + [0xC0, 0x80], from: htcds, by: "caseworker",
                at: nodes.clock.now)
        }
    }

    static let wrong: [(String, String)] = [
        (#"{"vic_TraffickingStatus": "Actual"}"#, "vic_TraffickingStatus: unknown-code"),
        (#"{"vic_TraffickingStatus": "actual"}"#, "vic_TraffickingStatus: unknown-code"),
        (#"{"vic_TypeOfExploitation": "ForcedLabour;Moyna"}"#, "vic_TypeOfExploitation: unknown-code"),
        (
            #"{"vic_TraffickingStatus": ["PossibleVictimOfTrafficking", "ActualVictimOfTrafficking"]}"#,
            "vic_TraffickingStatus: wrong-type"
        ),
        (#"{"prs_Birthdate": "12/03/2008"}"#, "prs_Birthdate: wrong-type"),
        (#"{"prs_Birthdate": "2008-02-30"}"#, "prs_Birthdate: wrong-type"),
        (#"{"prs_Birthdate": 1205280000000}"#, "prs_Birthdate: wrong-type"),
        (#"{"prs_FirstName": {"a": "Moyna"}}"#, "prs_FirstName: wrong-type"),
        (#"{"prs_FirstName": ["Moyna", "Tuni"]}"#, "prs_FirstName: wrong-type"),
        (#"{"prs_FirstName": "Mo\u202eyna"}"#, "prs_FirstName: wrong-type"),
        (#"{"prs_FirstName": "a\u0000b"}"#, "prs_FirstName: wrong-type"),
        (#"{"prs_FirstName": "a\#(String(repeating: "\u{301}", count: 31))"}"#, "prs_FirstName: wrong-type"),
        (#"{"prs_FirstName": "\#(String(repeating: "a", count: 201))"}"#, "prs_FirstName: too-long"),
    ]

    @Test(arguments: wrong)
    func `a wrong field refuses the file by record and field, and tells nothing of what stood there`(
        record: (text: String, fault: String)
    ) throws {
        #expect(faults(#"[{"prs_FirstName": "Rina"}, \#(record.text)]"#) == ["record 2, \(record.fault)"])
        #expect(try drafts().isEmpty)
        #expect(try take(#"[{"prs_FirstName": "Rina"}]"#).count == 1)
    }

    @Test func `all faults are told at once, and one field by two names is one`() throws {
        #expect(
            faults(
                #"[{"childSex": "F", "childProducedDate": "soon"}, {"permanantAddress": "a", "permanentAddress": "b"}]"#,
                forms)
                == [
                    "record 1, childSex: unknown-code", "record 1, childProducedDate: wrong-type",
                    "record 2, permanantAddress: twice",
                ])
    }

    @Test func `that she declined is hers to say, and nothing that a file says for her`() throws {
        #expect(faults(#"{"permanantAddress": "declined"}"#, forms) == ["record 1, permanantAddress: wrong-type"])
        #expect(faults(#"{"permanantAddress": "declined house"}"#, forms) == [])
    }

    @Test func `a name that may be somebody's is not told`() throws {
        let record =
            #"{"prs_FirstName": "Rina", "Moyna Khatun": "x", "ময়না": "y", "Rahela": "z", "case_no": "3", "empty": ""}"#
        let one = try #require(try take(record).first)
        #expect(one.notTaken.map(\.field) == ["?", "?", "case_no", "?"])
    }
}
