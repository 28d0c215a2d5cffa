// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Procedure
import Sealing
import TestSupport
import Testing

@testable import Node
@testable import TrailAudit
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
                #expect(error as? WebFault == .verifying)
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
        #expect(try await settled(rina).contains(word(.ownTrailHolds)))
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
        let page = try await settled(rina)
        #expect(page.contains(word(.ownTrailWrong)) && page.contains(letter.hex))
    }

    @Test func `the own trail is verified once at a time, and every other page goes on`() async throws {
        let office = try Office()
        let rina = try await office.person("rina", .supervisor)
        let gate = DispatchSemaphore(value: 0)
        try office.site.trail.beginOwn(at: office.now) {
            gate.wait()
            return OwnTrail()
        }
        #expect(await rina.get("/audit").text.contains("<progress"))
        // As many as the page has threads, and more: none of them waits.
        for _ in 0..<6 {
            let second = await rina.post("/audit/verify", [:])
            #expect(second.status == 429 && second.text.contains(word(.faultVerifying)))
            #expect(second.fields["retry-after"] != nil && second.text.contains("href=\"/audit\""))
        }
        #expect(await rina.get("/").status == 200)
        gate.signal()
        #expect(try await settled(rina).contains(word(.ownTrailHolds)))
        // What could not be read is said to be that, and the next one may begin.
        try office.site.trail.beginOwn(at: office.now) { nil }
        #expect(try await settled(rina).contains(word(.ownTrailUnread)))
        _ = await rina.get("/audit")
        #expect(await rina.post("/audit/verify", [:]).status == 303)
        #expect(try await settled(rina).contains(word(.ownTrailHolds)))
    }

    @Test func `a bundle's cases bring no more to the page than it has room for, and what is cut is counted`()
        async throws
    {
        let office = try Office()
        let auditor = try await office.person("lila", .auditor)
        var trail = try PracticeTrail()
        try trail.tell("main-path-adult", as: "main", first: 20)
        let bundle = try PracticeBundle(trail)
        let disk = try bundle.write()
        var whole: [CaseStory] = []
        _ = TrailVerifier(trust: try TrailTrust(folder: disk.trust), asOf: bundle.asOf).verify(
            path: disk.bundle, story: { whole.append($0) })
        let honest = try #require(whole.first)
        // An honest case has room.
        var room = WebLimits.storyBytes
        let told = honest.rows.filter { $0.type == .step || $0.type == .refusal || $0.type == .notice }
        let shown = TrailDesk.Story(honest, room: &room)
        #expect(shown.rows.count == told.count && shown.more == 0 && room > 0 && room < WebLimits.storyBytes)
        // The same case ten thousand times as long, as whoever makes a bundle may have it, and the cases after it.
        let hostile = CaseStory(
            id: honest.id, rows: Array(repeating: told[0], count: 10_000), lifecycle: [], checkpoints: [], overdue: [])
        room = WebLimits.storyBytes
        let stories = (0..<WebLimits.rows).map { _ in TrailDesk.Story(hostile, room: &room) }
        #expect(room >= 0 && stories[0].rows.count > told.count)
        #expect(stories.allSatisfy { $0.rows.count + $0.more == 10_000 })
        let text = stories.flatMap(\.rows).flatMap(\.words).reduce(0) { $0 + $1.utf8.count }
        #expect(text <= WebLimits.storyBytes)
        try office.site.trail.begin(
            bundle.archive, trust: TrailTrust(folder: disk.trust), by: "lila", at: bundle.asOf)
        #expect(try await settled(auditor).contains(told[0].words.dropLast().joined()))
    }

    @Test func `what a crash has left of a bundle goes at the next start`() throws {
        let office = try Office()
        let left = ["bundle.trail", "bundle.trail.new"].map { office.directory.appendingPathComponent($0) }
        for file in left { try Data("left".utf8).write(to: file) }
        _ = TrailDesk(directory: office.directory)
        #expect(left.allSatisfy { !FileManager.default.fileExists(atPath: $0.path) })
    }
}
