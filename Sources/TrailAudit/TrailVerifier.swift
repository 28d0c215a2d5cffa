// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
public import Procedure

/// Verifies a trail bundle. Knows no network, no store and no clock; reads the bundle as a stream and holds one case a core.
///
/// ```swift
/// let report = TrailVerifier(trust: try TrailTrust(folder: "trust"), asOf: now).verify(path: "in-bd-2026.trail")
/// ```
///
/// - SeeAlso: Protocols/Trail.md §6.
public struct TrailVerifier {
    private let trust: TrailTrust
    private let asOf: Instant
    private let scope: TrailScope
    private let isUnchecked: Set<TrailFinding.Code>

    /// - Parameters:
    ///   - asOf: the audit's date: what is overdue or stale is so at this moment.
    ///   - scope: what was asked for. A bundle that promises less is incomplete.
    ///   - leavingOut: codes that are not reported. Only for tests that show what each check is for.
    public init(trust: TrailTrust, asOf: Instant, scope: TrailScope = .all, leavingOut: Set<TrailFinding.Code> = []) {
        self.trust = trust
        self.asOf = asOf
        self.scope = scope
        isUnchecked = leavingOut
    }

    /// - Parameters:
    ///   - path: an archive, `-` for standard input, or a directory.
    ///   - progress: told the number of bytes read so far, by one thread at a time.
    ///   - story: given each case's story, in the order of the pseudonyms, by one thread at a time; without it none is made.
    public func verify(
        path: String, progress: @escaping (Int) -> Void = { _ in }, story: ((CaseStory) -> Void)? = nil
    ) -> TrailReport {
        run(path, since: nil, progress, story).report(leavingOut: isUnchecked)
    }

    /// Verifies what was logged since an audit, or everything again, and says from where the next one goes on.
    ///
    /// - Parameters:
    ///   - since: what that audit kept; without it the bundle is one of everything.
    ///   - progress: as in ``verify(path:progress:story:)``, also `story`.
    /// - Returns: the report, and what to keep; nothing to keep where anything is false.
    public func watch(
        path: String, since: TrailState?, progress: @escaping (Int) -> Void = { _ in },
        story: ((CaseStory) -> Void)? = nil
    ) -> (report: TrailReport, state: TrailState?) {
        let run = run(path, since: since, progress, story)
        return (run.report(leavingOut: isUnchecked), run.state())
    }

    private func run(
        _ path: String, since: TrailState?, _ progress: @escaping (Int) -> Void, _ story: ((CaseStory) -> Void)?
    ) -> TrailRun {
        var run = TrailRun(trust: trust, asOf: asOf, scope: scope, tellsStories: story != nil, since: since)
        do {
            var reader = try TrailReader(path: path)
            var count = 0
            // 1. Whom and what the cases rest on. In a bundle it comes before them.
            var item = try reader.next()
            while let next = item, !next.isSlip {
                run.take(next)
                count += next.bytes.count
                progress(count)
                item = try reader.next()
            }
            // 2. The cases, on all cores.
            let cases = CaseQueue(
                reader, from: item, read: count, of: run.open(), progress: progress, story: story)
            DispatchQueue.concurrentPerform(iterations: max(1, ProcessInfo.processInfo.activeProcessorCount)) { _ in
                while let task = cases.next() {
                    var auditor = CaseAuditor(world: task.world, files: task.files)
                    cases.put(auditor.run(), of: task)
                }
            }
            run.finish(try cases.finish())
        } catch {
            // What a cut archive still shows proves nothing about what was cut off: it is to be copied again.
            run.fail(TrailFinding(.malformed, detail: error.rule))
        }
        return run
    }
}
