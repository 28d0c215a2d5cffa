// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// The list of cases as a file for other programs: where each stands, no form, no person. Who took one is noted.
enum ExportPage {
    private struct Row: Encodable {
        let `case`, opened, newest, state, waitsOn, since, due: String
        let ended: Bool

        init(_ summary: CaseSummary, _ words: DeskWords) {
            let wait = summary.ours ?? summary.others
            `case` = summary.caseID.text
            opened = summary.overview.created.rfc3339
            newest = summary.overview.newest.rfc3339
            state = words.states(summary.overview.lifecycle)
            waitsOn =
                wait.map { wait in
                    wait.on.isEmpty ? wait.role.map(words.role) ?? "" : words.members(wait.on)
                } ?? ""
            since = wait?.since.rfc3339 ?? ""
            due = wait?.due?.rfc3339 ?? ""
            ended = summary.overview.hasEnded ?? false
        }

        static let head = ["case", "opened", "newest", "state", "ended", "waits on", "since", "due"]
        var cells: [String] { [`case`, opened, newest, state, ended ? "yes" : "no", waitsOn, since, due] }
    }

    private struct File: Encodable { let cases: [Row] }

    static func show(_ call: Call) throws -> WebResponse {
        let words = try call.procedure()
        let taken = try call.desk.store.read { try $0.exports(limit: WebLimits.rows) }
        return Page(call: call, title: .export).response {
            E("p") { call.say(.exportHow) }
            E("p", ["class": "late"]) { call.say(.exportWarning) }
            E("form", ["method": "post", "action": "/export", "class": "steps"]) {
                call.tokenField
                for format in ["csv", "json"] {
                    E("button", ["name": "format", "value": format]) {
                        call.say(.exportAs, ["format": format.uppercased()])
                    }
                }
            }
            if !taken.isEmpty {
                E("h2") { call.say(.exportsTaken) }
                E("ul", ["class": "rows"]) {
                    for export in taken {
                        E("li") {
                            E("span", ["translate": "no"]) { export.account }
                            if let program = export.program { E("span") { call.say(.byProgram, ["token": program]) } }
                            if let caseID = export.caseID { CaseReference.html(caseID) }
                            E("span", ["class": "since"]) {
                                "\(words.moment(export.at)) · \(words.labels.number(Int64(export.cases)))"
                            }
                        }
                    }
                }
            }
        }
    }

    static func take(_ call: Call) throws -> WebResponse {
        let format = call.form.value("format")
        guard format == "csv" || format == "json" else { throw WebFault.badRequest }
        let rows = try call.desk.list(at: call.now).cases.map {
            Row($0, try call.procedure(under: $0.overview.profile))
        }
        try call.desk.store.write { try $0.note(export: rows.count, by: call.name, at: call.now) }
        var response =
            format == "json"
            ? WebResponse.json(200, File(cases: rows))
            : WebResponse(
                200, fields: ["content-type": "text/csv; charset=utf-8"],
                body: CSV.file([Row.head] + rows.map(\.cells)))
        response.fields["content-disposition"] = "attachment; filename=\"cases.\(format)\""
        return response
    }
}
