// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Letters
import Membership
public import Procedure
import Sealing
import Synchronization
import TransparencyLog

/// Verifies a trail bundle. Knows no network, no store and no clock; reads the bundle as a stream and holds one group of cases at a time.
///
/// ```swift
/// let report = TrailVerifier(trust: try TrailTrust(folder: "trust"), asOf: now).verify(path: "in-bd-2026.trail")
/// ```
///
/// - SeeAlso: Protocols/Trail.md §6.
public struct TrailVerifier {
    private let trust: TrailTrust
    private let asOf: Instant
    private let isUnchecked: Set<TrailFinding.Code>

    /// - Parameters:
    ///   - asOf: the audit's date: what is overdue or stale is so at this moment.
    ///   - leavingOut: codes that are not reported. Only for tests that show what each check is for.
    public init(trust: TrailTrust, asOf: Instant, leavingOut: Set<TrailFinding.Code> = []) {
        self.trust = trust
        self.asOf = asOf
        isUnchecked = leavingOut
    }

    /// - Parameters:
    ///   - path: an archive, `-` for standard input, or a directory.
    ///   - progress: told the number of bytes read so far.
    ///   - story: given each case's story, in the order of the pseudonyms; without it none is made.
    public func verify(
        path: String, progress: (Int) -> Void = { _ in }, story: ((CaseStory) -> Void)? = nil
    ) -> TrailReport {
        var run = TrailRun(trust: trust, asOf: asOf, story: story)
        do {
            var reader = try TrailReader(path: path)
            var count = 0
            while let item = try reader.next() {
                run.take(item)
                count += item.bytes.count
                progress(count)
            }
            run.finish()
        } catch {
            // What a cut archive still shows proves nothing about what was cut off: it is to be copied again.
            run.fail(TrailFinding(.malformed, detail: error.rule))
        }
        return run.report(leavingOut: isUnchecked)
    }
}

/// One verification as it goes on.
struct TrailRun {
    private let trust: TrailTrust
    private let asOf: Instant
    private let story: ((CaseStory) -> Void)?
    private var findings: [TrailFinding] = []
    private var manifest: TrailManifest?
    private var documents = TrailWorld.Documents()
    private var logs: [TrailLog] = []
    private var isUnusable = false
    private var world: TrailWorld?
    private var events: [CaseID: [TrailEvent]] = [:]
    private var current: CaseFiles?
    private var batch: [CaseFiles] = []
    private var batched = 0
    private var totals = CaseTotals()

    /// Slips that are judged together: enough for all cores, little enough to hold.
    private static let batchSlips = 2_048

    init(trust: TrailTrust, asOf: Instant, story: ((CaseStory) -> Void)?) {
        self.trust = trust
        self.asOf = asOf
        self.story = story
    }

    mutating func fail(_ finding: TrailFinding) {
        findings = [finding]
        logs = []
        totals = CaseTotals()
        world = nil
    }

    // MARK: - Stage 1

    mutating func take(_ item: TrailItem) {
        if let fault = item.fault { findings.append(TrailFinding(.malformed, detail: fault)) }
        guard let name = item.name else { return }
        guard item.fault == nil else { return }
        switch name {
        case .bundle:
            do { manifest = try TrailManifest(item.bytes) } catch {
                findings.append(TrailFinding(.malformed, detail: error.reason))
            }
        case .sums: break
        case .conflict(let digest):
            if digest != item.digest { misnamed() }
        case .directory(let digest, let isLetter):
            keep(item, digest, isLetter ? \.letters : \.directories)
        case .profile(let digest, let isLetter):
            keep(item, digest, isLetter ? \.letters : \.profiles)
        case .checkpoint(let origin, let size, let kind):
            guard let log = log(origin) else { return }
            if kind.isToken {
                log.take(token: item.bytes, size: size, kind: kind, by: trust.timeAuthorities, asOf: asOf)
            } else {
                log.take(note: item.bytes, size: size, kind: kind)
            }
        case .entries(let origin, let tile): log(origin)?.take(entries: item.bytes, tile: tile)
        case .events(let origin, let tile):
            log(origin)?.take(events: item.bytes, tile: tile) { events[$1, default: []].append($0) }
        case .proof(let origin, let index):
            log(origin)?.take(proof: item.bytes, index: index) { events[$1, default: []].append($0) }
        case .step(let origin, let size): log(origin)?.take(step: item.bytes, size: size)
        case .headRow, .headProof: break
        case .slip(let caseID, let digest): take(slip: item, caseID, digest)
        }
    }

    private mutating func misnamed() {
        findings.append(TrailFinding(.malformed, detail: "a file whose digest is not its name"))
    }

    private mutating func keep(
        _ item: TrailItem, _ digest: Digest, _ place: WritableKeyPath<TrailWorld.Documents, [Digest: [UInt8]]>
    ) {
        if digest == item.digest { documents[keyPath: place][digest] = item.bytes } else { misnamed() }
    }

    /// The log of an origin; its first file opens it.
    private mutating func log(_ origin: String) -> TrailLog? {
        if let last = logs.last, last.origin == origin { return last }
        if let known = logs.first(where: { $0.origin == origin }) { return known }
        guard let policy = trust.policies[origin], logs.count < TrailLimits.logs else {
            if !isUnusable {
                findings.append(TrailFinding(.trust, origin: origin, leaf: nil, detail: "no policy for this log"))
            }
            isUnusable = true
            return nil
        }
        endLog()
        let mine = origin.prefix { $0 != "/" }
        let before = logs.last { $0.origin.prefix { $0 != "/" } == mine }
        logs.append(TrailLog(number: logs.count, origin: origin, policy: policy, before: before?.heads ?? [:]))
        return logs.last
    }

    private mutating func endLog() {
        logs.last?.endTree { events[$1, default: []].append($0) }
    }

    // MARK: - Stages 8 to 10: case by case

    private mutating func take(slip item: TrailItem, _ caseID: CaseID, _ digest: Digest) {
        if current?.id != caseID {
            endCase()
            current = CaseFiles(id: caseID)
        }
        guard (current?.slips.count ?? 0) < TrailLimits.letters else {
            if current?.slips.count == TrailLimits.letters {
                findings.append(TrailFinding(.malformed, detail: "a case of too many letters"))
            }
            return
        }
        current?.slips.append((digest, item.digest == digest ? item.bytes : []))
    }

    private mutating func endCase() {
        guard var files = current else { return }
        current = nil
        files.events = events.removeValue(forKey: files.id) ?? []
        batched += files.slips.count + 1
        batch.append(files)
        if batched >= Self.batchSlips { judgeBatch() }
    }

    private mutating func judgeBatch() {
        guard !batch.isEmpty, !isUnusable else {
            batch = []
            return
        }
        let world = openWorld()
        let cases = batch
        batch = []
        batched = 0
        let results = Mutex([CaseResult?](repeating: nil, count: cases.count))
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: max(1, ProcessInfo.processInfo.activeProcessorCount)) { _ in
            while true {
                let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard place < cases.count else { return }
                var auditor = CaseAuditor(world: world, files: cases[place])
                let result = auditor.run()
                results.withLock { $0[place] = result }
            }
        }
        for result in results.withLock({ $0 }) {
            guard let result else { continue }
            totals.add(result)
            if let told = result.story { story?(told) }
        }
    }

    private mutating func openWorld() -> TrailWorld {
        if let world { return world }
        endLog()
        let world = TrailWorld(
            logs: logs, trust: trust, asOf: asOf, documents: documents, tellsStories: story != nil)
        documents = TrailWorld.Documents()
        self.world = world
        return world
    }

    // MARK: - The end

    mutating func finish() {
        endCase()
        if manifest == nil { findings.append(TrailFinding(.malformed, detail: "no bundle.json")) }
        for caseID in events.keys.sorted() {
            current = CaseFiles(id: caseID)
            endCase()
        }
        judgeBatch()
        guard !isUnusable else { return }
        let world = openWorld()
        for log in logs { findings += log.findings }
        findings += world.findings + totals.findings
        findings += TrailSettlement(world: world, manifest: manifest, totals: totals).findings()
        for (code, counts) in [
            (TrailFinding.Code.pending, totals.pending), (.attested, totals.attested),
            (.referenced, totals.referenced), (.sealed, totals.sealed),
        ] {
            for (log, count) in counts {
                findings.append(TrailFinding(code, origin: logs[log].origin, leaf: nil, detail: String(count)))
            }
        }
    }

    func report(leavingOut: Set<TrailFinding.Code>) -> TrailReport {
        let found = findings.filter { !leavingOut.contains($0.code) }.sorted()
        var counts: [TrailFinding.Code: Int] = [:]
        var listed: [TrailFinding] = []
        for finding in found {
            let amount = finding.weight == .note ? Int(finding.detail) ?? 1 : 1
            let before = counts[finding.code, default: 0]
            counts[finding.code] = before + amount
            if before < TrailLimits.listed { listed.append(finding) }
        }
        let verdict: TrailReport.Verdict =
            isUnusable
            ? .unchecked
            : found.contains { $0.weight == .fail }
                ? .fail : found.contains { $0.weight == .incomplete } ? .incomplete : .pass
        return TrailReport(
            verdict: verdict, asOf: asOf,
            newest: logs.compactMap { log in
                log.newest.flatMap { note in
                    note.quorumTime.map { .init(origin: log.origin, size: note.head.size, time: $0) }
                }
            }.sorted { $0.origin < $1.origin },
            leaves: logs.reduce(0) { $0 + ($1.hasTree ? $1.tree.size : Int64($1.proved.count)) },
            letters: totals.letters,
            erased: world.map { world in world.logs.reduce(0) { $0 + $1.erased.reduce(0) { $0 + $1.leaves.count } } }
                ?? 0,
            counts: counts, findings: listed)
    }
}

/// What all cases together came to.
struct CaseTotals {
    var findings: [TrailFinding] = []
    var letters = 0
    var unsound = 0
    var numbers: [PairName: [Number]] = [:]
    var disclosed: Set<Digest> = []
    var pending: [Int: Int] = [:]
    var attested: [Int: Int] = [:]
    var referenced: [Int: Int] = [:]
    var sealed: [Int: Int] = [:]
    var orders: [ErasureOrder] = []
    /// A letter's number in its pair, and where it entered the trail. 16 bytes, because a bundle has one for each letter.
    struct Number {
        let sequence: UInt32
        let log: UInt16
        let index: UInt32
    }

    mutating func add(_ result: CaseResult) {
        findings += result.findings
        letters += result.letters
        unsound += result.unsound
        for number in result.numbers {
            numbers[number.pair, default: []].append(
                Number(
                    sequence: UInt32(clamping: number.sequence), log: UInt16(clamping: number.log),
                    index: UInt32(clamping: number.index)))
        }
        disclosed.formUnion(result.disclosed)
        pending.merge(result.pending, uniquingKeysWith: +)
        attested.merge(result.attested, uniquingKeysWith: +)
        referenced.merge(result.referenced, uniquingKeysWith: +)
        sealed.merge(result.sealed, uniquingKeysWith: +)
        orders += result.orders
    }
}
