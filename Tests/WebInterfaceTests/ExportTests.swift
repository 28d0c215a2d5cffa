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

    @Test func `one case goes as a file with its forms, each noted as read before it goes`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let rina = try await office.person("rina", .supervisor)
        let caseID = try await office.opened(by: asha)
        let path = "/cases/\(caseID.text)/export"
        #expect(await rina.get(path).text.contains(HTML(Words.of("en").say(.exportWarning)).text))
        let forms = try office.desk.history(of: caseID).flatMap { $0.forms.keys }.sorted()
        #expect(!forms.isEmpty)
        let before = try office.rows("opening")
        let json = await rina.post(path, ["format": "json"])
        #expect(json.fields["content-disposition"] == "attachment; filename=\"case.json\"")
        let read = try #require(try JSONSerialization.jsonObject(with: Data(json.body)) as? [String: Any])
        let letters = try #require(read["letters"] as? [[String: Any]])
        #expect(letters.count == 1 && (letters[0]["forms"] as? [Any])?.count == forms.count)
        #expect(try office.rows("opening") == before + forms.count)
        let noted = try office.desk.store.read { try $0.openings(of: caseID, limit: 9) }
        #expect(Set(noted.filter { $0.account == "rina" }.map(\.form)) == Set(forms))
        _ = await rina.get(path)
        let table = await rina.post(path, ["format": "csv"])
        #expect(table.text.contains("\"REFERRAL_OFFER\"") && table.text.contains("\"age_band\""))
        #expect(try office.desk.store.read { try $0.exports(limit: 9) }.map(\.caseID) == [caseID, caseID])
        _ = await asha.get("/safety")
        #expect(await asha.post(path, ["format": "csv"]).status == 403)
        let token = try office.signIn.issueToken(for: "rina", scope: .read, days: 1, at: office.now).secret
        let program = await office.program(.post, "/api/v1\(path)", token)
        #expect(program.status == 200 && program.body.count == json.body.count)
        let other = String(repeating: "0", count: 32)
        #expect(await office.program(.post, "/api/v1/cases/\(other)/export", token).status == 404)
        #expect(try office.desk.store.read { try $0.exports(limit: 9) }.count == 3)
    }
}
