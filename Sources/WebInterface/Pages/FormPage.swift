// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// A form of the case, opened: who read it is noted first.
enum FormPage {
    static func open(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseID()
        guard let commitment = Digest(hex: call.form.value("form")) else { throw WebFault.badRequest }
        let form = try FormDocument.read(call.desk.form(commitment, in: caseID))
        try call.desk.store.write { try $0.note(opening: commitment, in: caseID, by: call.name, at: call.now) }
        let words = try call.procedure(caseID)
        let schema = call.desk.network.forms(of: try call.profile(of: caseID).digest)?.forms[form.name]
        let reference = caseID.text
        return Page(call: call, title: .formOpened, heading: words.form(form.name), caseReference: reference).response {
            call.ways(reference)
            E("p", ["class": "saved"]) { call.say(.readingLogged) }
            answers(form.fields, schema?.fields ?? [], words) { file in
                E("form", ["method": "post", "action": "/cases/\(reference)/file"]) {
                    call.tokenField
                    E("input", ["type": "hidden", "name": "file", "value": file])
                    E("button", ["class": "link"]) { call.say(.fileLook) }
                }
            }
        }
    }

    /// An attachment, to look at: who did is noted first.
    static func file(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseID()
        guard let commitment = Digest(hex: call.form.value("file")) else { throw WebFault.badRequest }
        var bytes: [UInt8] = []
        try call.desk.attachment(commitment, in: caseID) { piece in
            // The page holds it in memory; what is larger the command writes into a file.
            guard bytes.count + piece.count <= 4 * WebLimits.fileBytes else { throw WebFault.tooLarge }
            bytes += piece
        }
        try call.desk.store.write { try $0.note(opening: commitment, in: caseID, by: call.name, at: call.now) }
        return .file(bytes, UploadedFile.Kind(Array(bytes.prefix(8))))
    }

    /// Answers in the order of the form.
    ///
    /// - Parameter file: what stands for an attachment.
    static func answers(
        _ values: [String: Form.Value], _ fields: [FormSchema.Field], _ words: DeskWords,
        file: (String) -> HTML = { _ in .empty }
    ) -> HTML {
        E("dl") {
            for field in fields {
                if let value = values[field.name] {
                    E("dt") { words.labels.name("field", field.name) }
                    E("dd") { text(value, field, words, file: file) }
                }
            }
        }
    }

    /// - Parameter file: what stands for an attachment.
    static func text(
        _ value: Form.Value, _ field: FormSchema.Field, _ words: DeskWords, file: (String) -> HTML
    ) -> HTML {
        switch (value, field.kind) {
        case (.text(let name), .file): file(name)
        case (.list(let items), .list(let inner)):
            group {
                for item in items { if case .item(let values) = item { answers(values, inner, words, file: file) } }
            }
        case (.list(let items), _):
            group {
                for (index, item) in items.enumerated() {
                    index == 0 ? "" : ", "
                    text(item, field, words, file: file)
                }
            }
        case (.integer(let number), .instant): HTML(words.moment(Instant(seconds: number)))
        case (.integer(let number), _): HTML(words.labels.number(number))
        case (.text(let text), .code), (.text(let text), .codes), (.text(let text), .region),
            (.text(let text), .language):
            HTML(words.labels.value(text, of: field.name))
        case (.text(let text), .date), (.text(let text), .partialDate): HTML(words.labels.date(text) ?? text)
        case (.text(let text), .member): HTML(MemberID(text).map(words.member) ?? text)
        case (.text(let text), _):
            HTML(FormSchema.herAnswers.contains(text) && field.isHers ? words.labels.value(text, of: field.name) : text)
        case (.item, _): .empty
        }
    }
}
