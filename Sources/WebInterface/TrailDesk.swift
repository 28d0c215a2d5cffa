// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Node
import Procedure
import Synchronization
import TrailAudit

/// Bundles that people bring to the page: one at a time, verified on a thread of its own, and thrown away.
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
        let stories: [CaseStory]
        let by: String
        let at: Instant
    }
    private struct Content {
        var work: Work?
        var outcome: Outcome?
        var own: (trail: OwnTrail, at: Instant)?
    }
    private let content = Mutex(Content())
    private let file: URL

    /// - Parameter directory: the node's home: a bundle tells who wrote to whom, and lies nowhere else.
    init(directory: URL) {
        file = directory.appendingPathComponent("bundle.trail")
        // What a crash has left.
        try? FileManager.default.removeItem(at: file)
    }

    var work: Work? { content.withLock { $0.work } }
    var outcome: Outcome? { content.withLock { $0.outcome } }
    var own: (trail: OwnTrail, at: Instant)? { content.withLock { $0.own } }

    func keep(_ own: OwnTrail, at now: Instant) { content.withLock { $0.own = (own, now) } }

    /// Begins to verify a bundle.
    ///
    /// - Throws: WebFault `.tooMany` while another is being verified; what the disk says.
    func begin(_ bundle: [UInt8], trust: TrailTrust, by account: String, at now: Instant) throws {
        try content.withLock { content throws(WebFault) in
            guard content.work == nil else { throw .tooMany }
            content.work = Work(total: bundle.count)
        }
        do { try DurableFile.write(bundle, to: file) } catch {
            content.withLock { $0.work = nil }
            throw error
        }
        Thread.detachNewThread { [self] in
            var stories: [CaseStory] = []
            let report = TrailVerifier(trust: trust, asOf: now).verify(
                path: file.path, progress: { read in self.content.withLock { $0.work?.read = read } },
                story: { if stories.count < WebLimits.rows { stories.append($0) } })
            try? FileManager.default.removeItem(at: file)
            let outcome = Outcome(report: report, stories: stories, by: account, at: now)
            content.withLock { ($0.outcome, $0.work) = (outcome, nil) }
        }
    }
}
