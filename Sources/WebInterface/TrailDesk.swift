// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure
import Synchronization
import TrailAudit

/// What takes long at the page *Trail*: bundles that people bring, and the node's own letters. One of each at a time, on a thread of its
/// own, so that no other page waits.
///
/// A bundle is never unpacked: the verifier reads it as a stream. What stays is the newest report, until the next one or the program's end.
final class TrailDesk: Sendable {
    /// A bundle that is being verified: bytes in all, and read.
    struct Work: Sendable {
        let total: Int
        var read = 0
    }
    struct Outcome: Sendable {
        let report: TrailReport
        /// Of the first cases.
        let stories: [Story]
        let by: String
        let at: Instant
    }
    /// What is shown of one case: whoever makes a bundle chooses how much stands in it.
    struct Story: Sendable {
        let id: CaseID
        let rows: [CaseStory.Row]
        /// Steps, refusals and notices that are not among them.
        let more: Int

        /// - Parameter room: bytes of text that may still be shown; what is taken goes from it.
        init(_ story: CaseStory, room: inout Int) {
            id = story.id
            let told = story.rows.filter { $0.type == .step || $0.type == .refusal || $0.type == .notice }
            var count = 0
            for row in told {
                let size = Self.rowBytes + row.words.reduce(0) { $0 + $1.utf8.count }
                guard size <= room else { break }
                room -= size
                count += 1
            }
            rows = Array(told.prefix(count))
            more = told.count - count
        }

        /// Of a row's marks and times.
        private static let rowBytes = 96
    }
    /// What this node could prove of its own letters.
    struct Own: Sendable {
        /// `nil` where its letters could not be read.
        let trail: OwnTrail?
        let at: Instant
    }
    private struct Content {
        var work: Work?
        var outcome: Outcome?
        /// Since when the own letters are being verified.
        var ownSince: Instant?
        var own: Own?
    }
    private let content = Mutex(Content())
    private let file: URL

    /// - Parameter directory: the node's home: a bundle tells who wrote to whom, and lies nowhere else.
    init(directory: URL) {
        file = directory.appendingPathComponent("bundle.trail")
        // What a crash has left, whole or half written.
        for left in [file, file.appendingPathExtension("new")] { try? FileManager.default.removeItem(at: left) }
    }

    var work: Work? { content.withLock { $0.work } }
    var outcome: Outcome? { content.withLock { $0.outcome } }
    var ownSince: Instant? { content.withLock { $0.ownSince } }
    var own: Own? { content.withLock { $0.own } }

    /// Begins to verify the node's own letters.
    ///
    /// - Parameter check: reads everything; `nil` where it could not.
    /// - Throws: WebFault `.verifying` while it is being done.
    func beginOwn(at now: Instant, _ check: @escaping @Sendable () -> OwnTrail?) throws {
        try content.withLock { content throws(WebFault) in
            guard content.ownSince == nil else { throw .verifying }
            content.ownSince = now
        }
        Thread.detachNewThread { [self] in
            let own = Own(trail: check(), at: now)
            content.withLock { ($0.own, $0.ownSince) = (own, nil) }
        }
    }

    /// Begins to verify a bundle.
    ///
    /// - Throws: WebFault `.verifying` while another is being verified; what the disk says.
    func begin(_ bundle: [UInt8], trust: TrailTrust, by account: String, at now: Instant) throws {
        try content.withLock { content throws(WebFault) in
            guard content.work == nil else { throw .verifying }
            content.work = Work(total: bundle.count)
        }
        do { try DurableFile.write(bundle, to: file) } catch {
            content.withLock { $0.work = nil }
            throw error
        }
        Thread.detachNewThread { [self] in
            var stories: [Story] = []
            var room = WebLimits.storyBytes
            let report = TrailVerifier(trust: trust, asOf: now).verify(
                path: file.path, progress: { read in self.content.withLock { $0.work?.read = read } },
                story: { if stories.count < WebLimits.rows { stories.append(Story($0, room: &room)) } })
            try? FileManager.default.removeItem(at: file)
            let outcome = Outcome(report: report, stories: stories, by: account, at: now)
            content.withLock { ($0.outcome, $0.work) = (outcome, nil) }
        }
    }
}

extension CaseStory.Row {
    /// What a page says of it, but for times: in codes.
    var words: [String] {
        [
            type == .step ? "" : "\(type.rawValue): ", steps.isEmpty ? "sealed step" : steps.joined(separator: ", "),
            " · ", from.text, " → ", to.map(\.text).joined(separator: ", "), verdict,
        ]
    }
}
