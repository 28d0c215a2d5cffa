// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure
import Sealing
import TestSupport
import Testing

@testable import WebInterface

/// Files that answer a question, whole and in pieces. Pictures are made by netpbm and furnished with secrets by exiftool.
@Suite struct FileTests {
    static let secret = "SYNTHETIC-PLACE-23.1667N"
    static let pdf = Array("%PDF-1.4\nA paper of an invented office.\n%%EOF\n".utf8)
    private static let question = "MISSING_REPORTED/police_paper"

    /// A draft that reports somebody missing, at its compulsory paper.
    private func begun(_ office: Office) async throws -> (Browser, String) {
        let asha = try await office.person("asha", .caseworker)
        return (asha, "/drafts/\(try office.draft(["MISSING_REPORTED"]).id.hex)/\(Self.question)")
    }

    private func kept(_ office: Office, _ path: String) throws -> [UInt8] {
        let work = try office.work(path)
        let question = try #require(work.form.question("MISSING_REPORTED", "police_paper"))
        return try work.file(question).bytes
    }

    static func photo(_ ending: String, wide: Int = 61) throws -> [UInt8] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kheya-file-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.currentDirectoryURL = folder
        let make = ending == "jpg" ? "pnmtojpeg" : "pnmtopng"
        process.arguments = [
            "-c",
            """
            ppmmake rgb:80/20/40 \(wide) \(wide) | pnmtopng -force 2>/dev/null | pngtopnm | \(make) >p.\(ending) 2>/dev/null &&
            exiftool -q -overwrite_original -GPSLatitude=23.1667 -GPSLatitudeRef=N -XMP:Location='\(secret)' \
            -Comment='\(secret)' p.\(ending)
            """,
        ]
        try process.run()
        process.waitUntilExit()
        let bytes = Array(try Data(contentsOf: folder.appending(path: "p.\(ending)")))
        try #require(bytes.firstRange(of: Array(secret.utf8)) != nil)
        return bytes + Array("\(secret) hidden video".utf8)
    }

    @Test(arguments: ["jpg", "png"])
    func `a photo is kept without place and camera, and shown as it will be sealed`(ending: String) async throws {
        let office = try Office()
        let (asha, path) = try await begun(office)
        let photo = try Self.photo(ending)
        _ = await asha.get(path)
        let answer = await asha.post(path, file: photo, as: "Kamala at home.txt")
        #expect(answer.status == 303)
        let bytes = try kept(office, path)
        #expect(bytes == (try Picture(cleaning: photo))?.bytes && bytes.firstRange(of: Array(Self.secret.utf8)) == nil)
        let shown = await asha.get(path + "/file")
        #expect(shown.body == bytes && shown.fields["content-type"] == (ending == "jpg" ? "image/jpeg" : "image/png"))
        #expect(shown.fields["cache-control"] == "no-store" && shown.fields["x-content-type-options"] == "nosniff")
        // Nothing of it lies in the clear, and its name nowhere at all.
        #expect(try office.onDisk(Array(bytes.suffix(48))) == false && office.onDisk(Array("Kamala".utf8)) == false)
    }

    @Test func `what is no photo and no PDF is not taken, whatever it is called, and what stood there stays`()
        async throws
    {
        let office = try Office()
        let (asha, path) = try await begun(office)
        _ = await asha.get(path)
        #expect(await asha.post(path, file: Self.pdf, as: "paper.pdf").status == 303)
        let photo = try Self.photo("jpg")
        let cases: [([UInt8], String, Word)] = [
            (Array("<html><script>alert(1)</script></html>".utf8), "photo.jpg", .fileKind),
            (Array("MZ\u{0}\u{3}".utf8), "paper.pdf", .fileKind),
            (Array("GIF89a............".utf8), "photo.jpg", .fileFormat),
            ([0, 0, 0, 24] + Array("ftypheic............".utf8), "photo.jpg", .fileFormat),
            (Array(photo.prefix(200)), "photo.jpg", .fileDamaged),
            (Array(Self.pdf.prefix(20)), "paper.pdf", .fileDamaged),
            (
                Array("%PDF-".utf8) + Array(repeating: 32, count: WebLimits.fileBytes) + Self.pdf, "paper.pdf",
                .fileTooLarge
            ),
        ]
        for (bytes, name, word) in cases {
            _ = await asha.get(path)
            let page = await asha.post(path, file: bytes, as: name)
            let says = HTML(Words.of("en").say(word, ["format": bytes.first == 0x47 ? "GIF" : "HEIC"])).text
            #expect(page.status == 422 && page.text.contains(says), "\(word): \(page.status)")
            #expect(page.text.contains("<title>Error"))
        }
        #expect(try kept(office, path) == Self.pdf)
        // Without a file, *Continue* goes on and changes nothing; *Take it out* does.
        _ = await asha.get(path)
        #expect(await asha.post(path, file: [], as: "").status == 303)
        #expect(try kept(office, path) == Self.pdf)
        #expect(await asha.post(path, ["remove": "1", "version": asha.hidden("version") ?? ""]).status == 303)
        #expect(throws: WebFault.notFound) { try kept(office, path) }
        #expect(await asha.get(path + "/file").status == 404)
    }

    @Test func `a file in pieces goes on where the line broke, after a new page too`() async throws {
        let office = try Office()
        let (asha, path) = try await begun(office)
        let file = Array("%PDF-1.4\n".utf8) + (0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) } + Self.pdf
        let name = Digest.sha256(file).hex
        func piece(_ offset: Int, _ count: Int = WebLimits.pieceBytes) async -> WebResponse {
            await asha.post(
                path, ["upload": name, "offset": String(offset)], file: Array(file.dropFirst(offset).prefix(count)),
                as: "blob")
        }
        _ = await asha.get(path)
        #expect(await asha.post(path, ["upload": name, "offset": "-1"]).text == "0")
        #expect(await piece(0).text == "196608")
        // Twice the same, one from further on, and one that is too long: nothing changes.
        #expect(await piece(0).text == "196608")
        #expect(await piece(400_000).text == "196608")
        #expect(await piece(196_608, WebLimits.pieceBytes + 1).status == 413)
        // Finished too early it is damaged, and begins anew.
        office.advance(60)
        _ = await asha.get(path)
        #expect(await asha.post(path, ["upload": name, "offset": ""]).text == "196608")
        #expect(await piece(196_608).text == "393216")
        #expect(await piece(393_216).text == String(file.count))
        #expect(await asha.post(path, ["upload": name]).status == 303)
        #expect(try kept(office, path) == file)
        #expect(try office.uploadRows() == (file.count + WebLimits.pieceBytes - 1) / WebLimits.pieceBytes)
        // Another in its place leaves nothing of it.
        _ = await asha.get(path)
        #expect(await asha.post(path, file: Self.pdf, as: "p").status == 303)
        #expect(try office.uploadRows() == 1)
    }

    @Test func `the fingerprint of a paper is that of its scan, and goes without the scan`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let draft = "/drafts/\(try office.draft(["PLACEMENT_ORDER"]).id.hex)"
        let paper = "\(draft)/PLACEMENT_ORDER/paper_digest"
        _ = await asha.get(paper)
        #expect(await asha.post(paper, file: Self.pdf, as: "p").status == 303)
        var act = try office.work(draft).act()
        #expect(act.events.first?.facts["paper_digest"] == .text(Digest.sha256(Self.pdf).hex))
        #expect(act.forms.map(\.attachments.count) == [0])
        // The scan may be the same file; taken out of one answer it stays in the other.
        let scan = "\(draft)/PLACEMENT_ORDER/scan"
        let page = await asha.get(scan)
        let name = try #require(page.text.firstMatch(of: /name="same" value="([0-9a-f]{64})"/)).1
        #expect(await asha.post(scan, ["same": String(name)]).status == 303)
        act = try office.work(draft).act()
        #expect(act.forms.map(\.attachments.count) == [1])
        _ = await asha.get(paper)
        #expect(await asha.post(paper, ["remove": "1", "version": "1"]).status == 303)
        #expect(await asha.get(scan + "/file").body == Self.pdf)
    }

    @Test func `a file whose session died is kept, and its token serves no other draft`() async throws {
        let office = try Office()
        let (asha, path) = try await begun(office)
        _ = await asha.get(path)
        let late = asha.hidden("draft-token") ?? ""
        office.advance(901)
        let other = "/drafts/\(try office.draft(["MISSING_REPORTED"]).id.hex)/\(Self.question)"
        #expect(await asha.post(other, ["draft-token": late], file: Self.pdf, as: "p").status == 401)
        #expect(throws: WebFault.notFound) { try kept(office, other) }
        let answer = await asha.post(path, ["draft-token": late], file: Self.pdf, as: "p")
        #expect(answer.status == 401 && answer.text.contains(HTML(Words.of("en").say(.savedLate)).text))
        #expect(try kept(office, path) == Self.pdf)
        #expect(await asha.get(path + "/file").status == 401)
    }

    @Test func `a fact with a compulsory paper is sealed from the page, on a ground that is called no consent`()
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let caseID = try await office.opened(by: asha)
        _ = await asha.get("/cases/\(CaseReference.text(caseID))")
        let begun = await asha.post("/cases/\(CaseReference.text(caseID))/do", ["event": "MISSING_REPORTED"])
        let draft = String(try #require(begun.fields["location"]).prefix(72))
        try await office.fill(draft, asha, ["police_report": [("answer", "yes")]])
        let check = await asha.get("\(draft)/check")
        try #require(check.status == 200, "\(Office.refusal(check))")
        #expect(check.text.contains(HTML(Words.of("en").say(.basisEmergency)).text))
        #expect(await asha.press("\(draft)/seal").status == 200)
        #expect(try office.uploadRows() == 0, "the draft's copy is gone")
        let letter = try #require(try office.desk.history(of: caseID).last { !$0.attachments.isEmpty })
        var bytes: [UInt8] = []
        _ = try office.desk.attachment(try #require(letter.attachments.first), in: caseID) { bytes += $0 }
        #expect(bytes == Self.pdf)
        // It is read from the case, and who did is noted.
        _ = await asha.get("/cases/\(CaseReference.text(caseID))/timeline")
        let form = try #require(letter.forms.keys.first)
        let page = await asha.post("/cases/\(CaseReference.text(caseID))/form", ["form": form.hex])
        #expect(page.text.contains("name=\"file\" value=\"\(letter.attachments[0].hex)\""))
        let shown = await asha.post("/cases/\(CaseReference.text(caseID))/file", ["file": letter.attachments[0].hex])
        #expect(shown.status == 200 && shown.body == Self.pdf && shown.fields["content-type"] == "application/pdf")
        let openings = try office.desk.store.read { try $0.openings(of: caseID, limit: 9) }
        #expect(openings.map(\.form) == [letter.attachments[0], form])
    }
}
