// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import Testing

/// A profile with its forms and all its labels, as they lie in `Protocols/Profiles`.
struct WordedProfile: Sendable, CustomTestStringConvertible {
    let folder: String
    let definition: ProfileDefinition
    let forms: FormCatalogue
    let files: [String: [UInt8]]
    /// All languages, read once; or why not.
    let reading: Result<ProfileLanguages, any Error>

    var testDescription: String { folder }

    init(folder: String) throws {
        self.folder = folder
        definition = try ProfileDocument.definition(Protocols.bytes("Profiles/\(folder)/profile.json"))
        forms = try FormsDocument.read(Protocols.bytes("Profiles/\(folder)/forms.json"))
        files = try Protocols.names(in: "Profiles/\(folder)", suffix: ".json").filter { $0.hasPrefix("labels-") }
            .reduce(into: [:]) { $0[String($1.dropLast(5))] = try Protocols.bytes("Profiles/\(folder)/\($1)") }
        reading = Result { [files, definition, forms] in try ProfileLanguages(files, of: definition, forms: forms) }
    }

    /// The languages of a profile are those of its countries, and English.
    var expected: Set<String> {
        let spoken = ["BD": "bn", "IN": "hi"]
        return Set(definition.countries.values.compactMap { spoken[$0] }).union(["en"])
    }

    func languages() throws -> ProfileLanguages { try reading.get() }

    /// The files, one of them with other labels.
    func files(_ file: String, _ change: (inout [String: String]) -> Void) throws -> [String: [UInt8]] {
        var object = try #require(try JSONSerialization.jsonObject(with: Data(files[file] ?? [])) as? [String: Any])
        var labels = try #require(object["labels"] as? [String: String])
        change(&labels)
        object["labels"] = labels
        var result = files
        result[file] = [UInt8](try JSONSerialization.data(withJSONObject: object, options: [.withoutEscapingSlashes]))
        return result
    }

    func texts(_ file: String) throws -> [String: String] {
        let object = try JSONSerialization.jsonObject(with: Data(files[file] ?? [])) as? [String: Any]
        return try #require(object?["labels"] as? [String: String])
    }

    static let all: [WordedProfile] = {
        do {
            return try Protocols.names(in: "Profiles", suffix: "").filter { !$0.hasPrefix(".") }
                .map(WordedProfile.init(folder:))
        } catch {
            fatalError("\(error)")
        }
    }()

    static func repatriation() throws -> WordedProfile {
        try #require(all.first { $0.folder == "in-bd-repatriation" })
    }
}

@Suite struct LabelTests {
    @Test(arguments: WordedProfile.all)
    func `every name that people meet has a label in every language of the profile`(worded: WordedProfile) throws {
        let languages = try worded.languages()
        #expect(worded.expected.isSubset(of: languages.languages))
        for language in languages.languages {
            let labels = try languages.labels(in: language)
            for (kind, names) in [
                "event": Array(worded.definition.events.keys), "guard": Array(worded.definition.guards.keys),
                "fact": Array(worded.definition.facts.keys), "state": Array(worded.definition.lifecycle.care.keys),
                "track": Array(worded.definition.tracks.keys), "form": Array(worded.forms.forms.keys),
            ] {
                for name in names { #expect(labels.label(kind, name) != nil, "\(language): \(kind).\(name)") }
            }
        }
    }

    // MARK: what is refused

    private func reason(_ files: [String: [UInt8]]) throws -> String {
        let worded = try WordedProfile.repatriation()
        do throws(LetterError) {
            _ = try ProfileLanguages(files, of: worded.definition, forms: worded.forms)
            return "accepted"
        } catch {
            return error.reason
        }
    }

    @Test func `a label that a language lacks is refused, file and key named`() throws {
        let worded = try WordedProfile.repatriation()
        #expect(try reason(worded.files("labels-hi") { _ in }) == "accepted")
        #expect(
            try reason(worded.files("labels-hi") { $0["event.DOSSIER"] = nil }) == "labels-hi: event.DOSSIER missing")
        #expect(
            try reason(
                worded.files("labels-bn") {
                    $0["field.her_wish"] = nil
                    $0["track.home.suitable"] = nil
                }) == "labels-bn: field.her_wish missing, and 1 more")
        #expect(
            try reason(worded.files("labels-en") { $0["form.age"] = " " }) == "labels-en: labels.form.age: not a text")
    }

    @Test func `help that only one language has is refused`() throws {
        let worded = try WordedProfile.repatriation()
        #expect(
            try reason(worded.files("labels-hi") { $0["help.birth"] = nil })
                == "labels-hi: help.birth missing, though another language has it")
        #expect(
            try reason(worded.files("labels-bn") { $0["help.dossier.names.romanised"] = "কথা" })
                == "labels-en: help.dossier.names.romanised missing, though another language has it")
    }

    @Test func `a label of nothing is refused by its key`() throws {
        let keys = [
            "colour.red", "event.DOSIER", "refusal.guard", "field", "help.dossier.her_wish", "help.her_wishes",
            "sentence.hello",
            "value.relation.brother",
        ]
        let files = try WordedProfile.repatriation().files("labels-bn") { for key in keys { $0[key] = "কথা" } }
        #expect(try reason(files) == "labels-bn: colour.red names nothing, and 7 more")
    }

    @Test func `a label leaves nothing open to be filled in`() throws {
        let worded = try WordedProfile.repatriation()
        for (key, text) in [
            ("event.DOSSIER", "{field}"), ("event.DOSSIER", "पूरी { फ़ाइल"),
            // A combining mark joins the brace: seen as characters, it is none.
            ("event.DOSSIER", "{\u{0301}field}"),
        ] {
            let bytes = try worded.files("labels-hi") { $0[key] = text }["labels-hi"] ?? []
            let error = #expect(throws: LetterError.self) { try ProfileLabels(bytes) }
            #expect(error?.reason == "labels.\(key): not the placeholders of this label", "\(text)")
        }
    }

    @Test func `a language that the profile does not list, or that is not there, is refused`() throws {
        let worded = try WordedProfile.repatriation()
        #expect(
            #expect(throws: LetterError.self) { try worded.languages().labels(in: "ta") }?.reason
                == "labels: not one of bn, en, hi")
        var files = worded.files
        files["labels-ta"] = files["labels-hi"]
        #expect(try reason(files) == "labels-ta: not among the profile's documents")
        files = worded.files
        files["labels-hi"] = nil
        #expect(try reason(files) == "labels-hi: missing")
        files["labels-hi"] = files["labels-bn"]
        #expect(try reason(files) == "labels-hi: of another language")
    }

    @Test(arguments: WordedProfile.all)
    func `what comes from her has help in every language`(worded: WordedProfile) throws {
        let languages = try worded.languages()
        for form in worded.forms.forms.values {
            for field in form.fields where field.isHers {
                for language in languages.languages {
                    let help = try languages.labels(in: language).help(field.name, in: form.name)
                    #expect(help != nil, "\(language) \(form.name).\(field.name)")
                }
            }
        }
    }
}
