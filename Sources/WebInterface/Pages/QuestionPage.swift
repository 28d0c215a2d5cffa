// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Letters
import Membership
import Node
import Procedure

/// One question a screen, made from the profile's form data and nothing else.
struct QuestionPage {
    let work: DraftWork
    let question: Question
    var violation: FormViolation?
    /// Why the file that came is not taken.
    var fault: UploadedFile.Fault?

    private var call: Call { work.call }
    private var words: DeskWords { work.words }
    private var field: FormSchema.Field { question.field }
    private var answer: ActDraft.Answer? { work.form.draft.content.answers[question.key] }
    private var label: String {
        question.isFact ? words.fact(field.name) : words.labels.name("field", field.name)
    }

    func response() throws -> WebResponse {
        let error =
            fault?.text(call)
            ?? violation.map { violation in
                work.schema(of: question.event).map { words.labels.sentence(for: violation, in: $0) } ?? label
            }
        let address = "/drafts/\(work.id.hex)/\(question.address)"
        return try Page(
            call: call, title: .draftTitle, heading: words.event(question.event),
            caseReference: work.reference, hasError: error != nil, practice: work.practice
        ).response(status: error == nil ? 200 : 422) {
            call.errorSummary(error.map { [("answer", $0)] } ?? [])
            try work.readAloud(isOpen: false)
            if let answer, let other = answer.other { conflict(answer, other, address) }
            try E(
                "form",
                [
                    "method": "post", "action": address, "class": "card", "data-draft": isFile ? nil : "",
                    "data-file": isFile ? "" : nil, "enctype": isFile ? "multipart/form-data" : nil,
                ]
            ) {
                call.tokenField
                E("input", ["type": "hidden", "name": Field.draftToken, "value": try draftToken()])
                E("input", ["type": "hidden", "name": "version", "value": String(answer?.version ?? 0)])
                try E("div", ["class": error == nil ? "field" : "field wrong"]) {
                    if let place { E("p", ["class": "hint"]) { place } }
                    if work.form.isUnseen(question) { E("p", ["class": "late"]) { call.say(.importUnseen) } }
                    try input(error)
                    E("p", ["class": "hint"]) { seen }
                }
                E("button", ["class": "button main"]) { call.say(.saveGoOn) }
            }
            E("p", ["class": "saved", "role": "status", "data-saved": ""]) {
                call.say(.saved, ["time": words.moment(work.form.draft.updated)])
            }
            E("p") {
                E("a", ["href": "/drafts/\(work.id.hex)"]) { call.say(.taskList) }
                " · "
                E("a", ["href": "/drafts/\(work.id.hex)/check"]) { call.say(.checkAnswers) }
            }
        }
    }

    private func draftToken() throws -> String {
        guard let account = call.account else { return "" }
        return try work.token(question).make(for: account, until: call.now + WebLimits.draftTokenSeconds)
    }

    /// The section, and which entry of a list.
    private var place: String? {
        let pieces = question.path.split(separator: ".").map(String.init)
        if pieces.count >= 3, let number = Int64(pieces[pieces.count - 2]) {
            return call.say(
                .entryNumber,
                ["list": words.labels.name("field", pieces[pieces.count - 3]), "number": words.labels.number(number)])
        }
        return field.section.map { words.labels.name("section", $0) }
    }

    private var seen: String {
        let who = work.readers
        let text = who.isEmpty ? "" : call.say(.seenBy, ["who": words.members(who)])
        guard work.form.isOptional(question, work.form.missing) else { return text }
        return text.isEmpty ? call.say(.optional) : "\(text) · \(call.say(.optional))"
    }

    // MARK: Inputs

    private func input(_ error: String?) throws -> HTML {
        let help =
            question.isFact ? nil : words.labels.help(question.path, in: work.schema(of: question.event)?.name ?? "")
        let values = answer?.values ?? []
        let first = values.first ?? ""
        let notes = group {
            if let help { E("p", ["class": "hint", "id": "help"]) { help } }
            if let error { E("p", ["class": "error", "id": "wrong"]) { error } }
        }
        func line(_ name: String, value: String, mode: String? = nil, id: String = "answer") -> HTML {
            E(
                "input",
                [
                    "id": id, "name": name, "type": "text", "value": value, "inputmode": mode, "autocomplete": "off",
                    "aria-describedby": error != nil ? "wrong" : help != nil ? "help" : nil,
                    "aria-invalid": error == nil ? nil : "true",
                ])
        }
        func labelled(_ content: HTML) -> HTML {
            group {
                E("label", ["for": "answer"]) { label }; notes; content
            }
        }
        let own: HTML
        switch field.kind {
        case .code(let codes), .region(let codes), .language(let codes):
            return choices(options(codes), chosen: [first], isSeveral: false, notes)
        case .codes(let codes): return choices(options(codes), chosen: Set(values), isSeveral: true, notes)
        case .member:
            return choices(work.members.map { ($0.id.text, $0.name) }, chosen: [first], isSeveral: false, notes)
        case .id: return choices(try references(first), chosen: [first], isSeveral: false, notes)
        case .digest where isFile: own = file(notes)
        case .digest: return choices(try marks(first), chosen: [first], isSeveral: false, notes)
        case .text:
            own = labelled(
                E(
                    "textarea",
                    ["id": "answer", "name": "answer", "rows": "4", "aria-describedby": help == nil ? nil : "help"]
                ) { hers(first) ? "" : first })
        case .integer: own = labelled(line("answer", value: hers(first) ? "" : first, mode: "numeric"))
        case .money:
            own = E("fieldset") {
                E("legend") { label }
                notes
                E("div", ["class": "boxes"]) {
                    E("div") {
                        E("label", ["for": "answer"]) { call.say(.currency) }; line("answer", value: first)
                    }
                    E("div") {
                        E("label", ["for": "amount"]) { call.say(.amount) };
                        line("answer", value: values.dropFirst().first ?? "", mode: "decimal", id: "amount")
                    }
                }
            }
        case .date, .partialDate, .instant:
            own = dates(values, notes) { name, value, id in
                line(name, value: value, mode: id == "time" ? nil : "numeric", id: id)
            }
        case .file: own = file(notes)
        case .list: return list(first, notes)
        }
        guard field.isHers else { return own }
        return group {
            own
            for code in FormSchema.herAnswers.sorted() {
                E("label", ["class": "choice"]) {
                    E(
                        "input",
                        ["type": "radio", "name": "special", "value": code, "checked": first == code ? "" : nil])
                    E("span") { words.labels.value(code, of: field.name) }
                }
            }
        }
    }

    private var isFile: Bool { work.form.takesFile(question) }

    /// With script the file goes in pieces and a photo smaller; without it with the form.
    private func file(_ notes: HTML) -> HTML {
        let kept = KeptFile(answer?.values ?? [])
        return group {
            E("label", ["for": "answer"]) { label }
            notes
            E("p", ["class": "hint", "id": "file-how"]) { call.say(.fileHow) }
            if let kept {
                E("p", ["class": "kept"]) {
                    E("a", ["href": "/drafts/\(work.id.hex)/\(question.address)/file"]) { work.text(of: kept) }
                    " "
                    E("button", ["name": "remove", "value": "1", "class": "link"]) { call.say(.fileRemove) }
                }
            }
            for other in work.otherFiles(than: question) where other.file.name != kept?.name {
                E("p") {
                    E("button", ["name": "same", "value": other.file.name.hex]) {
                        call.say(
                            .fileSame,
                            [
                                "file": work.text(of: other.file),
                                "field": words.labels.name("field", other.question.field.name),
                            ])
                    }
                }
            }
            E(
                "input",
                [
                    "id": "answer", "name": "file", "type": "file", "accept": "image/*,application/pdf",
                    "aria-describedby": "file-how",
                ])
            E("progress", ["hidden": "", "max": "1", "value": "0", "aria-label": call.say(.fileComing)]) { "" }
        }
    }

    /// Whose mark, or which letter: one's own mark, and the letters of this case.
    private func marks(_ current: String) throws -> [(String, String)] {
        var known = [(DraftForm.mine, call.say(.mySignature))] + (try work.letters())
        if !current.isEmpty, !known.contains(where: { $0.0 == current }) {
            known.append((current, call.say(.thisReference)))
        }
        return known
    }

    private func hers(_ text: String) -> Bool { field.isHers && FormSchema.herAnswers.contains(text) }

    private func options(_ codes: Set<String>) -> [(String, String)] {
        (codes.sorted() + (field.isHers ? FormSchema.herAnswers.subtracting(codes).sorted() : [])).map {
            ($0, words.labels.value($0, of: field.name))
        }
    }

    /// References that stand in this case already, and a new one.
    private func references(_ current: String) throws -> [(String, String)] {
        var known = try work.references()
        if !current.isEmpty, !known.contains(where: { $0.0 == current }) {
            known.insert((current, call.say(.thisReference)), at: 0)
        }
        return known + [("new", call.say(.newReference))]
    }

    private func choices(_ options: [(String, String)], chosen: Set<String>, isSeveral: Bool, _ notes: HTML) -> HTML {
        E("fieldset") {
            E("legend") { label }
            notes
            if options.count > 20 && !isSeveral {
                E("select", ["id": "answer", "name": "answer", "aria-label": label]) {
                    E("option", ["value": ""]) { call.say(.chooseOne) }
                    for (value, text) in options {
                        E("option", ["value": value, "selected": chosen.contains(value) ? "" : nil]) { text }
                    }
                }
            } else {
                for (index, (value, text)) in options.enumerated() {
                    E("label", ["class": "choice"]) {
                        E(
                            "input",
                            [
                                "type": isSeveral ? "checkbox" : "radio", "name": "answer", "value": value,
                                "id": index == 0 ? "answer" : nil, "checked": chosen.contains(value) ? "" : nil,
                            ])
                        E("span") { text }
                    }
                }
            }
        }
    }

    private func dates(_ values: [String], _ notes: HTML, _ line: (String, String, String) -> HTML) -> HTML {
        func part(_ index: Int) -> String { values.count > index && !hers(values[0]) ? values[index] : "" }
        return E("fieldset") {
            E("legend") { label }
            notes
            if field.kind == .partialDate { E("p", ["class": "hint"]) { call.say(.dateHint) } }
            E("div", ["class": "boxes"]) {
                E("div") {
                    E("label", ["for": "answer"]) { call.say(.day) }; line("day", part(2), "answer")
                }
                E("div") {
                    E("label", ["for": "month"]) { call.say(.month) }; line("month", part(1), "month")
                }
                E("div") {
                    E("label", ["for": "year"]) { call.say(.year) }; line("year", part(0), "year")
                }
                if field.kind == .instant {
                    E("div") {
                        E("label", ["for": "time"]) { call.say(.time) }; line("time", part(3), "time")
                    }
                }
            }
        }
    }

    private func list(_ first: String, _ notes: HTML) -> HTML {
        let count = DraftForm.entries(first)
        return group {
            E("h2", ["id": "answer"]) { label }
            notes
            E("p") { words.labels.count(Int64(count), .entry) }
            E("input", ["type": "hidden", "name": "answer", "value": count == 0 ? "" : String(count)])
            E("p") {
                E("button", ["name": "entries", "value": String(count + 1)]) { call.say(.addEntry) }
                if count > 0 {
                    " "; E("button", ["name": "entries", "value": String(count - 1)]) { call.say(.removeEntry) }
                }
            }
        }
    }

    private func conflict(_ answer: ActDraft.Answer, _ other: [String], _ address: String) -> HTML {
        func shown(_ values: [String]) -> String {
            KeptFile(values).map(work.text(of:))
                ?? values.map { words.labels.value($0, of: field.name) }.joined(separator: ", ")
        }
        return E("form", ["method": "post", "action": address, "class": "errors", "role": "alert"]) {
            call.tokenField
            E("h2") { call.say(.twoAnswers, ["name": answer.by]) }
            E("p") {
                E("button", ["name": "choose", "value": "other"]) { "\(answer.otherBy ?? ""): \(shown(other))" }
                " "
                E("button", ["name": "choose", "value": "kept"]) { "\(answer.by): \(shown(answer.values))" }
            }
        }
    }
}
