// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

// A fixture that is wrong shall end the run.
// swift-format-ignore-file: NeverForceUnwrap, NeverUseForceTry

import Cryptography
import Foundation
public import Letters
public import Membership
public import Procedure
public import Sealing
public import TransparencyLog

/// Two brokers' logs as honest brokers write them, over cases told in `Vectors/procedure`, with real keys and signatures; a test makes
/// one of them lie by changing what it does. Every name is invented.
public struct PracticeTrail: @unchecked Sendable {  // its logs are written by the one test that makes it
    public static let inBroker = PracticeWorld.inBroker
    public static let bdBroker = PracticeWorld.bdBroker
    public static let profile: (value: Profile, reference: ProfileReference, file: [UInt8]) = {
        do {
            let path = Vector.protocols.appending(path: "Profiles/in-bd-repatriation/profile.json")
            let file = try ProfileDocument.canonicalBytes(ofSource: [UInt8](Data(contentsOf: path)))
            let value = try ProfileDocument.read(file, digest: .sha256(file))
            return (value, ProfileReference(id: value.id, version: value.version, digest: value.digest), file)
        } catch { fatalError("\(error)") }
    }()

    /// What a lying broker or sender does otherwise.
    public struct Lies {
        /// Of letters, by their names: logged so, whatever the procedure says.
        public var verdicts: [String: LogEvent.Verdict] = [:]
        /// Sent so many seconds before.
        public var backdated: [String: Int64] = [:]
        /// Signed with this member's key.
        public var signers: [String: MemberID] = [:]
        /// A refused letter gets no signed refusal; an admissible one is refused with this code.
        public var withoutRefusal = false
        public var refused: [String: String] = [:]
        /// A refused letter's refusal is in no log.
        public var unloggedRefusal = false
        /// Letters that both brokers know and no log has.
        public var unlogged: Set<String> = []
        /// Facts of a letter's visible steps, beside those that it is told with or instead of them.
        public var facts: [String: [String: FactValue]] = [:]
        /// Letters that the other broker logs as if they had come there first.
        public var unsourced: Set<String> = []
        /// Letters that did come there first, ten minutes before: on a stick.
        public var carried: Set<String> = []
        /// Letters that come to the other broker only behind the next one, which overtakes them.
        public var late: Set<String> = []
        /// Slips that another sequence number than the next gets.
        public var sequences: [String: Int64] = [:]
        /// Letters that get no receipt.
        public var unreceipted: Set<String> = []
        /// The broker's clock at the n-th event of the log of IN.
        public var clocks: [Int: Instant] = [:]
        /// A case's events leave out a number.
        public var skipsNumber = false
        /// Logged twice.
        public var twice: Set<String> = []
        /// Receipts that somebody else signs.
        public var receiptsBy: [String: MemberID] = [:]
        /// Slips' `seen`.
        public var seen: [String: [SeenCheckpoint]] = [:]
        /// Letters that name one that nobody has as a parent.
        public var orphans: Set<String> = []
        /// Events of the log of IN that are written with a space that the one spelling does not have.
        public var spaced: Set<Int> = []
        /// An `arrived` names another leaf than the other log's.
        public var foreignSource = false
        /// Roles that the directory does not give.
        public var roles: [MemberID: [String]] = [:]
        /// Letters that do not go to this member.
        public var passedOver: [String: MemberID] = [:]
        /// Whether the other broker cosigns.
        public var cosigns = true

        public init(
            verdicts: [String: LogEvent.Verdict] = [:], backdated: [String: Int64] = [:],
            signers: [String: MemberID] = [:], withoutRefusal: Bool = false, refused: [String: String] = [:],
            unloggedRefusal: Bool = false, unlogged: Set<String> = [],
            facts: [String: [String: FactValue]] = [:], unsourced: Set<String> = [], carried: Set<String> = [],
            late: Set<String> = [], sequences: [String: Int64] = [:], unreceipted: Set<String> = [],
            clocks: [Int: Instant] = [:],
            skipsNumber: Bool = false, twice: Set<String> = [], receiptsBy: [String: MemberID] = [:],
            seen: [String: [SeenCheckpoint]] = [:], orphans: Set<String> = [], spaced: Set<Int> = [],
            foreignSource: Bool = false, roles: [MemberID: [String]] = [:],
            passedOver: [String: MemberID] = [:], cosigns: Bool = true
        ) {
            self.verdicts = verdicts
            self.backdated = backdated
            self.signers = signers
            self.withoutRefusal = withoutRefusal
            self.refused = refused
            self.unloggedRefusal = unloggedRefusal
            self.unlogged = unlogged
            self.facts = facts
            self.unsourced = unsourced
            self.carried = carried
            self.late = late
            self.sequences = sequences
            self.unreceipted = unreceipted
            self.clocks = clocks
            self.skipsNumber = skipsNumber
            self.twice = twice
            self.receiptsBy = receiptsBy
            self.seen = seen
            self.orphans = orphans
            self.spaced = spaced
            self.foreignSource = foreignSource
            self.roles = roles
            self.passedOver = passedOver
            self.cosigns = cosigns
        }
    }

    public final class Log {
        public let broker: MemberID
        public let origin: String
        public let signer: LogSigner
        public let witness: WitnessSigner
        public var batch: LogBatch
        public var tree = LeafTree()
        public var heads: [CaseID: (number: Int64, hash: Digest)] = [:]
        public var histories: [CaseID: CaseHistory] = [:]
        public var notes: [Int64: [UInt8]] = [:]
        public var newest: TransparencyLog.Checkpoint?
        /// All events as they are hashed; those of a lying clock were made by hand.
        public var events: [[UInt8]] = []

        init(broker: MemberID, origin: String, seed: UInt8, at: Instant) throws {
            self.broker = broker
            self.origin = origin
            let operatorName = origin.prefix { $0 != "/" }
            signer = try LogSigner(origin: origin, seed: Array(repeating: seed, count: 32))
            witness = try WitnessSigner(name: "\(operatorName)/witness", seed: Array(repeating: seed + 100, count: 32))
            batch = LogBatch(origin: origin, frontier: Frontier(), lastAt: at)
        }
    }

    public var world: PracticeWorld
    public var now: Instant
    public var lies: Lies
    public var logs: [MemberID: Log] = [:]
    /// By case, then by the file's digest.
    public var slips: [CaseID: [Digest: [UInt8]]] = [:]
    public var letters: [String: SignedSlip] = [:]
    /// Opened parts of sealed steps, by commitment.
    public var opened: [Digest: [UInt8]] = [:]
    private var sequences: [[MemberID]: Int64] = [:]
    /// Every letter, papers and receipts too.
    public private(set) var byID: [LetterID: SignedSlip] = [:]
    private var newest: [String: LetterID] = [:]
    private var saltCount = 0
    /// Letters that are on their way to the other broker, with the leaf there that they come from.
    private var underWay: [(letter: SignedSlip, name: String, source: Digest)] = []

    /// - Parameter at: when the authorities sign.
    public init(at: Instant = Instant(seconds: 1_771_600_000), lies: Lies = Lies()) throws {
        self.lies = lies
        now = at
        world = try PracticeWorld.make(at: at, profiles: [(Self.profile.reference, Self.profile.file)])
        for (member, roles, broker) in [
            ("in:practice-shelter", ["IN_SHELTER"], Self.inBroker),
            ("bd:practice-ngo", ["BD_INVESTIGATOR", "BD_NGO"], Self.bdBroker),
            ("bd:practice-visitors", ["BD_INVESTIGATOR"], Self.bdBroker),
            ("in:practice-nodal", ["NODAL"], Self.inBroker),
        ] {
            let id = MemberID(member)!
            try world.add(
                id, name: "Practice (invented)", kind: .member(roles: Set(lies.roles[id] ?? roles)), broker: broker,
                at: at)
        }
        for (place, broker) in [Self.inBroker, Self.bdBroker].enumerated() {
            logs[broker] = try Log(
                broker: broker, origin: "\(broker.country.lowercased()).kheya.example/2026", seed: UInt8(place + 1),
                at: at)
        }
        for (broker, log) in logs {
            guard let authority = world.authorities.keys.first(where: { $0.country == broker.country }) else {
                continue
            }
            try world.publish(authority, at: at) { _, draft in
                draft.brokers[0].logs = [log.signer.key]
                draft.brokers[0].witness = log.witness.key
            }
        }
        for broker in [Self.inBroker, Self.bdBroker] {
            log(.start(before: nil), at: broker)
            for (_, country) in world.authorities.sorted(by: { $0.key < $1.key }) {
                log(.directory(try Self.document(country.document, country.directory.version)), at: broker)
            }
            for (_, country) in world.authorities.sorted(by: { $0.key < $1.key }) {
                for document in country.profiles {
                    log(.profile(try Self.document(document, 1)), at: broker)
                }
            }
        }
        try publish()
    }

    public static func document(_ document: SignedDocument, _ version: Int64) throws -> LogEvent.Document {
        let gate = try Gate.slip(document.slip)
        return .init(
            letter: gate.contentDigest, slip: .sha256(document.slip), file: .sha256(document.file), version: version)
    }

    // MARK: - The logs

    public mutating func log(_ content: LogEvent.Content, of caseID: CaseID? = nil, at broker: MemberID) {
        guard let log = logs[broker] else { return }
        var place: LogEvent.Place?
        if let caseID {
            let last = log.heads[caseID]
            let skip: Int64 = lies.skipsNumber && last?.number == 3 ? 1 : 0
            place = .init(caseID: caseID, number: (last?.number ?? -1) + 1 + skip, previous: last?.hash)
        }
        saltCount += 1
        let salt = Digest.sha256(Array("salt \(saltCount)".utf8))
        var event = log.batch.append(content, place: place, now: now) { _ in salt }.event
        if broker == Self.inBroker, let lie = lies.clocks[log.events.count] {
            event = LogEvent(salt: salt, origin: log.origin, at: lie, place: place, content: content).bytes
        }
        if broker == Self.inBroker, lies.spaced.contains(log.events.count), let comma = event.firstIndex(of: 0x2C) {
            event.insert(0x20, at: comma + 1)
        }
        let hash = MerkleHash.leaf(Digest.sha256(event))
        log.tree.append(leafHash: hash)
        if let caseID, let place { log.heads[caseID] = (place.number, hash) }
        log.events.append(event)
    }

    /// Both logs sign, each cosigns the other's checkpoint and says so.
    ///
    /// - Parameter seconds: later than what was logged last.
    public mutating func publish(after seconds: Int64 = 60) throws {
        now = now + seconds
        for (own, other) in [(Self.inBroker, Self.bdBroker), (Self.bdBroker, Self.inBroker)] {
            guard let log = logs[own], let peer = logs[other] else { continue }
            let checkpoint = try TransparencyLog.Checkpoint(origin: log.origin, head: log.tree.head)
            var note = try log.signer.sign(checkpoint)
            if lies.cosigns { note = try note.adding(try peer.witness.cosign(checkpoint, at: now)) }
            log.notes[checkpoint.head.size] = note.bytes
            log.newest = checkpoint
        }
        for (own, other) in [(Self.inBroker, Self.bdBroker), (Self.bdBroker, Self.inBroker)] {
            guard lies.cosigns, let checkpoint = logs[other]?.newest else { continue }
            self.log(.cosigned(checkpoint.seen, time: now, way: .line), at: own)
        }
    }

    private func broker(of member: MemberID) throws -> MemberID {
        if logs[member] != nil { return member }
        return try world.party(member).broker ?? member
    }

    // MARK: - Letters

    /// Tells a case of `Vectors/procedure`, with a receipt for every letter.
    ///
    /// - Parameters:
    ///   - count: only the first letters.
    ///   - look: sees the trail after each letter and its receipts.
    public mutating func tell(
        _ vector: String, as tag: String, first count: Int = .max, look: (PracticeTrail) throws -> Void = { _ in }
    ) throws {
        let path = Vector.protocols.appending(path: "Vectors/procedure/\(vector).json")
        let script = try ReplayDocument.read([UInt8](Data(contentsOf: path)), profile: Self.profile.value)
        let caseID = CaseID(random: Array(Digest.sha256(Array(tag.utf8)).bytes.prefix(16)))!
        var ids: [Digest: LetterID] = [:]
        for letter in script.letters.prefix(count) {
            now = max(now + 60, letter.step.at)
            let name = "\(tag).\(letter.name)"
            let signed = try sign(letter.step, name, caseID, ids)
            ids[letter.step.id] = signed.id
            letters[name] = signed
            newest["\(caseID)\(signed.slip.from)"] = signed.id
            let isRefused = try hand(signed, name)
            try publish()
            if !isRefused, !lies.unreceipted.contains(name) {
                for addressee in signed.slip.to.map(\.member) {
                    try receipt(.valid, of: addressee, for: signed, "\(name).valid")
                    try receipt(.acted, of: addressee, for: signed, "\(name).acted")
                }
                try publish()
            }
            try look(self)
        }
    }

    private mutating func sign(
        _ step: Step, _ name: String, _ caseID: CaseID, _ ids: [Digest: LetterID]
    ) throws -> SignedSlip {
        let sentAt = now + -(lies.backdated[name] ?? 0)
        var events = step.shown
        if case .opened(let all) = step.sealed { events = all }
        events = events.map { event in
            var event = event
            if let at = event.at, at > sentAt { event.at = sentAt }
            event.facts.merge(lies.facts[name] ?? [:]) { $1 }
            return event
        }
        let requires = step.requires.compactMap { ids[$0] }
        let salt = Digest.sha256(Array("seal \(name)".utf8)).bytes
        let (content, sealed) = SealedStepsContent.make(SealedSteps(events: events, requires: requires), salt: salt)
        var parts: [PartReference] = []
        for claim in step.parts where claim.recipient != lies.passedOver[name] {
            let isSteps = claim.basis == .custody
            let plain = Self.plaintext(
                isSteps ? content : Array("form".utf8), kind: isSteps ? "steps" : "form", from: step.from,
                to: claim.recipient, caseID: caseID, salt: Digest.sha256(Array("\(name)\(parts.count)".utf8)).bytes)
            let commitment = Digest.sha256(plain)
            if isSteps { opened[commitment] = plain }
            parts.append(
                PartReference(
                    digest: .sha256(Array("file \(name) \(parts.count)".utf8)), commitment: commitment,
                    size: Int64(plain.count), tier: claim.tier, recipient: claim.recipient, basis: claim.basis))
        }
        let isRoot = step.root == nil
        let previous = newest["\(caseID)\(step.from)"]
        let slip = Slip(
            type: .step, lane: step.lane, from: step.from, to: try addressees(step.from, step.to, name), caseID: caseID,
            root: step.root.flatMap { ids[$0] }, profile: Self.profile.reference,
            steps: Self.profile.value.shown(events),
            sealed: sealed,
            parents: isRoot
                ? []
                : step.parents.compactMap { ids[$0] } + (knows[step.from.text + caseID.text] ?? [])
                    + (lies.orphans.contains(name) ? [.sha256(Array(name.utf8))] : []),
            previous: isRoot ? nil : previous, requires: requires, parts: parts, at: sentAt,
            expires: step.lane == .normal ? sentAt + 90 * 86_400 : nil, seen: try lies.seen[name] ?? seen(step.from))
        let signer = lies.signers[name] ?? slip.from
        return try SignedSlip.sign(slip, by: try world.party(signer).signing)
    }

    /// Letters that a member has received, and has not yet named as parents.
    private var knows: [String: [LetterID]] = [:]

    private func seen(_ member: MemberID) throws -> [SeenCheckpoint] {
        logs[try broker(of: member)]?.newest.map { [$0.seen] } ?? []
    }

    private mutating func addressees(_ from: MemberID, _ to: [MemberID], _ name: String) throws -> [Addressee] {
        try to.filter { $0 != lies.passedOver[name] }.sorted().map { member in
            sequences[[from, member], default: 0] += 1
            let certificate =
                try world.directories().certificates(of: member).first { $0.use == .seal }?.id ?? .sha256([])
            return Addressee(
                member: member, certificate: certificate, epoch: 1,
                sequence: lies.sequences[name] ?? sequences[[from, member]]!)
        }
    }

    /// salt ‖ header length ‖ header ‖ content ‖ zeros, as Letter-CMS.md §5.1 has it.
    private static func plaintext(
        _ content: [UInt8], kind: String, from: MemberID, to: MemberID, caseID: CaseID, salt: [UInt8]
    ) -> [UInt8] {
        let header = Array(
            #"{"case":"\#(caseID)","from":"\#(from)","kind":"\#(kind)","length":\#(content.count),"to":"\#(to)"}"#.utf8)
        let plain = salt + [0, 0, 0, UInt8(header.count)] + header + content
        return plain + [UInt8](repeating: 0, count: Padme.size(plain.count) - plain.count)
    }

    private mutating func receipt(
        _ state: About.State, of member: MemberID, for letter: SignedSlip, _ name: String
    ) throws {
        now = now + 30
        guard let caseID = letter.slip.caseID else { return }
        let by = lies.receiptsBy[name] ?? member
        let slip = Slip(
            type: .receipt, lane: .normal, from: by, to: try addressees(by, [letter.slip.from], name), caseID: caseID,
            root: letter.slip.root ?? letter.id, parents: [letter.id],
            previous: newest["\(caseID)\(by)"], about: About(letter: letter.id, state: state), at: now,
            seen: try seen(by))
        let signed = try SignedSlip.sign(slip, by: try world.party(by).signing)
        letters[name] = signed
        newest["\(caseID)\(by)"] = signed.id
        _ = try hand(signed, name)
    }

    /// What both brokers do with a letter.
    ///
    /// - Returns: whether it was refused, or in no log.
    private mutating func hand(_ signed: SignedSlip, _ name: String) throws -> Bool {
        guard let caseID = signed.slip.caseID else { return false }
        keep(signed)
        guard !lies.unlogged.contains(name) else {
            for broker in logs.keys { enter(signed, at: broker) }
            return true
        }
        let first = try broker(of: signed.slip.from)
        var verdict = judge(signed, at: first)
        if let lie = lies.verdicts[name] ?? (lies.orphans.contains(name) ? .admitted : nil) {
            verdict = (lie, nil, nil)
        }
        if let code = lies.refused[name] { verdict = (.admitted, code, nil) }
        if let code = verdict.refusal {
            try refuse(signed, code, verdict.stop, at: first)
            return true
        }
        let others = try Set(signed.slip.to.map { try broker(of: $0.member) }).subtracting([first]).sorted()
        for other in others where lies.carried.contains(name) {
            let accepted = LogEvent.Content.accepted(
                letter: signed.id, slip: .sha256(signed.file), verdict: judge(signed, at: other).logged)
            enter(signed, at: other)
            log(accepted, of: caseID, at: other)
            try publish()
            now = now + 600
        }
        enter(signed, at: first)
        log(.accepted(letter: signed.id, slip: .sha256(signed.file), verdict: verdict.logged), of: caseID, at: first)
        if lies.twice.contains(name) {
            log(
                .accepted(letter: signed.id, slip: .sha256(signed.file), verdict: verdict.logged), of: caseID, at: first
            )
        }
        let source = logs[first]?.heads[caseID]?.hash ?? MerkleHash.empty
        if lies.late.contains(name) {
            underWay.append((signed, name, source))
            return false
        }
        try arrive(signed, name, from: source)
        for (letter, name, source) in underWay { try arrive(letter, name, from: source) }
        underWay = []
        return false
    }

    /// What the other brokers of a letter, which its sender's has accepted, do with it.
    private mutating func arrive(_ signed: SignedSlip, _ name: String, from source: Digest) throws {
        guard let caseID = signed.slip.caseID else { return }
        let first = try broker(of: signed.slip.from)
        for other in try Set(signed.slip.to.map { try broker(of: $0.member) }).subtracting([first]).sorted()
        where !lies.carried.contains(name) {
            var mine = judge(signed, at: other).logged
            if let lie = lies.verdicts[name] ?? (lies.orphans.contains(name) ? .admitted : nil) { mine = lie }
            enter(signed, at: other)
            log(
                lies.unsourced.contains(name)
                    ? .accepted(letter: signed.id, slip: .sha256(signed.file), verdict: mine)
                    : .arrived(
                        letter: signed.id, slip: .sha256(signed.file), verdict: mine,
                        source: lies.foreignSource ? MerkleHash.empty : source), of: caseID, at: other)
        }
        for addressee in signed.slip.to where logs[addressee.member] == nil {
            log(.fetched(letter: signed.id, by: addressee.member), of: caseID, at: try broker(of: addressee.member))
            if signed.slip.type == .step { knows[addressee.member.text + caseID.text, default: []].append(signed.id) }
        }
    }

    private mutating func keep(_ signed: SignedSlip) {
        guard let caseID = signed.slip.caseID else { return }
        slips[caseID, default: [:]][.sha256(signed.file)] = signed.file
        byID[signed.id] = signed
    }

    private func judge(
        _ signed: SignedSlip, at broker: MemberID
    ) -> (logged: LogEvent.Verdict, refusal: String?, stop: LetterID?) {
        guard signed.slip.type == .step || signed.slip.type == .receipt, let caseID = signed.slip.caseID else {
            return (.admitted, nil, nil)
        }
        var history = logs[broker]?.histories[caseID] ?? CaseHistory(profile: Self.profile.value)
        let step = step(signed)
        // What passed the other broker alone is handed over as context.
        let late = Set(underWay.map(\.letter.id))
        while let missing = history.missingAncestors(of: step).first(where: { !late.contains($0) }),
            let other = byID[missing]
        {
            history.insert(self.step(other))
        }
        logs[broker]?.histories[caseID] = history
        if let stale = history.staleness(of: step) { return (.admitted, stale.code, stale.stop) }
        switch history.admit(step) {
        case .admitted: return (.admitted, nil, nil)
        case .flagged: return (history.missingAncestors(of: step).isEmpty ? .flagged : .gap, nil, nil)
        case .refused(let refusal): return (.admitted, refusal.code, refusal.stop)
        case .waiting: return (.waiting, nil, nil)
        }
    }

    private func step(_ signed: SignedSlip) -> Step {
        Step(id: signed.id, slip: signed.slip, roles: (try? world.directories().roles(of: signed.slip.from)) ?? [])
    }

    private mutating func enter(_ signed: SignedSlip, at broker: MemberID, isVoid: Bool = false) {
        guard let caseID = signed.slip.caseID else { return }
        var step = step(signed)
        step.isVoid = isVoid
        logs[broker]?.histories[caseID, default: CaseHistory(profile: Self.profile.value)].insert(step)
    }

    /// A signed refusal to the sender, logged with what it refuses.
    private mutating func refuse(
        _ signed: SignedSlip, _ code: String, _ stop: LetterID?, at broker: MemberID
    ) throws {
        guard let caseID = signed.slip.caseID else { return }
        enter(signed, at: broker, isVoid: true)
        let slip = Slip(
            type: .refusal, lane: .urgent, from: broker, to: try addressees(broker, [signed.slip.from], ""),
            caseID: caseID,
            root: signed.slip.root ?? signed.id, parents: [signed.id],
            about: About(letter: signed.id, code: code, stop: stop),
            at: now)
        let paper = try SignedSlip.sign(slip, by: try world.party(broker).signing)
        log(
            .refused(letter: signed.id, slip: .sha256(signed.file), code: code, refusal: paper.id), of: caseID,
            at: broker)
        guard !lies.withoutRefusal else { return }
        keep(paper)
        guard !lies.unloggedRefusal else { return }
        enter(paper, at: broker)
        log(.accepted(letter: paper.id, slip: .sha256(paper.file), verdict: .admitted), of: caseID, at: broker)
        log(.fetched(letter: paper.id, by: signed.slip.from), of: caseID, at: broker)
    }
}
