// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Procedure
import Sealing
import TransparencyLog

/// An event of a case that was hashed, proved and read.
struct TrailEvent: Sendable {
    /// Which log: its place in ``TrailWorld/logs``.
    let log: Int
    let index: Int64
    let at: Instant
    let content: LogEvent.Content
}

/// One log of a bundle: its checkpoints, its tree, and what its opened leaves say. Stages 2 to 7 of Protocols/Trail.md §6.
///
/// Fed in the order of the bundle by one owner; read by several threads once every log has been read.
final class TrailLog {
    /// A checkpoint whose log signature holds.
    struct Note: Sendable {
        let head: TreeHead
        let quorumTime: Instant?
        /// Each cosignature's time, with the name of its witness.
        let cosigned: [Instant]
        let kind: TrailName.Note
        /// Of the file, signatures included: what a time stamp covers.
        let digest: Digest
    }

    let number: Int
    let origin: String
    let policy: LogPolicy
    private(set) var notes: [Note] = []
    /// Roots of the checkpoints, by size.
    private(set) var roots: [Int64: Digest] = [:]
    /// The size of the newest checkpoint.
    private(set) var size: Int64
    /// What an audit before has verified; its leaves are not here again.
    let since: TrailState.Log?
    private(set) var tree: TrailTree
    /// Leaves opened by a proof of their own, where the bundle has no tree.
    private(set) var proved: [Int64: Digest] = [:]
    private var connected: [Int64: Digest] = [:]
    /// The broker's `at` of each opened leaf from ``first`` on, in seconds; the least number where a leaf is closed.
    private var clocks: [Int64] = []
    /// The same of leaves that came with a proof of their own: these may lie anywhere.
    private var clocksAlone: [Int64: Int64] = [:]
    private(set) var findings: [TrailFinding] = []
    /// What other logs' checkpoints this one says it cosigned.
    private(set) var cosigned: [(index: Int64, checkpoint: SeenCheckpoint, time: Instant, way: LogEvent.Way)] = []
    private(set) var documents: [(index: Int64, at: Instant, isProfile: Bool, LogEvent.Document)] = []
    private(set) var erased: [Erased] = []
    /// The leaf that began to carry out what a letter orders.
    private(set) var firstErased: [LetterID: (index: Int64, at: Instant)] = [:]
    /// Profiles of cases whose record was erased behind.
    private(set) var closings: [(index: Int64, profile: Digest)] = []
    /// Leaves below this are covered by a checkpoint whose root is the tree's.
    private(set) var provenSize: Int64
    private var pending: [(index: Int64, event: LogEvent?, hash: Digest)] = []
    /// Roots of checkpoints that are the tree's, by size.
    private var held: [Int64: Digest] = [:]
    /// Leaves that came with a proof of their own.
    private var alone: [(index: Int64, event: LogEvent?, hash: Digest)] = []
    private var lastAt: Instant?
    /// Events that were proved and read so far.
    private(set) var readCount: Int64
    /// Where each case stands, by the operator's line of logs.
    private var chain: CaseChain
    /// When its leaves were logged, by witnesses and time stamps.
    private(set) var times: TrailTimes

    struct Erased: Sendable {
        let index: Int64
        let at: Instant
        let leaves: [Int64]
        let level: LogEvent.ErasureLevel
        let letter: LetterID
        let slip: Digest
    }

    /// - Parameters:
    ///   - before: the heads of the cases in the operator's log before this one.
    ///   - since: from where the bundle goes on.
    init(number: Int, origin: String, policy: LogPolicy, before: CaseChain, since: TrailState.Log? = nil) {
        self.number = number
        self.origin = origin
        self.policy = policy
        self.since = since
        size = since?.head.size ?? 0
        provenSize = size
        tree = TrailTree(from: since?.base ?? Frontier())
        times = TrailTimes(since: since)
        readCount = since?.readCount ?? 0
        lastAt = since?.lastAt
        chain = before
        guard let since else { return }
        chain = CaseChain(since)
        for mark in since.checkpoints { held[mark.size] = mark.root }
    }

    var operatorName: Substring { origin.prefix { $0 != "/" } }

    /// Where each case stands for the next year's log.
    var heads: CaseChain { chain.rebased(by: size - readCount) }

    /// The first leaf that no audit before has verified.
    var first: Int64 { since?.head.size ?? 0 }
    var hasTree: Bool { tree.size > 0 || since != nil }
    /// The newest checkpoint with its quorum, and when that was.
    var newest: (size: Int64, time: Instant)? {
        let times = notes.compactMap { note in note.quorumTime.map { (size: note.head.size, time: $0) } }
        return (times + (since?.newest.map { [(first, $0)] } ?? [])).max { $0 < $1 }
    }

    func isOpened(_ index: Int64) -> Bool {
        guard hasTree else { return clocksAlone[index] != nil }
        return index < first || index < first + Int64(clocks.count) && clocks[Int(index - first)] != .min
    }

    /// Each opened leaf from ``first`` on with the broker's `at`.
    func forEachOpened(_ body: (Int64, Instant) -> Void) {
        for (place, at) in clocks.enumerated() where at != .min { body(first + Int64(place), Instant(seconds: at)) }
        for (index, at) in clocksAlone { body(index, Instant(seconds: at)) }
    }

    /// Leaf hashes from ``first`` on of which nobody says what they stand for.
    var closedLeaves: [Digest] {
        (first..<max(first, tree.size)).filter { !isOpened($0) }.compactMap(tree.leafHash)
    }

    private func open(_ index: Int64, at: Instant) {
        guard hasTree else { return clocksAlone[index] = at.seconds }
        let place = Int(index - first)
        guard place >= 0 else { return }
        if place >= clocks.count {
            clocks.append(contentsOf: repeatElement(.min, count: place - clocks.count + 1))
        }
        clocks[place] = at.seconds
    }

    private func report(_ code: TrailFinding.Code, _ leaf: Int64?, _ detail: String) {
        findings.append(TrailFinding(code, origin: origin, leaf: leaf, detail: detail))
    }

    // MARK: - Stage 2: checkpoints

    func take(_ note: TrailNote) {
        let (size, kind) = (note.size, note.kind)
        let verified: VerifiedCheckpoint
        do { verified = try note.verified.get() } catch {
            return report(error.code == .malformed ? .malformed : .logSignature, size, "checkpoint: \(error.reason)")
        }
        let head = verified.checkpoint.head
        guard verified.checkpoint.origin == origin, head.size == size else {
            return report(.malformed, size, "a checkpoint under another's name")
        }
        if kind != .logged, !verified.isQuorate { report(.quorum, size, "cosignatures do not meet the policy") }
        if let other = roots[size], other != head.root {
            return report(.fork, size, "two checkpoints of one size")
        }
        roots[size] = head.root
        self.size = max(self.size, size)
        notes.append(
            Note(
                head: head, quorumTime: kind == .logged ? nil : verified.quorumTime,
                cosigned: Array(verified.cosigned.values), kind: kind, digest: note.digest))
    }

    // MARK: - Stage 4: time stamps

    /// The checkpoint over which a time stamp should be; `nil` where the bundle has none that holds.
    func note(under stamp: NoteFile) -> Note? {
        let stamped: TrailName.Note = stamp.kind == .loggedToken ? .logged : .stamped
        return notes.last { $0.head.size == stamp.size && $0.kind == stamped }
    }

    func take(stamp: NoteFile, over note: Note?, time: Instant?, asOf: Instant) {
        guard let note else {
            return report(.token, stamp.size, "a time stamp over no checkpoint of this bundle that holds")
        }
        guard let time else {
            return report(.token, stamp.size, "not a time stamp of exactly one known authority")
        }
        let newest = note.cosigned.max() ?? time
        if time < newest + -TrailLimits.toleranceSeconds || time > asOf {
            report(.clock, stamp.size, "older than what it covers, or later than the audit's date")
        }
        times.stamps.append((stamp.size, time))
    }

    // MARK: - Stage 3, 6: leaves

    /// The next tile, as some thread has read it.
    func take(_ tile: TrailTile, _ emit: (TrailEvent, CaseID) -> Void) {
        for fault in tile.faults { report(.malformed, nil, fault) }
        // Where a tile is missing or short, no tree can be built from here on; ``endTree(_:)`` says which checkpoints that hurts.
        guard tree.size == tile.number * 256, let frontier = tile.marks.last else {
            if tile.hasEvents { report(.malformed, nil, "events without their entries") }
            return
        }
        for mark in tile.marks {
            var whole = tree.frontier
            whole.append(contentsOf: mark)
            if let since, whole.size == since.head.size, whole.head != since.head {
                report(.fork, whole.size, "not the leaves that an audit before has verified")
            }
            if whole.size >= first, let root = roots[whole.size] { judge(root, whole.head) }
        }
        tree.append(tile.leafHashes, frontier)
        for opening in tile.openings {
            guard opening.index >= first else {
                report(.malformed, opening.index, "an opening of a leaf that was verified before")
                continue
            }
            guard opening.isOfLeaf else {
                report(.open, opening.index, "the event does not hash to its leaf")
                continue
            }
            accept(opening.event, opening.index, hash: tile.leafHashes[Int(opening.index % 256)])
        }
        flush(emit)
    }

    private func judge(_ root: Digest, _ head: TreeHead) {
        guard head.root == root else { return report(.root, head.size, "the leaves give another root") }
        held[head.size] = root
        provenSize = head.size
    }

    /// An event that is its leaf's.
    private func accept(_ event: LogEvent?, _ index: Int64, hash: Digest) {
        pending.append((index, event?.origin == origin ? event : nil, hash))
    }

    /// One leaf with its own proof, under the newest checkpoint.
    func take(proof bytes: [UInt8], index: Int64) {
        let proven: LogReceipt.Proven
        do {
            let receipt = try LogReceipt(bytes)
            guard !hasTree || index < first, receipt.proof.index == index else {
                throw LogError(.malformed, "another leaf's proof, or one beside all leaves")
            }
            proven = try receipt.verify(by: policy)
            guard proven.checkpoint.checkpoint.head.size == size, proven.checkpoint.checkpoint.head.root == roots[size]
            else { return report(.root, index, "a proof under another checkpoint than the newest") }
            let hash = MerkleHash.leaf(Digest.sha256(receipt.event))
            proved[index] = hash
            alone.append((index, proven.event, hash))
        } catch {
            let code = (error as? LogError)?.code
            return report(
                code == .proofInvalid ? .root : code == .malformed || code == .binding ? .malformed : .logSignature,
                index,
                "proof: \((error as? LogError)?.reason ?? "")")
        }
        if !hasTree { provenSize = size }
    }

    /// A step from an older checkpoint to the newest one.
    func take(step bytes: [UInt8], size old: Int64) {
        guard let advance = try? CheckpointAdvance(bytes), advance.oldSize == old else {
            return report(.malformed, old, "a step of another form")
        }
        guard let root = roots[old], let newest = roots[size],
            let checkpoint = try? TransparencyLog.Checkpoint(text: advance.note.text), checkpoint.head.root == newest,
            checkpoint.head.size == size,
            (try? advance.proof.verify(
                from: TreeHead(size: old, root: root), to: TreeHead(size: size, root: newest))) != nil
        else { return report(.root, old, "no prefix of the newest checkpoint") }
        connected[old] = root
    }

    /// The root at a size, as far as this bundle proves it.
    func root(at size: Int64) -> Digest? {
        if hasTree { return size <= provenSize ? tree.root(at: size) ?? connected[size] : nil }
        return connected[size] ?? (size == self.size ? roots[size] : nil)
    }

    /// Whether a checkpoint that somebody quotes is one of this history. Between what is proved and the newest checkpoint nobody can say
    /// (`nil`): ``findings`` have said already that the roots are wrong.
    func agrees(_ quoted: SeenCheckpoint) -> Bool? {
        // Most quote a checkpoint of the bundle, whose root was compared with that of the leaves.
        if quoted.size <= provenSize, held[quoted.size] == quoted.root { return true }
        if let mine = root(at: quoted.size) { return mine == quoted.root }
        return quoted.size > size ? false : nil
    }

    func leafHash(_ index: Int64) -> Digest? {
        tree.leafHash(index) ?? proved[index]
    }

    // MARK: - Stage 6, 7: what was proved

    /// Events below a checkpoint that holds go on; the others wait for one.
    private func flush(_ emit: (TrailEvent, CaseID) -> Void) {
        var waiting: [(index: Int64, event: LogEvent?, hash: Digest)] = []
        for (index, event, hash) in pending {
            guard index < provenSize else {
                waiting.append((index, event, hash))
                continue
            }
            record(event, index, hash, emit)
        }
        pending = waiting
    }

    private func record(_ event: LogEvent?, _ index: Int64, _ hash: Digest, _ emit: (TrailEvent, CaseID) -> Void) {
        guard let event else {
            open(index, at: lastAt ?? Instant(seconds: 0))
            return report(.canon, index, "not an event in its one form, or another log's")
        }
        // What was verified before was counted then.
        if index >= first {
            if let lastAt, event.at < lastAt { report(.time, index, "the broker's clock falls") }
            lastAt = max(lastAt ?? event.at, event.at)
            if let place = event.place, !chain.add(place, hash: hash, closed: index - readCount), hasTree {
                report(.chain, index, "the case's events do not go on by one")
            }
            open(index, at: event.at)
        }
        defer { if index >= first { readCount += 1 } }
        switch event.content {
        case .directory(let document): documents.append((index, event.at, false, document))
        case .profile(let document): documents.append((index, event.at, true, document))
        case .cosigned(let checkpoint, let time, let way): cosigned.append((index, checkpoint, time, way))
        case .erased(let leaves, let level, let letter, let slip):
            guard index >= first else { return }
            if level == .record { readCount -= Int64(leaves.count { $0 < first }) }
            erased.append(Erased(index: index, at: event.at, leaves: leaves, level: level, letter: letter, slip: slip))
            if firstErased[letter] == nil { firstErased[letter] = (index, event.at) }
        case .heads(let root, let count): if index >= first { judge(heads: root, count: count, at: index) }
        case .closed(let profile, _, _, _): closings.append((index, profile))
        case .start, .restarted, .conflict: break
        case .accepted, .arrived, .admitted, .refused, .fetched, .expired, .gone, .withheld, .seenPossibly:
            guard let place = event.place else { return }
            emit(TrailEvent(log: number, index: index, at: event.at, content: event.content), place.caseID)
        }
    }

    /// Only where every leaf before is open can the rows be told.
    private func judge(heads root: Digest, count: Int64, at index: Int64) {
        guard hasTree, readCount == index else { return }
        if count != chain.links.count {
            report(.heads, index, "not as many rows as cases")
        } else if chain.headsRoot != root {
            report(.heads, index, "a row is not its case's newest event")
        }
    }

    /// After the last leaf: checkpoints above the tree, and leaves above the last checkpoint that counts.
    func endTree(_ emit: (TrailEvent, CaseID) -> Void) {
        flush(emit)
        for (index, event, hash) in alone.sorted(by: { $0.index < $1.index }) { record(event, index, hash, emit) }
        alone = []
        documents.sort { $0.index < $1.index }
        guard hasTree else { return }
        // Where nothing is new no leaf is here again.
        if let since, let root = roots[first], root != since.head.root {
            report(.fork, first, "not the checkpoint that an audit before has verified")
        }
        for size in roots.keys.sorted() where size > max(tree.size, first) {
            report(.root, size, "leaves are missing")
        }
        if roots[0] != nil, roots[0] != MerkleHash.empty { report(.root, 0, "not the root of no leaves") }
        if tree.size > size {
            report(.uncosigned, size, "\(tree.size - size) leaves above the newest checkpoint")
        }
    }

    // MARK: - The end

    /// Once every log is read: which cosignatures were given by stick decides their witness' own log.
    func settleTimes(sticks: Set<TrailTimes.Stick>) {
        for size in times.settle(notes, of: origin, sticks: sticks) {
            report(.timeOrder, size, "time stamps fall as the log grows")
        }
    }

    /// What the next audit goes on from.
    var state: TrailState.Log? {
        guard let base = tree.base(of: provenSize), let root = provenSize == first ? since?.head.root : held[provenSize]
        else { return nil }
        var marks: [TrailState.Checkpoint] = []
        for (size, root) in held.sorted(by: { $0.key < $1.key }) {
            marks.append(TrailState.Checkpoint(size: size, root: root, after: times.after(size)))
        }
        return TrailState.Log(
            head: TreeHead(size: provenSize, root: root), base: base, readCount: readCount, lastAt: lastAt,
            newest: newest?.time, checkpoints: marks,
            stamps: times.stamps.sorted { ($0.size, $0.time) < ($1.size, $1.time) }.map {
                TrailState.Stamp(size: $0.size, time: $0.time)
            }, heads: chain.links.mapValues { TrailState.Head(number: $0.number, hash: $0.hash) })
    }
}
