// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

@testable import Exchange
import Foundation
import Letters
import MessageStore
import Procedure
import Testing

@Suite struct CodecTests {
    @Test func `an answer to a push reads back, and nothing like it does`() throws {
        let outcomes: [PushOutcome] = [
            .stored(relayed: [1, 2, 3]), .awaitingParts([Invented.digest(1)]), .awaitingParts([]), .waiting([]),
            .waiting([Invented.digest(2)]),
            .refused(code: "G_HOME_COMPLETE", refusal: Invented.digest(3), stop: nil),
            .rejected(code: "gate.malformed"), .later(code: "full", seconds: 9),
        ]
        let text = PushAnswer.write(outcomes)
        #expect(try PushAnswer.read(text, count: outcomes.count) == outcomes)
        #expect(throws: LetterError.self) { try PushAnswer.read(text, count: outcomes.count - 1) }
        #expect(throws: LetterError.self) { try PushAnswer.read(text, count: outcomes.count + 1) }
        for odd in [
            #"{"answers":[{"outcome":"stored"}],"v":1}"#, #"{"answers":[{"outcome":"kept","relayed":"AQID"}],"v":1}"#,
            #"{"answers":[{"outcome":"stored","relayed":"AQID","x":1}],"v":1}"#,
            #"{"answers":[{"outcome":"stored","relayed":"AQI"}],"v":1}"#,
            #"{"answers":[{"code":"a name, a place","outcome":"rejected"}],"v":1}"#,
            #"{"answers":[{"outcome":"stored","relayed":"AQID"}],"v":2}"#,
            #"{"v":1}"#, "{}", "[]", "",
        ] {
            #expect(throws: LetterError.self) { try PushAnswer.read(Array(odd.utf8), count: 1) }
        }
    }

    @Test func `an answer names at most 64 missing parts`() throws {
        let many = (1...100).map { Invented.digest($0) }
        let read = try PushAnswer.read(PushAnswer.write([.awaitingParts(many)]), count: 1)
        #expect(read == [.awaitingParts(Array(many.prefix(64)))])
        // The largest answer of all is within its bound.
        let largest = PushAnswer.write(
            [PushOutcome](repeating: .awaitingParts(many), count: ExchangeLimits.batchLetters))
        #expect(largest.count <= ExchangeLimits.answerBytes)
        #expect(try PushAnswer.read(largest, count: ExchangeLimits.batchLetters).count == ExchangeLimits.batchLetters)
    }

    @Test func `the largest JSON requests are within their bound, one more id is not`() throws {
        let ids = (1...UInt64(ExchangeLimits.requestIDs)).map { Invented.digest($0) }
        let text = LetterList.write(ids)
        #expect(text.count <= ExchangeLimits.jsonBytes)
        #expect(try LetterList.read(text) == ids)
        #expect(throws: LetterError.self) { try LetterList.read(LetterList.write(ids + [Invented.digest(9_999)])) }
    }

    @Test func `ranges have one spelling`() {
        let whole = ContentRange(offset: 0, count: 1_114_112, size: 1_114_112)
        #expect(ContentRange(whole.text) == whole)
        #expect(ContentRange("bytes 5-5/6") == ContentRange(offset: 5, count: 1, size: 6))
        for odd in [
            "bytes 0-1114112/1114113", "bytes 0-5/5", "bytes 5-4/9", "bytes */9", "bytes 0-1/*", "bytes 00-1/9",
            "bytes=0-1/9", "Bytes 0-1/9", "bytes 0-1/9 ",
            "bytes 0-1", "bytes -1-1/9", "bytes 0--1/9", "bytes 0-1/9/9", "bytes ০-১/৯", "",
        ] { #expect(ContentRange(odd) == nil, "\(odd)") }
        #expect(RequestRange("bytes=7-9") == RequestRange(offset: 7, count: 3))
        for odd in [
            "bytes=0-", "bytes=-5", "bytes=5-4", "bytes=0-1114112", "bytes=0-1,2-3", "bytes 0-1", "bytes=0x0-1", "",
        ] {
            #expect(RequestRange(odd) == nil, "\(odd)")
        }
    }

    @Test func `lines of digests ascend`() throws {
        let digests = (1...5).map { Invented.digest($0) }.sorted()
        #expect(try DigestLines.read(DigestLines.write(digests.reversed() + digests)) == digests)
        let lines = digests.map { $0.hex + "\n" }
        for odd in [
            lines[1] + lines[0], lines[0] + lines[0], String(lines[0].dropLast()), lines[0].uppercased(),
            lines[0] + "x", "\n" + lines[0].dropLast(),
        ] {
            #expect(throws: LetterError(.archiveMalformed, "")) { try DigestLines.read(Array(odd.utf8)) }
        }
    }

    /// Events go in, what the timer waits for comes out.
    @Test func `a connection's time is the peer's only while the peer must speak`() {
        var pace = ConnectionPace(windowBytes: 100)
        #expect(pace.timer == .handshake)
        pace.secured()
        #expect(pace.timer == .head)
        pace.head()
        #expect(pace.timer == .body)
        pace.body(99)
        #expect(pace.expired() == .tooSlow)
        pace.body(1)
        #expect(pace.expired() == .again)
        #expect(pace.expired() == .tooSlow)
        // A second request sent ahead waits for us, not we for it.
        pace.requestEnd()
        pace.head()
        #expect(pace.timer == .none)
        pace.answerEnd(closing: false)
        #expect(pace.timer == .body)
        pace.requestEnd()
        #expect(pace.timer == .none && pace.hasOpenRequest)
        pace.answerEnd(closing: false)
        #expect(pace.timer == .head && !pace.hasOpenRequest)
        pace.head()
        pace.requestEnd()
        pace.answerEnd(closing: true)
        #expect(pace.timer == .linger && pace.expired() == .close)
    }

    @Test func `a letter with much in it comes in several bundles, and nothing is lost or empty`() throws {
        let letter = Invented.letter(1, parts: [3_000, 3_000, 3_000, 3_000, 3_000])
        for limit in [1, 3_000, 6_000, 6_001, 15_000, 15_001, Int.max] {
            var archive = BundleArchive()
            _ = archive.add(letter, room: .max)
            _ = archive.add(Invented.letter(2, parts: []), room: .max)
            var reader = LetterArchiveReader(limits: .init(bytes: 1_000_000, letters: 2))
            var collector = BundleCollector(partBytes: limit)
            try reader.feed(archive.bytes) { event throws(LetterError) in try collector.take(event) }
            try reader.finish()
            collector.finish()
            var parts: [Digest: [UInt8]] = [:]
            var bundles = 0
            for case .letter(let bundle, nil, _) in collector.removeItems() where bundle.id == letter.id {
                bundles += 1
                #expect(bundle.slip == letter.slip && !bundle.parts.isEmpty)
                parts.merge(bundle.parts) { one, _ in one }
            }
            #expect(parts == letter.parts)
            #expect(
                bundles
                    == (limit > 15_000
                        ? 1 : (15_000 + max(limit, 3_000) - 1) / ((max(limit, 3_000) + 2_999) / 3_000 * 3_000)))
        }
    }
}
