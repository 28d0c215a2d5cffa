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
import TrailAudit

@testable import WebInterface

@Suite struct TrailDeskTests {
    /// The page when nothing is being verified any more.
    private func settled(_ browser: Browser) async throws -> String {
        for _ in 0..<600 {
            let page = await browser.get("/audit").text
            if !page.contains("<progress") { return page }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Office.Failed(status: 0)
    }

    private func word(_ word: Word) -> String { HTML(Words.of("en").say(word)).text }

    @Test func `an honest bundle passes, a changed one fails, and neither stays on the disk`() async throws {
        let office = try Office()
        let auditor = try await office.person("lila", .auditor)
        var trail = try PracticeTrail()
        try trail.tell("main-path-adult", as: "main", first: 20)
        var bundle = try PracticeBundle(trail)
        for (verdict, isChanged) in [(TrailReport.Verdict.pass, false), (.fail, true)] {
            if isChanged {
                let origin = try #require(bundle.logs.keys.sorted().first)
                bundle.logs[origin]?.leaves[0] = Digest.sha256([0])
            }
            let disk = try bundle.write()
            try office.site.trail.begin(
                bundle.archive, trust: TrailTrust(folder: disk.trust), by: "lila", at: bundle.asOf)
            let page = try await settled(auditor)
            let outcome = try #require(office.site.trail.outcome)
            #expect(outcome.report.verdict == verdict, "\(outcome.report.text)")
            #expect(page.contains(word(isChanged ? .verdictFail : .verdictPass)))
            if !isChanged {
                #expect(!outcome.stories.isEmpty)
                #expect(outcome.stories.allSatisfy { page.contains($0.id.text) })
            }
            #expect(
                !FileManager.default.fileExists(atPath: office.directory.appendingPathComponent("bundle.trail").path))
        }
    }

    @Test func `whatever else is brought ends in a clear page`() async throws {
        let office = try Office()
        let auditor = try await office.person("lila", .auditor)
        let honest = try PracticeBundle(PracticeTrail()).archive
        let names = Set(try FileManager.default.subpathsOfDirectory(atPath: office.directory.path))
        var climbing = LetterArchive.header(path: Array("../../climbed".utf8), count: 4) + Array("bad!".utf8)
        climbing += [UInt8](repeating: 0, count: 508) + LetterArchive.end
        for (name, bytes) in [
            ("strangers", honest), ("cut", Array(honest.dropLast(700))),
            ("no bundle", Array("<script>1</script>".utf8)),
            ("climbing", climbing), ("zeros", [UInt8](repeating: 0, count: 4_096)),
            ("noise", (0..<9_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }),
        ] {
            _ = await auditor.get("/audit")
            #expect(await auditor.post("/audit/bundle", file: bytes, as: "bundle.trail").status == 303, "\(name)")
            let page = try await settled(auditor)
            #expect(
                page.contains(word(.verdictFail)) || page.contains(word(.verdictIncomplete))
                    || page.contains(word(.verdictUnchecked)), "\(name)")
            #expect(!page.contains("<script>1"), "\(name)")
        }
        #expect(!FileManager.default.fileExists(atPath: office.directory.appendingPathComponent("../../climbed").path))
        let left = Set(try FileManager.default.subpathsOfDirectory(atPath: office.directory.path))
        #expect(left.subtracting(names).allSatisfy { $0.hasPrefix("node.sqlite") })
        // Nothing, and too much.
        _ = await auditor.get("/audit")
        #expect(await auditor.post("/audit/bundle", file: [], as: "x").status == 422)
        let large = [UInt8](repeating: 7, count: WebLimits.bundleBytes + WebLimits.formBytes)
        let refused = await auditor.post("/audit/bundle", file: large, as: "x")
        #expect(refused.status == 422 && refused.text.contains(word(.bundleTooLarge)))
        #expect(office.site.trail.work == nil)
    }

    @Test func `one bundle at a time, for whoever sees the trail`() async throws {
        let office = try Office()
        let auditor = try await office.person("lila", .auditor)
        let asha = try await office.person("asha", .caseworker)
        let bundle = try PracticeBundle(PracticeTrail())
        let disk = try bundle.write()
        let trust = try TrailTrust(folder: disk.trust)
        var refused = 0
        for _ in 0..<8 {
            do { try office.site.trail.begin(bundle.archive, trust: trust, by: "lila", at: bundle.asOf) } catch {
                #expect(error as? WebFault == .tooMany)
                refused += 1
            }
        }
        #expect(refused > 0)
        _ = try await settled(auditor)
        _ = await asha.get("/safety")
        #expect(await asha.post("/audit/bundle", file: [1], as: "x").status == 403)
    }

    @Test func `a node says of its own letters what it can prove, and no more`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let rina = try await office.person("rina", .supervisor)
        _ = await rina.get("/audit")
        #expect(await rina.post("/audit/verify", [:]).status == 303)
        #expect(await rina.get("/audit").text.contains(word(.ownTrailHolds)))
        _ = try await office.opened(by: asha)
        let letter = try #require(try office.desk.outbox().first).letter.id
        for (relayed, expected) in [(nil, (0, 1, 0)), (Array("no receipt".utf8), (0, 0, 1))]
            as [([UInt8]?, (Int, Int, Int))]
        {
            try office.desk.store.write {
                try $0.settle(letter, as: .stored, at: office.now, relayed: relayed)
            }
            let trail = try office.desk.verifyOwnTrail()
            #expect((trail.proved, trail.unproved, trail.wrong.count) == expected)
        }
        _ = await rina.get("/audit")
        _ = await rina.post("/audit/verify", [:])
        let page = await rina.get("/audit").text
        #expect(page.contains(word(.ownTrailWrong)) && page.contains(letter.hex))
    }
}
