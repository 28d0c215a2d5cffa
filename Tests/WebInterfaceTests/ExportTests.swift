// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import TestSupport
import Testing

@testable import WebInterface

@Suite struct ExportTests {
    @Test func `a cell is text for every spreadsheet, whatever it begins with and whatever follows a quotation mark`() {
        let file = CSV.file([["=1+1", "+1", "-1", "@x", "\ta", "a=b"], ["say \"\u{09BE}yes\"", "a,b", "", "কমলা\n"]])
        let expected =
            "\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\ta\",\"a=b\"\r\n\"say \"\"\u{09BE}yes\"\"\",\"a,b\",\"\",\"কমলা\n\"\r\n"
        #expect(file == [0xEF, 0xBB, 0xBF] + Array(expected.utf8))
    }

    @Test func `a supervisor takes the list of cases away, and it is noted who did`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let rina = try await office.person("rina", .supervisor)
        let caseID = try await office.opened(by: asha)
        #expect(await rina.get("/export").status == 200)
        let table = await rina.post("/export", ["format": "csv"])
        #expect(table.fields["content-disposition"] == "attachment; filename=\"cases.csv\"")
        #expect(table.text.split(separator: "\r\n").count == 2 && table.text.contains("\"\(caseID.text)\""))
        _ = await rina.get("/export")
        let json = await rina.post("/export", ["format": "json"])
        let read = try #require(try JSONSerialization.jsonObject(with: Data(json.body)) as? [String: [[String: Any]]])
        #expect(read["cases"]?.first?["case"] as? String == caseID.text)
        _ = await rina.get("/export")
        #expect(await rina.post("/export", ["format": "xml"]).status == 400)
        let noted = try office.desk.store.read { try $0.exports(limit: 9) }
        #expect(noted.map(\.account) == ["rina", "rina"] && noted.map(\.cases) == [1, 1])
        // What was asked for is on the page, and no answer of a form is in the file.
        #expect(await rina.get("/export").text.contains("rina"))
        _ = await asha.get("/safety")
        #expect(await asha.post("/export", ["format": "csv"]).status == 403)
    }
}
