// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Which sheets of a case can be printed, and one of them.
///
/// - SeeAlso: Protocols/Web.md, "Sheets".
enum SheetsPage {
    /// What is posted as `sheet`, before the colon.
    enum Kind: String { case card, hers, consent, blank, form }

    static func show(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseID()
        let reference = caseID.text
        let profile = try call.profile(of: caseID)
        let words = try call.procedure(caseID)
        let forms = try call.desk.history(of: caseID).reversed().flatMap { entry in
            entry.forms.sorted { $0.key < $1.key }.map { (entry, $0.key, $0.value) }
        }
        let blank = try call.desk.possible(in: caseID, at: call.now).filter { $0.refusal == nil && $0.form != nil }
        return Page(call: call, title: .sheets, caseReference: reference).response {
            call.ways(reference)
            E("p", ["class": "hint"]) { call.say(.sheetsHow) }
            E("form", ["method": "post", "action": "/cases/\(reference)/sheets"]) {
                call.tokenField
                E("fieldset") {
                    E("legend") { call.say(.sheetLanguage) }
                    E("div", ["class": "boxes"]) {
                        for language in Words.languages {
                            E("label", ["class": "choice", "lang": language]) {
                                E(
                                    "input",
                                    [
                                        "type": "radio", "name": "language", "value": language,
                                        "checked": language == call.language ? "" : nil,
                                    ])
                                E("span") { Words.names[language] ?? language }
                            }
                        }
                    }
                }
                E("h2") { call.say(.sheetsHers) }
                E("div", ["class": "steps"]) {
                    button(.card, "", call.say(.sheetCard))
                    button(.hers, "", call.say(.sheetHers))
                    for name in profile.definition.consents.keys.sorted() {
                        button(.consent, name, call.say(.sheetConsent, ["name": words.labels.name("consent", name)]))
                    }
                }
                if !forms.isEmpty {
                    E("h2") { call.say(.sheetsForms) }
                    E("label", ["class": "choice"]) {
                        E("input", ["type": "checkbox", "name": "names", "value": "1"])
                        E("span") { call.say(.sheetNames) }
                    }
                    E("div", ["class": "steps"]) {
                        for (entry, commitment, name) in forms {
                            button(
                                .form, commitment.hex, "\(words.form(name)), \(words.moment(entry.letter.sent))")
                        }
                    }
                }
                if !blank.isEmpty {
                    E("details") {
                        E("summary") { call.say(.sheetsBlank) }
                        E("div", ["class": "steps"]) {
                            for act in blank { button(.blank, act.event, words.event(act.event)) }
                        }
                    }
                }
            }
        }
    }

    private static func button(_ kind: Kind, _ of: String, _ label: String) -> HTML {
        E("button", ["name": "sheet", "value": of.isEmpty ? kind.rawValue : "\(kind.rawValue):\(of)"]) { label }
    }

    static func make(_ call: Call) throws -> WebResponse {
        let pieces = call.form.value("sheet").split(separator: ":", maxSplits: 1).map(String.init)
        let language = call.form.value("language")
        guard let kind = pieces.first.flatMap(Kind.init), Words.languages.contains(language) else {
            throw WebFault.badRequest
        }
        let sheet = try Sheet(call, in: language)
        let name = pieces.dropFirst().first ?? ""
        switch kind {
        case .card: return try sheet.response(.sheetCard) { sheet.card }
        case .hers: return try sheet.response(.sheetHers) { try sheet.hers() }
        case .consent:
            guard sheet.profile.definition.consents[name] != nil else { throw WebFault.badRequest }
            let title = sheet.say(.sheetConsent, ["name": sheet.words.labels.name("consent", name)])
            return try sheet.response(.sheets, heading: title) { try sheet.consent(name) }
        case .blank:
            guard let schema = sheet.schema(of: name) else { throw WebFault.badRequest }
            return try sheet.response(.sheets, heading: sheet.words.event(name)) { sheet.blank(schema.fields) }
        case .form:
            guard let commitment = Digest(hex: name) else { throw WebFault.badRequest }
            return try sheet.form(commitment, withNames: call.form.has("names"))
        }
    }
}
