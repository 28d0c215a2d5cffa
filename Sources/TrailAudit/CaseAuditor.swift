// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Membership
import Procedure
import Sealing
import TransparencyLog

/// What a bundle holds of one case.
struct CaseFiles: Sendable {
    let id: CaseID
    var slips: [(digest: Digest, bytes: [UInt8])] = []
    /// Whether it has more letters than any case.
    var isCut = false
    /// What all logs say of it: by log, ascending.
    var events: [TrailEvent] = []
}

/// Judges one case from its slips and what the logs say of them: stages 8 to 10 of Protocols/Trail.md §6. Nothing but the bundle is asked.
struct CaseAuditor {
    let world: TrailWorld
    let id: CaseID
    let events: [TrailEvent]
    /// Every letter of the case whose slip counts.
    let letters: [LetterID: CaseLetter]
    /// For each step that its sender's log should have and has not: the first event that rests on it.
    let unlogged: [TrailEvent]
    let ancestry: Ancestry
    let shared: SharedVerdicts
    /// Letters about a letter: receipts, refusals, notices.
    let papers: [LetterID: [CaseLetter]]
    /// Where each letter is said to be `accepted` or `arrived`.
    let entries: [LetterID: [TrailEvent]]
    /// Letters that a log says were refused, given up or withheld.
    let ended: Set<LetterID>
    /// By place: the checkpoints that a slip quotes and that are of these logs.
    var quoted: [[(log: Int, size: Int64)]] = []
    /// Every slip file whose signature verifies, by somebody of some directory.
    let files: [Digest: CaseLetter]
    var broken: [Digest: TrailFinding.Code] = [:]
    /// Letters of which something is wrong already: neither they nor what rests on them is judged further.
    private(set) var unsound: Set<LetterID> = []
    private(set) var unsoundPlaces: Ancestry.Letters
    /// Where a letter entered the trail first: its finding's place.
    var homes: [LetterID: TrailEvent] = [:]
    var opened: [LetterID: SealedSteps] = [:]
    var result: CaseResult

    init(world: TrailWorld, files case: CaseFiles) {
        self.world = world
        id = `case`.id
        result = CaseResult(id: `case`.id)
        events = `case`.events.sorted { ($0.log, $0.index) < ($1.log, $1.index) }
        var entries: [LetterID: [TrailEvent]] = [:]
        var ended: Set<LetterID> = []
        for event in events {
            switch event.content {
            case .accepted(let letter, _, _), .arrived(let letter, _, _, _): entries[letter, default: []].append(event)
            case .refused(let letter, _, _, _), .expired(let letter, _), .gone(let letter, _),
                .withheld(let letter, _, _), .seenPossibly(let letter, _, _):
                ended.insert(letter)
            default: break
            }
        }
        (self.entries, self.ended) = (entries, ended)
        var files: [Digest: CaseLetter] = [:]
        for (digest, bytes) in `case`.slips {
            switch Self.read(digest, bytes, of: id, in: world) {
            case .success(let letter): files[digest] = letter
            case .failure(let fault): broken[digest] = fault.code
            }
        }
        self.files = files
        let slips = CaseSlips(files, events: events, world: world)
        (letters, unlogged) = (slips.letters, slips.unlogged)
        ancestry = Ancestry(letters)
        shared = SharedVerdicts(ancestry)
        unsoundPlaces = ancestry.none
        papers = Dictionary(grouping: letters.values.filter { $0.slip.about != nil }) { $0.slip.about?.letter ?? $0.id }
    }

    mutating func run() -> CaseResult {
        checkEvents()
        for event in unlogged { report(.ancestor, .incomplete, at: event, nil, "rests on a step that no log has") }
        checkEarlier()
        disclose()
        checkTimes()
        checkEnds()
        result.unsound = unsound.count
        for log in world.logs.indices { replay(log) }
        count()
        // That nobody has acted on an order takes nothing from it, and what its guards say is said at its own leaf.
        let wrong = Set(
            result.findings.filter { $0.weight == .fail && $0.code != .unended && $0.code != .procedure }
                .compactMap(\.letter))
        result.orders.removeAll { wrong.contains($0.letter) }
        result.letters = letters.count
        return result
    }

    mutating func report(
        _ code: TrailFinding.Code, _ weight: TrailFinding.Class? = nil, at event: TrailEvent, _ letter: LetterID?,
        _ detail: String
    ) {
        result.findings.append(
            TrailFinding(
                code, weight, origin: world.logs[event.log].origin, leaf: event.index, letter: letter, detail: detail))
    }

    mutating func markUnsound(_ letter: LetterID) {
        unsound.insert(letter)
        if let place = ancestry.place(letter) { unsoundPlaces.insert(place) }
    }

    // MARK: - 8: slips

    private struct Fault: Error { let code: TrailFinding.Code }

    private static func read(
        _ digest: Digest, _ bytes: [UInt8], of caseID: CaseID, in world: TrailWorld
    ) -> Result<CaseLetter, Fault> {
        do throws(SealingError) {
            let signed = try SignedSlip.read(bytes, certificate: world.certificate)
            guard signed.slip.caseID == caseID, signed.certificate.isValid(at: signed.slip.at.seconds) else {
                return .failure(Fault(code: .slip))
            }
            return .success(CaseLetter(signed, file: digest))
        } catch {
            // Signed by a member of no directory, or by nobody that an authority knows?
            let isCertified =
                error.code == .signerNotPermitted
                && (try? Gate.slip(bytes)).flatMap { try? Certificate(der: Array($0.certificate)) }.map { certificate in
                    world.trust.anchors.roots.values.contains { certificate.isSigned(by: $0) }
                } ?? false
            return .failure(Fault(code: isCertified ? .member : .slip))
        }
    }

    /// Each event against the slip it names, and the letters' first events.
    private mutating func checkEvents() {
        // By log.
        var arrivals: [Set<LetterID>] = world.logs.map { _ in [] }
        for event in events {
            guard let named = CaseSlips.taken(event) else { continue }
            let isArrival: Bool
            if case .arrived = event.content { isArrival = true } else { isArrival = false }
            var isFirst = true
            if case .refused = event.content {
            } else {
                // One entry a log; a refused letter may have been accepted before, when an ancestor was missing.
                isFirst = arrivals[event.log].insert(named.letter).inserted
                if !isFirst { report(.replay, at: event, named.letter, "the letter is in this log already") }
            }
            if isFirst, homes[named.letter].map({ Self.isArrived($0) && !isArrival }) ?? true {
                homes[named.letter] = event
            }
            guard check(named.letter, file: named.file, at: event) else {
                markUnsound(named.letter)
                continue
            }
            if case .arrived(_, _, _, let source) = event.content, isFirst, event.index >= world.logs[event.log].first {
                checkSource(event, named.letter, named.file, source)
            }
            if case .accepted = event.content, isFirst, let from = files[named.file]?.slip.from {
                checkFirst(event, named.letter, from: from)
            }
        }
    }

    /// What its sender's own broker had accepted before is `arrived`, with that as its source; what came here first, on a stick, is not.
    private mutating func checkFirst(_ event: TrailEvent, _ letter: LetterID, from: MemberID) {
        guard let directories = world.directories(at: event.index, of: event.log),
            let own = directories.broker(of: from) ?? directories.broker(from),
            !own.logs.contains(where: { $0.name == world.logs[event.log].origin })
        else { return }
        let wasThere = (entries[letter] ?? []).contains { other in
            guard case .accepted = other.content else { return false }
            return own.logs.contains { $0.name == world.logs[other.log].origin }
                && other.at <= event.at + TrailLimits.toleranceSeconds
        }
        guard wasThere else { return }
        report(.source, at: event, letter, "accepted as if it came here first; its sender's broker had accepted it")
    }

    /// In an increment a case comes whole: as many events from before as its newest one then said.
    private mutating func checkEarlier() {
        for (operatorName, logs) in Dictionary(grouping: world.logs, by: \.operatorName) {
            guard let number = logs.compactMap({ $0.since?.heads[id]?.number }).max() else { continue }
            let own = events.filter { world.logs[$0.log].operatorName == operatorName }
            guard own.count(where: { $0.index < world.logs[$0.log].first }) != number + 1 else { continue }
            let new = own.first { $0.index >= world.logs[$0.log].first }
            result.findings.append(
                TrailFinding(
                    .chain, origin: logs.last?.origin, leaf: new?.index,
                    detail: "the case's earlier events are not all here"))
        }
    }

    static func isArrived(_ event: TrailEvent) -> Bool {
        if case .arrived = event.content { true } else { false }
    }

    private mutating func check(_ letter: LetterID, file: Digest, at event: TrailEvent) -> Bool {
        guard let signed = files[file], signed.id == letter else {
            let code = broken[file] ?? .slip
            report(
                code, at: event, letter,
                code == .member
                    ? "signed with a certificate that no directory has"
                    : broken[file] != nil ? "the slip does not verify" : "the slip is not here, or another letter's")
            return false
        }
        guard let directories = world.directories(at: event.index, of: event.log) else {
            report(.member, at: event, letter, "no directory in force")
            return false
        }
        do {
            _ = try directories.judgeSigner(of: signed.slip, certificate: signed.certificate, at: event.at)
            return true
        } catch {
            report(.member, at: event, letter, "not a certificate of its sender for signing, in force there")
            return false
        }
    }

    private mutating func checkSource(_ event: TrailEvent, _ letter: LetterID, _ slip: Digest, _ source: Digest) {
        let isThere = (entries[letter] ?? []).contains { other in
            guard other.log != event.log, case .accepted(letter, slip, _) = other.content else { return false }
            return world.logs[other.log].leafHash(other.index) == source
        }
        // What follows from a closed leaf, or from a log that is not here, is not said again.
        guard !isThere, world.absent.isEmpty, !world.isClosed(source) else { return }
        report(.source, at: event, letter, "no other log has accepted this letter and slip there")
    }

    // MARK: - 8: time and order of the logs

    /// What each slip quotes, and how its time agrees with that, in the order in which the letters name each other.
    private mutating func checkTimes() {
        quoted = Array(repeating: [], count: ancestry.order.count)
        // By place: the latest time before which the letter, or one that it descends from, cannot have been signed.
        var signedAfter = [Instant?](repeating: nil, count: ancestry.order.count)
        for place in ancestry.order {
            guard let letter = letters[ancestry.id(place)] else { continue }
            var after: Instant?
            var isForeign: SeenCheckpoint?
            for seen in letter.slip.seen {
                guard let log = world.log(seen.origin) else { continue }
                switch log.agrees(seen) {
                case true?: quoted[place].append((log.number, seen.size))
                case false?: isForeign = isForeign ?? seen
                case nil: break
                }
                if seen.size > 0, let time = log.times.after(seen.size - 1) { after = max(after ?? time, time) }
            }
            for named in letter.ancestors + [letter.slip.root].compactMap({ $0 }) {
                guard let known = ancestry.place(named), known < signedAfter.count, let time = signedAfter[known] else {
                    continue
                }
                after = max(after ?? time, time)
            }
            signedAfter[place] = after
            guard let home = homes[letter.id], !unsound.contains(letter.id) else { continue }
            if let isForeign {
                report(
                    .seen, at: home, letter.id,
                    "quotes \(isForeign.origin)@\(isForeign.size), which is not in this history")
            }
            checkTimes(letter, home, signedAfter: after)
        }
    }

    private mutating func checkTimes(_ letter: CaseLetter, _ home: TrailEvent, signedAfter: Instant?) {
        let at = letter.slip.at
        if let signedAfter, at < signedAfter + -TrailLimits.toleranceSeconds {
            report(.backdated, at: home, letter.id, "says that it was sent \(signedAfter - at) s before what it quotes")
        }
        if let before = world.logs[home.log].times.before(home.index), at > before + TrailLimits.toleranceSeconds {
            report(.future, at: home, letter.id, "says that it was sent after a time stamp over its own entry")
        }
        if let after = world.logs[home.log].times.after(home.index), at < after + -TrailLimits.lateSeconds {
            report(.late, at: home, letter.id, "logged at least \(after - at) s after it says that it was sent")
        }
    }

    // MARK: - Disclosed parts

    /// Opens the sealed steps of every letter whose part a holder showed.
    private mutating func disclose() {
        guard !world.trust.disclosed.isEmpty else { return }
        for (letter, signed) in letters.sorted(by: { $0.key < $1.key }) {
            for part in signed.slip.parts where world.trust.disclosed[part.commitment] != nil {
                result.disclosed.insert(part.commitment)
                guard let content = world.trust.disclosed[part.commitment], let home = homes[letter] else { continue }
                guard let label = DisclosedPart(content), label.from == signed.slip.from, label.to == part.recipient,
                    label.caseID == id
                else {
                    report(.disclosed, at: home, letter, "an opened part of another sender, recipient or case")
                    continue
                }
                guard label.kind == .steps else { continue }
                guard let sealed = signed.slip.sealed,
                    let steps = try? SealedStepsContent.read(label.content, digest: sealed)
                else {
                    report(.disclosed, at: home, letter, "not the sealed steps that the slip commits to")
                    continue
                }
                opened[letter] = steps
            }
        }
    }
}

/// What was found of one case.
struct CaseResult: Sendable {
    let id: CaseID
    var findings: [TrailFinding] = []
    var letters = 0
    /// Letters whose slips are not theirs: what they would have shown is not missed elsewhere.
    var unsound = 0
    /// Numbers of the pairs of members: for `GAP`, which looks over all cases.
    var numbers: [(pair: PairName, sequence: Int64, log: Int, index: Int64)] = []
    /// Commitments for which an opened part was shown.
    var disclosed: Set<Digest> = []
    /// Counts by log.
    var pending: [Int: Int] = [:]
    /// Letters that have not ended.
    var open: [UnendedLetter] = []
    var attested: [Int: Int] = [:]
    var referenced: [Int: Int] = [:]
    var sealed: [Int: Int] = [:]
    var story: CaseStory?
    /// Orders of erasure, each with the log that admitted it and where.
    var orders: [ErasureOrder] = []
}

struct PairName: Hashable, Sendable {
    let from: MemberID
    let to: MemberID
    let epoch: Int64
}

struct ErasureOrder: Hashable, Sendable {
    let letter: LetterID
    let slip: Digest
    let from: MemberID
    let facts: ErasureFacts
    let log: Int
    /// How many of those with a part in the case had left the network, and were not asked.
    let unreached: Int
    /// Above this leaf it may be carried out: it is admitted, and whoever had to answer has.
    let ready: Int64
    /// Above this leaf it may not: an addressee said why.
    let objected: Int64?
    /// How long its profile keeps what a log holds, in seconds.
    let retention: Int64
}

/// Numbers of Protocols/Trail.md §4, §6, §10.
public enum TrailLimits {
    /// 5 min: clocks differ.
    public static let toleranceSeconds: Int64 = 300
    /// 24 h: a month without a line and a false date look alike.
    public static let lateSeconds: Int64 = 86_400
    /// 48 h: nobody has cosigned for so long.
    public static let staleSeconds: Int64 = 172_800
    /// 30 days: what waits for its ancestors so long is given up. Protocols/Queue.md §6.
    public static let waitingSeconds: Int64 = 30 * 86_400
    /// Letters of a case. Protocols/Queue.md §11.
    public static let letters = 20_000
    public static let logs = 64
    /// Findings of one code that are listed one by one; counts are exact.
    public static let listed = 10_000
}
