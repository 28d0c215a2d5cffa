// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// One case as a file: its letters with what they told and every form that this node can read. Each form in it counts as opened.
struct CaseExportPage {
    private let call: Call
    private let caseID: CaseID
    /// Letters with steps as they came, each with its forms by commitment.
    private let letters: [(entry: HistoryEntry, forms: [(commitment: Digest, document: JSONValue)])]

    private init(_ call: Call, _ caseID: CaseID) throws {
        (self.call, self.caseID) = (call, caseID)
        letters = try call.desk.history(of: caseID).filter { $0.letter.type == .step }.map { entry in
            (
                entry,
                try entry.forms.keys.sorted().map {
                    (commitment: $0, document: .object(try CanonicalJSON.readText(call.desk.form($0, in: caseID))))
                }
            )
        }
    }

    static func show(_ call: Call) throws -> WebResponse {
        let reference = try call.caseID().text
        return Page(call: call, title: .exportCase, caseReference: reference).response {
            call.ways(reference)
            E("p") { call.say(.exportCaseHow) }
            E("p", ["class": "late"]) { call.say(.exportWarning) }
            E("form", ["method": "post", "action": "/cases/\(reference)/export", "class": "steps"]) {
                call.tokenField
                for format in ["csv", "json"] {
                    E("button", ["name": "format", "value": format]) {
                        call.say(.exportAs, ["format": format.uppercased()])
                    }
                }
            }
        }
    }

    static func take(_ call: Call) throws -> WebResponse {
        let format = call.form.value("format")
        guard format == "csv" || format == "json" else { throw WebFault.badRequest }
        let page = try CaseExportPage(call, call.caseID())
        try page.note()
        var response =
            format == "json"
            ? page.json
            : WebResponse(200, fields: ["content-type": "text/csv; charset=utf-8"], body: CSV.file(page.rows))
        response.fields["content-disposition"] = "attachment; filename=\"case.\(format)\""
        return response
    }

    /// For a program: the same, noted under its account and token.
    static func program(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseInAddress()
        // A case that is not here is no case with nothing in it.
        _ = try call.procedure(caseID)
        let page = try CaseExportPage(call, caseID)
        try page.note()
        return page.json
    }

    /// Before anything goes: who took it, and each of its forms as read.
    private func note() throws {
        try call.desk.store.write { transaction in
            try transaction.note(export: 1, of: caseID, by: call.name, program: call.program, at: call.now)
            for form in letters.flatMap(\.forms) {
                try transaction.note(opening: form.commitment, in: caseID, by: call.name, at: call.now)
            }
        }
    }

    private var json: WebResponse {
        let letters = letters.map { entry, forms in
            JSONValue.object([
                "letter": .string(entry.letter.id.hex), "from": .string(entry.letter.sender.text),
                "to": .array(entry.to.map { .string($0.text) }), "at": .string(entry.letter.sent.rfc3339),
                "void": .bool(entry.isVoid),
                "events": .array(
                    entry.events.map { event in
                        .object([
                            "event": .string(event.code),
                            "at": .string((event.at ?? entry.letter.sent).rfc3339),
                            "facts": .object(
                                event.facts.mapValues { fact in
                                    switch fact {
                                    case .text(let text): .string(text)
                                    case .integer(let number): .integer(number)
                                    }
                                }),
                        ])
                    }),
                "forms": .array(forms.map(\.document)),
            ])
        }
        let object = JSONValue.object([
            "case": .string(caseID.text), "at": .string(call.now.rfc3339), "letters": .array(letters),
        ])
        return WebResponse(
            200, fields: ["content-type": "application/json"], body: CanonicalJSON.writeText(object))
    }

    /// A row for each fact and each filled field.
    private var rows: [[String]] {
        var rows = [["letter", "at", "from", "to", "event", "form", "field", "value"]]
        for (entry, forms) in letters {
            let head = [
                entry.letter.id.hex, entry.letter.sent.rfc3339, entry.letter.sender.text,
                entry.to.map(\.text).joined(separator: " "),
            ]
            for event in entry.events {
                rows.append(head + [event.code, "", "", ""])
                for (name, fact) in event.facts.sorted(by: { $0.key < $1.key }) {
                    let text =
                        switch fact {
                        case .text(let text): text
                        case .integer(let number): String(number)
                        }
                    rows.append(head + [event.code, "", name, text])
                }
            }
            for form in forms {
                guard case .object(let document) = form.document, case .string(let event)? = document["event"],
                    case .string(let name)? = document["form"], let fields = document["fields"]
                else { continue }
                rows += Self.flat(fields, "").map { head + [event, name, $0.field, $0.value] }
            }
        }
        return rows
    }

    /// `carers.1.willing` and its value, for everything inside.
    private static func flat(_ value: JSONValue, _ place: String) -> [(field: String, value: String)] {
        func inside(_ name: String) -> String { place.isEmpty ? name : "\(place).\(name)" }
        return switch value {
        case .string(let text): [(place, text)]
        case .integer(let number): [(place, String(number))]
        case .bool(let flag): [(place, String(flag))]
        case .array(let items): items.enumerated().flatMap { flat($1, inside(String($0 + 1))) }
        case .object(let fields): fields.sorted { $0.key < $1.key }.flatMap { flat($1, inside($0)) }
        }
    }
}
