// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Sealing
import TransparencyLog

/// One verification as it goes on.
struct TrailRun {
    private let trust: TrailTrust
    private let asOf: Instant
    private let scope: TrailScope
    private let tellsStories: Bool
    /// What an audit before has verified.
    private let since: TrailState?
    /// The same, where the bundle goes on from it.
    private var base: TrailState?
    private var findings: [TrailFinding] = []
    private var manifest: TrailManifest?
    private var documents = TrailWorld.Documents()
    /// Checkpoints that their logs signed, and that somebody says contradict these.
    private var evidence: Set<SeenCheckpoint> = []
    private var logs: [TrailLog] = []
    private var isUnusable = false
    private var world: TrailWorld?
    private var events: [CaseID: [TrailEvent]] = [:]
    /// Checkpoints and time stamps, and tiles, of the newest log that wait to be judged together.
    private var notes: [NoteFile] = []
    private var tiles: [TileFiles] = []
    private var tileBytes = 0
    private var totals = CaseTotals()
    private var pairs: [PairName: TrailState.Pair] = [:]

    /// Some 64 tiles: enough for all cores, little enough to hold.
    private static let tilesBytes = 8 << 20
    private static let notesTogether = 256

    init(trust: TrailTrust, asOf: Instant, scope: TrailScope, tellsStories: Bool, since: TrailState?) {
        self.trust = since.map(trust.keeping) ?? trust
        self.since = since
        self.asOf = asOf
        self.scope = scope
        self.tellsStories = tellsStories
    }

    mutating func fail(_ finding: TrailFinding) {
        findings = [finding]
        logs = []
        totals = CaseTotals()
        world = nil
    }

    // MARK: - Stage 1

    /// Everything but slips.
    mutating func take(_ item: TrailItem) {
        if let fault = item.fault { findings.append(TrailFinding(.malformed, detail: fault)) }
        guard let name = item.name else { return }
        guard item.fault == nil else { return }
        switch name {
        case .checkpoint: if notes.count >= Self.notesTogether { judgeNotes() }
        default: judgeNotes()
        }
        switch name {
        case .events(_, tiles.last?.number): break
        case .entries, .events: if tileBytes >= Self.tilesBytes { judgeTiles() }
        default: judgeTiles()
        }
        switch name {
        case .bundle:
            do { manifest = try TrailManifest(item.bytes) } catch {
                findings.append(TrailFinding(.malformed, detail: error.reason))
            }
            goOn()
        case .sums: break
        case .conflict(let digest): if digest == item.digest { take(evidence: item.bytes) } else { misnamed() }
        case .directory(let digest, let isLetter):
            keep(item, digest, isLetter ? \.letters : \.directories)
        case .profile(let digest, let isLetter):
            keep(item, digest, isLetter ? \.letters : \.profiles)
        case .checkpoint(let origin, let size, let kind):
            guard log(origin) != nil else { return }
            notes.append(NoteFile(size: size, kind: kind, bytes: item.bytes))
        case .entries(let origin, let tile):
            guard log(origin) != nil else { return }
            tiles.append(TileFiles(number: tile, entries: item.bytes))
            tileBytes += item.bytes.count
        case .events(let origin, let tile):
            guard log(origin) != nil else { return }
            if tiles.last?.number != tile { tiles.append(TileFiles(number: tile)) }
            tiles[tiles.count - 1].events = item.bytes
            tileBytes += item.bytes.count
        case .proof(let origin, let index): log(origin)?.take(proof: item.bytes, index: index)
        case .step(let origin, let size): log(origin)?.take(step: item.bytes, size: size)
        case .headRow, .headProof, .slip: break
        }
    }

    /// An increment begins where the audit before ended.
    private mutating func goOn() {
        guard let manifest, manifest.profile == .increment else { return }
        base = since
        for (origin, span) in manifest.logs.sorted(by: { $0.key < $1.key })
        where since == nil || span.from != since?.logs[origin]?.head.size ?? 0 {
            let known = since.map { "@\($0.logs[origin]?.head.size ?? 0)" } ?? "nowhere"
            findings.append(
                TrailFinding(
                    .trust, origin: origin, leaf: nil,
                    detail: "an increment from @\(span.from), and the audit before ended \(known)"))
            isUnusable = true
        }
    }

    /// What its log has not signed says nothing of it.
    private mutating func take(evidence bytes: [UInt8]) {
        guard let note = try? SignedNote(bytes), let text = try? TransparencyLog.Checkpoint(text: note.text),
            let signed = try? trust.policies[text.origin]?.verify(note)
        else { return }
        evidence.insert(signed.checkpoint.seen)
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
        judgeNotes()
        judgeTiles()
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
        logs.append(
            TrailLog(
                number: logs.count, origin: origin, policy: policy, before: before?.heads ?? CaseChain(),
                since: base?.logs[origin]))
        return logs.last
    }

    /// Verifies the checkpoints that wait, then the time stamps over them, on all cores, and adds them to their log.
    private mutating func judgeNotes() {
        guard let log = logs.last, !notes.isEmpty else { return }
        let (tokens, checkpoints) = (notes.filter(\.kind.isToken), notes.filter { !$0.kind.isToken })
        notes = []
        let policy = log.policy
        for note in checkpoints.concurrently({ TrailNote($0, by: policy) }) { log.take(note) }
        let authorities = trust.timeAuthorities
        guard !authorities.isEmpty else { return }
        let stamped = tokens.map { (file: $0, note: log.note(under: $0)) }
        let times = stamped.concurrently { $0.note?.time(of: $0.file.bytes, by: authorities) }
        for (stamp, time) in zip(stamped, times) {
            log.take(stamp: stamp.file, over: stamp.note, time: time, asOf: asOf)
        }
    }

    /// Hashes and reads the tiles that wait, on all cores, and adds them to their log.
    private mutating func judgeTiles() {
        guard let log = logs.last, !tiles.isEmpty else { return }
        let sizes = Set(log.roots.keys).union([log.first])
        let files = tiles
        (tiles, tileBytes) = ([], 0)
        for tile in files.concurrently({ TrailTile($0, isMarked: sizes.contains) }) {
            log.take(tile) { events[$1, default: []].append($0) }
        }
    }

    private mutating func endLog() {
        logs.last?.endTree { events[$1, default: []].append($0) }
    }

    // MARK: - The end

    /// All logs are read: what the cases are judged by, and what the logs say of them.
    ///
    /// - Returns: `nil` where the trust folder has no policy for a log.
    mutating func open() -> (world: TrailWorld, events: [CaseID: [TrailEvent]])? {
        judgeNotes()
        judgeTiles()
        guard !isUnusable else { return nil }
        endLog()
        let world = TrailWorld(logs: logs, trust: trust, asOf: asOf, documents: documents, tellsStories: tellsStories)
        documents = TrailWorld.Documents()
        self.world = world
        defer { events = [:] }
        return (world, events)
    }

    mutating func finish(_ cases: CaseTotals) {
        if manifest == nil { findings.append(TrailFinding(.malformed, detail: "no bundle.json")) }
        totals = cases
        findings += totals.findings
        guard let world else { return }
        for log in logs { findings += log.findings }
        findings += world.findings
        let settlement = TrailSettlement(
            world: world, manifest: manifest, totals: totals, scope: scope, since: base, evidence: evidence)
        findings += settlement.findings()
        pairs = settlement.numbers().pairs
        for (code, counts) in [
            (TrailFinding.Code.pending, totals.pending), (.attested, totals.attested),
            (.referenced, totals.referenced), (.sealed, totals.sealed),
        ] {
            for (log, count) in counts {
                findings.append(TrailFinding(code, origin: logs[log].origin, leaf: nil, detail: String(count)))
            }
        }
    }

    /// What the next audit goes on from.
    ///
    /// - Returns: `nil` unless every log of the bundle holds.
    func state() -> TrailState? {
        guard world != nil, let manifest, manifest.profile == .all || manifest.profile == .increment,
            !findings.contains(where: { $0.weight == .fail })
        else { return nil }
        var state = TrailState(asOf: asOf)
        state.logs = base?.logs ?? [:]
        for log in logs {
            guard let held = log.state else { return nil }
            state.logs[log.origin] = held
        }
        state.pairs = pairs
        state.open = (base?.open ?? [:]).merging(totals.open) { $1 }.filter { !$0.value.isEmpty }
        return state
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
            verdict: verdict, asOf: asOf, manifest: manifest,
            newest: logs.compactMap { log in
                log.newest.map { .init(origin: log.origin, size: $0.size, time: $0.time) }
            }.sorted { $0.origin < $1.origin },
            leaves: logs.reduce(0) { $0 + ($1.hasTree ? max(0, $1.tree.size - $1.first) : Int64($1.proved.count)) },
            letters: totals.letters,
            erased: world.map { world in world.logs.reduce(0) { $0 + $1.erased.reduce(0) { $0 + $1.leaves.count } } }
                ?? 0,
            counts: counts, findings: listed)
    }
}
