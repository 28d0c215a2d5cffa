// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Cases of another system, out of a file: each becomes drafts that somebody looks over, answer by answer. Protocols/Import.md.
enum ImportPage {
    /// What stands where a case is opened; nothing where this node opens none that a mapping knows.
    static func form(_ call: Call) -> HTML {
        let mappings = call.desk.importMappings
        guard !mappings.isEmpty else { return .empty }
        return group {
            E("h2") { call.say(.importCases) }
            E("p") { call.say(.importHow) }
            E(
                "form",
                ["method": "post", "action": "/cases/import", "class": "card", "enctype": "multipart/form-data"]
            ) {
                call.tokenField
                E("fieldset", ["id": "from"]) {
                    E("legend") { call.say(.importFrom) }
                    for mapping in mappings {
                        E("label", ["class": "choice"]) {
                            E(
                                "input",
                                [
                                    "type": "radio", "name": "from", "value": mapping.name,
                                    "checked": mapping.name == mappings.first?.name ? "" : nil,
                                ])
                            E("span") { mapping.titles[call.language] ?? mapping.name }
                        }
                    }
                }
                E("div", ["class": "field"]) {
                    E("label", ["for": "file"]) { call.say(.importFile) }
                    E("p", ["class": "hint", "id": "file-hint"]) { call.say(.importFileHint) }
                    E("input", ["id": "file", "name": "file", "type": "file", "aria-describedby": "file-hint"])
                }
                E("button", ["class": "button main"]) { call.say(.importDo) }
            }
        }
    }

    static func take(_ call: Call) throws -> WebResponse {
        guard call.request.fault != .tooLarge else {
            return try DraftPage.chooseOpening(call, after: ImportError([ImportFault(rule: .tooMuch)]))
        }
        guard let mapping = ImportMapping.named(call.form.value("from")) else { throw WebFault.badRequest }
        do {
            return try done(
                call.desk.importCases(call.form.file ?? [], from: mapping, by: call.name, at: call.now), call)
        } catch let error as ImportError {
            return try DraftPage.chooseOpening(call, after: error)
        }
    }

    // MARK: What became of it

    private static func done(_ cases: [ImportedCase], _ call: Call) throws -> WebResponse {
        let words = try call.procedure()
        return Page(call: call, title: .openCase, heading: call.say(.importDone)).response {
            for one in cases {
                E("h2") { call.say(.importRecord, ["number": words.labels.number(Int64(one.record))]) }
                if one.isKnown { E("p") { call.say(.importKnown) } }
                E("ul", ["class": "rows"]) {
                    for draft in one.drafts {
                        E("li") {
                            E("a", ["class": "what", "href": "/drafts/\(draft.id.hex)"]) {
                                words.events(draft.content.events)
                            }
                        }
                    }
                }
                if !one.isKnown {
                    E("p") { call.say(.importTaken, ["count": words.labels.number(Int64(one.taken.count))]) }
                    notTaken(one, call)
                }
            }
        }
    }

    /// By its reason, in the words of the file.
    private static func notTaken(_ one: ImportedCase, _ call: Call) -> HTML {
        guard !one.notTaken.isEmpty else { return .empty }
        return E("details") {
            E("summary") { call.say(.importNotTaken) }
            E("dl") {
                for reason in ImportMapping.Reason.allCases {
                    let fields = one.notTaken.filter { $0.reason == reason }
                    if !fields.isEmpty {
                        E("dt") { call.say(reason.word) }
                        for field in fields {
                            E("dd", ["translate": "no"]) {
                                field.code.map { "\(field.field): \($0)" } ?? field.field
                            }
                        }
                    }
                }
            }
        }
    }

    /// What is wrong with a file: each record and field by itself, never what stands in it.
    static func faults(_ error: ImportError, _ call: Call, _ words: DeskWords) -> HTML {
        call.errorSummary(
            error.faults.prefix(WebLimits.rows).map { fault in
                let place = [
                    fault.record > 0
                        ? call.say(.importRecord, ["number": words.labels.number(Int64(fault.record))]) : nil,
                    fault.field, call.say(fault.rule.word),
                ]
                return ("file", place.compactMap { $0 }.joined(separator: " · "))
            })
    }
}

extension ImportMapping.Reason {
    fileprivate var word: Word {
        switch self {
        case .consent: .importConsent
        case .never: .importNever
        case .noField: .importNoField
        case .noCode: .importNoCode
        case .unknown: .importUnknown
        }
    }
}

extension ImportFault.Rule {
    fileprivate var word: Word {
        switch self {
        case .notReadable: .importNotReadable
        case .tooMuch: .importTooMuch
        case .noKnownField: .importNoKnownField
        case .twice: .importTwice
        case .unknownCode: .importUnknownCode
        case .wrongType: .importWrongType
        case .tooLong: .importTooLong
        case .notHere: .importNotHere
        }
    }
}
