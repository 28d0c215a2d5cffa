// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Forms on paper: as they were filled in, and empty.
extension Sheet {
    /// A form of the case; that it was opened is noted first. What says who she is is left out unless asked for.
    func form(_ commitment: Digest, withNames: Bool) throws -> WebResponse {
        let form = try FormDocument.read(call.desk.form(commitment, in: caseID))
        try call.desk.store.write { try $0.note(opening: commitment, in: caseID, by: call.name, at: call.now) }
        let letter = try call.desk.history(of: caseID).first { $0.forms[commitment] != nil }?.letter.id
        // A form that no catalogue describes has no field of which it is known that it names nobody.
        let fields = catalogue?.forms[form.name]?.fields ?? []
        let shown = withNames ? fields : catalogue?.nameless(fields) ?? []
        return try response(.sheets, heading: words.form(form.name), letter: letter) {
            FormPage.answers(form.fields, shown, words) { _ in E("span") { say(.sheetAttached) } }
            if !withNames, shown != fields { E("p", ["class": "hint"]) { say(.sheetLeftOut) } }
        }
    }

    /// Questions with room for their answers. What the node makes or seals itself, references, marks and files, is not asked.
    func blank(_ fields: [FormSchema.Field]) -> HTML {
        group {
            for field in fields {
                switch field.kind {
                case .id, .digest, .file: HTML.empty
                case .list(let inner):
                    E("h3") { label(field) }
                    blank(inner)
                default:
                    E("p", ["class": "label"]) { label(field) }
                    room(field)
                }
            }
        }
    }

    private func label(_ field: FormSchema.Field) -> String { words.labels.name("field", field.name) }

    private func room(_ field: FormSchema.Field) -> HTML {
        switch field.kind {
        case .code(let codes), .codes(let codes):
            E("ul", ["class": "tick"]) {
                for code in codes.sorted() { E("li") { words.labels.value(code, of: field.name) } }
            }
        case .date, .partialDate, .instant:
            E("p", ["class": "line short"]) { "\(say(.day)) / \(say(.month)) / \(say(.year))" }
        case .text:
            group {
                line(); line()
            }
        default: line()
        }
    }
}

extension FormCatalogue {
    /// The fields without those that say who she is, inside lists too.
    func nameless(_ fields: [FormSchema.Field]) -> [FormSchema.Field] {
        fields.compactMap { field in
            guard !names(field) else { return nil }
            guard case .list(let inner) = field.kind else { return field }
            var field = field
            field.kind = .list(nameless(inner))
            return field
        }
    }
}
