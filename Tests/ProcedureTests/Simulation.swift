// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure

/// One case between ends and brokers that hear of each other late, in virtual time, from one seed.
///
/// The real engine judges; ends and brokers do what Protocols/Queue.md says, at the level of steps: letters are pushed until they are
/// answered, wait for ancestors, are refused and withheld with papers, handed out again until they are acknowledged. The network loses,
/// delays, doubles and reorders; clocks are hours off; ends are away for weeks. Nothing is random but by the seed.
final class Simulation {
    /// Seeded bugs: each must be found. See ``SimulationTests``.
    struct Mistakes: OptionSet, Sendable {
        let rawValue: Int
        /// A broker that takes facts and stops out of mailboxes too.
        static let factsWithheld = Mistakes(rawValue: 1)
        /// A broker that does not ask whether a letter is stale, neither when it comes nor when it goes.
        static let staleTaken = Mistakes(rawValue: 1 << 1)
        /// A broker that looks at what waits when a stop comes, and not again when a letter is handed out or comes later.
        static let staleHandedOut = Mistakes(rawValue: 1 << 2)
        /// An end that acknowledges a letter and forgets it.
        static let letterForgotten = Mistakes(rawValue: 1 << 3)
        /// An end that replays in the order of arrival.
        static let arrivalOrder = Mistakes(rawValue: 1 << 4)
        /// A broker that takes what it cannot read for missing.
        static let unreadIsMissing = Mistakes(rawValue: 1 << 5)
        /// A broker that admits whatever it gets.
        static let allAdmitted = Mistakes(rawValue: 1 << 6)
        /// A broker that goes by a notice although the letter was opened.
        static let noticeWins = Mistakes(rawValue: 1 << 7)
        /// A broker that keeps its refusals to itself.
        static let refusalUnsaid = Mistakes(rawValue: 1 << 8)
        /// An end that goes on sealing what its own judge refuses.
        static let ownJudgeIgnored = Mistakes(rawValue: 1 << 9)
        /// A broker that gives up a letter that waits for its ancestors, and tells nobody.
        static let waitingDropped = Mistakes(rawValue: 1 << 10)
        /// A broker that does not hand on the letters that others descend from.
        static let contextLeftOut = Mistakes(rawValue: 1 << 11)
    }

    /// A letter on its way: what its slip shows, and for its readers what is sealed.
    struct Mail {
        enum About: Equatable {
            case opened, refusal, notice, seenPossibly
        }

        var step: Step
        /// The letter that a receipt or paper is about.
        var subject: Int?
        var about: About?
        /// Its sender's own judge had admitted it.
        var isHonest = true
        var expires: Int64?
        var code = ""
        /// All letters before it.
        var before: Set<Int> = []
    }

    enum Place: Hashable { case end(Int), broker(Int) }

    enum Occurrence {
        case act(end: Int)
        case push(end: Int, mail: Int)
        case arrive(broker: Int, mail: Int, from: Int)
        case hand(broker: Int, delivery: Int)
        case deliver(end: Int, mail: Int, broker: Int, delivery: Int)
        case forward(to: Int, mail: Int, context: [Int], broker: Int, delivery: Int)
        case acknowledge(broker: Int, delivery: Int)
        case expire(broker: Int, mail: Int)
    }

    struct End {
        let member: MemberID
        let roles: Set<String>
        let broker: Int
        var judge: SimulatedJudge
        /// Seconds that its clock is ahead.
        let clock: Int64
        var isHostile = false
        var awayUntil: Int64 = 0
        var last: Int?
        /// Its own next letter of the main path.
        var path = 0
        var waiting: [Int] = []
        var unanswered: [Int] = []
        var acknowledged: Set<Int> = []
        var answered: Set<Int> = []
        /// Letters that were too old when they came to its broker.
        var rejected: Set<Int> = []
    }

    let seed: UInt64
    let mistakes: Mistakes
    let profile = Profile.repatriation
    var random: SeededGenerator
    var mails: [Mail] = []
    var places: [Digest: Int] = [:]
    var ends: [End] = []
    var brokers: [SimulatedBroker] = []
    /// What was seen to go wrong while it ran.
    var faults: [String] = []
    private(set) var story: [String] = []
    private var queue = TimeQueue<Occurrence>()
    private(set) var now: Int64 = 0
    private let path: [ReplayScript.Letter]
    private var pathIDs: [Digest: Digest] = [:]
    private let stopsActing: Int64
    /// Share of stops among what people do on their own, of 10.
    private let stopShare: Int
    /// Share of messages lost, of 100.
    private let loss: Int

    static let names = (
        shelter: "in:practice-shelter", office: "in:practice-office", stranger: "in:practice-stranger",
        brokers: ["in:practice-broker", "bd:practice-broker"]
    )

    init(seed: UInt64, mistakes: Mistakes = []) {
        self.seed = seed
        self.mistakes = mistakes
        random = SeededGenerator(seed: seed)
        path = Stories.letters(Int.random(in: 0..<3, using: &random) == 0 ? "main-path-child" : "main-path-adult")
        loss = Int.random(in: 0..<40, using: &random)
        stopShare = Int.random(in: 1..<6, using: &random)
        let start = Int.random(in: 1..<path.count, using: &random)
        now = path[start - 1].step.at.seconds
        stopsActing = now + Int64.random(in: 5..<60, using: &random) * 86_400
        for place in Self.names.brokers.indices {
            let clock = Int64.random(in: -7_200...7_200, using: &random)
            brokers.append(SimulatedBroker(member: Self.member(Self.names.brokers[place]), place: place, clock: clock))
        }
        var roles: [(MemberID, Set<String>)] = []
        for letter in path where !roles.contains(where: { $0.0 == letter.step.from }) {
            roles.append((letter.step.from, letter.step.roles))
        }
        // An office writes to a case without being a party of it; a stranger has a role and no part.
        let outsider = profile.eventNames.first { profile.event($0)?.isFromOutside ?? false }
        roles.append(
            (Self.member(Self.names.office), Set((outsider.flatMap { profile.event($0)?.by } ?? []).prefix(1))))
        roles.append((Self.member(Self.names.stranger), roles[0].1))
        let hostile = Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 0..<roles.count, using: &random) : -1
        for (place, (member, roles)) in roles.enumerated() {
            let clock = Int64.random(in: -21_600...21_600, using: &random)
            ends.append(
                End(
                    member: member, roles: roles, broker: member.country == "IN" ? 0 : 1,
                    judge: SimulatedJudge(member), clock: clock, isHostile: place == hostile))
        }
        brokers[1].judge.takesUnreadForMissing = mistakes.contains(.unreadIsMissing)
        brokers[1].judge.noticeWins = mistakes.contains(.noticeWins)
        for letter in path.prefix(start) { tell(letter.step) }
        let first = now
        for end in ends.indices { schedule(.act(end: end), at: first + Int64.random(in: 0..<200_000, using: &random)) }
    }

    private static func member(_ name: String) -> MemberID {
        guard let member = MemberID(name) else { fatalError(name) }
        return member
    }

    /// A letter of the beginning, which all have heard of.
    private func tell(_ step: Step) {
        let mail = post(Mail(step: step))
        for end in ends.indices where step.to.contains(ends[end].member) || step.from == ends[end].member {
            ends[end].judge.opened.insert(mail)
        }
        for end in ends.indices where !isOutside(end) || step.root == nil { ends[end].judge.put(mail, mails) }
        for broker in brokers.indices { brokers[broker].judge.put(mail, mails) }
        if let end = end(of: step.from) {
            ends[end].last = mail
            ends[end].path += 1
        }
        pathIDs[step.id] = step.id
    }

    /// Office and stranger know only that the case exists.
    func isOutside(_ end: Int) -> Bool {
        ends[end].member.text == Self.names.office || ends[end].member.text == Self.names.stranger
    }

    func end(of member: MemberID) -> Int? { ends.firstIndex { $0.member == member } }

    func post(_ letter: Mail) -> Int {
        var mail = letter
        let named = mail.step.parents + [mail.step.previous, mail.step.root, mail.step.opened].compactMap { $0 }
        for place in named.compactMap({ places[$0] }) { mail.before.formUnion(mails[place].before.union([place])) }
        mails.append(mail)
        places[mail.step.id] = mails.count - 1
        return mails.count - 1
    }

    func id() -> Digest {
        // Random, so that ties between concurrent letters fall either way.
        var bytes = (0..<4).flatMap { _ in withUnsafeBytes(of: random.next().littleEndian) { Array($0) } }
        bytes[0] = UInt8(truncatingIfNeeded: mails.count)
        guard let digest = Digest(bytes) else { fatalError("32 bytes") }
        return digest
    }

    func note(_ line: @autoclosure () -> String) { story.append("\(now) \(line())") }

    // MARK: time and network

    func schedule(_ occurrence: Occurrence, at: Int64) { queue.push(occurrence, at: max(at, now)) }

    func isLost() -> Bool { Int.random(in: 0..<100, using: &random) < loss }

    /// Mostly minutes, sometimes days.
    private func delay() -> Int64 {
        Int.random(in: 0..<6, using: &random) == 0
            ? Int64.random(in: 0..<400_000, using: &random) : Int64.random(in: 0..<4_000, using: &random)
    }

    /// A message that may be lost, late or doubled.
    func send(_ occurrence: Occurrence) {
        if !isLost() { schedule(occurrence, at: now + delay()) }
        if Int.random(in: 0..<10, using: &random) == 0 { schedule(occurrence, at: now + delay()) }
    }

    func again(_ occurrence: Occurrence) {
        schedule(occurrence, at: now + 600 + Int64.random(in: 0..<40_000, using: &random))
    }

    /// Runs until everything is delivered; then each end says one last thing, so that all hear of all.
    func run() {
        drain()
        for _ in 0..<2 {
            for end in ends.indices where !isOutside(end) && !ends[end].isHostile {
                ends[end].awayUntil = 0
                close(end)
                drain()
            }
        }
    }

    private func drain() {
        var steps = 0
        while let (time, occurrence) = queue.pop() {
            now = time
            steps += 1
            guard steps < 60_000 else {
                faults.append("the network never comes to rest: \(occurrence)")
                return
            }
            happen(occurrence)
        }
    }

    private func happen(_ occurrence: Occurrence) {
        switch occurrence {
        case .act(let end): act(end)
        case .push(let end, let mail):
            guard !ends[end].answered.contains(mail) else { return }
            guard ends[end].awayUntil <= now else {
                return schedule(.push(end: end, mail: mail), at: ends[end].awayUntil + delay())
            }
            send(.arrive(broker: ends[end].broker, mail: mail, from: end))
            again(.push(end: end, mail: mail))
        case .arrive(let broker, let mail, let end):
            let isAnswered = receive(mail, at: broker, from: .end(end))
            if isAnswered, !isLost() { ends[end].answered.insert(mail) }
        case .hand(let broker, let delivery): hand(broker, delivery)
        case .deliver(let end, let mail, let broker, let delivery):
            guard ends[end].awayUntil <= now else { return }
            receive(mail, atEnd: end)
            send(.acknowledge(broker: broker, delivery: delivery))
        case .forward(let to, let mail, let context, let broker, let delivery):
            for letter in context { receiveContext(letter, at: to) }
            if brokers[broker].deliveries[delivery].isContext {
                if brokers[to].judge.known.contains(mail) || receiveContext(mail, at: to) {
                    send(.acknowledge(broker: broker, delivery: delivery))
                }
            } else if receive(mail, at: to, from: .broker(broker)) {
                send(.acknowledge(broker: broker, delivery: delivery))
            }
        case .acknowledge(let broker, let delivery): brokers[broker].finish(delivery)
        case .expire(let broker, let mail): expire(mail, at: broker)
        }
    }

    // MARK: ends

    private func act(_ end: Int) {
        guard now < stopsActing else { return }
        schedule(.act(end: end), at: now + Int64.random(in: 3_600..<400_000, using: &random))
        if ends[end].awayUntil <= now, Int.random(in: 0..<8, using: &random) == 0 {
            ends[end].awayUntil = now + Int64.random(in: 1..<29, using: &random) * 86_400
        }
        if ends[end].isHostile || ends[end].member.text == Self.names.stranger {
            if Int.random(in: 0..<2, using: &random) == 0 || isOutside(end) { return misbehave(end) }
        }
        if isOutside(end) { return sendAny(end) }
        if Int.random(in: 0..<10, using: &random) < 5, followPath(end) { return }
        sendAny(end)
    }

    private func at(_ end: Int) -> Instant { Instant(seconds: now + ends[end].clock) }

    private func followPath(_ end: Int) -> Bool {
        let mine = path.filter { $0.step.from == ends[end].member }
        guard ends[end].path < mine.count else { return false }
        var step = mine[ends[end].path].step
        step.requires = step.requires.compactMap { pathIDs[$0] }
        guard let mail = submit(step, by: end) else { return false }
        pathIDs[mine[ends[end].path].step.id] = mails[mail].step.id
        ends[end].path += 1
        return true
    }

    /// Something that the engine offers, with facts that mostly fit.
    private func sendAny(_ end: Int) {
        let offered =
            isOutside(end)
            ? profile.eventNames.filter { profile.event($0)?.isFromOutside ?? false }
            : ends[end].judge.history.possibleEvents(for: ends[end].member, roles: ends[end].roles, at: at(end))
                .filter { $0.refusal == nil }.map(\.event)
        let stops = offered.filter { profile.event($0)?.kind == .stop }
        let isStop = Int.random(in: 0..<10, using: &random) < stopShare
        guard let name = (isStop ? stops : offered.filter { !stops.contains($0) }).randomElement(using: &random)
        else { return }
        guard let step = invent(name, by: end) else { return }
        submit(step, by: end)
    }

    private func invent(_ name: String, by end: Int) -> Step? {
        guard let rule = profile.event(name),
            let lane = rule.lanes.sorted(by: { $0.rawValue < $1.rawValue }).randomElement(using: &random)
        else { return nil }
        let from = ends[end].member
        let own = mails.filter { $0.step.from == from && $0.about == nil }.map(\.step.id)
        var event = RandomEvents.event(
            name, of: profile, by: from, among: ends.map(\.member), own: own, at: at(end), using: &random)
        if let told = Stories.told[name]?.randomElement(using: &random), Int.random(in: 0..<4, using: &random) > 0 {
            event.facts = told.facts
            if event.person == nil { event.person = told.person }
        }
        let history = ends[end].judge.history
        let parties = Set(history.parties.values.flatMap { $0 })
        var to = ends.map(\.member).filter { $0 != from && parties.contains($0) }
        if to.count > 1, Int.random(in: 0..<4, using: &random) == 0 {
            to.remove(at: Int.random(in: 0..<to.count, using: &random))
        }
        guard !to.isEmpty else { return nil }
        return Step(
            id: .named("template"), from: from, roles: ends[end].roles, to: to, at: at(end), lane: lane,
            profile: profile.digest, shown: profile.shown([event]), sealed: .opened([event]),
            parts: RandomEvents.parts(rule, to: to, using: &random))
    }

    /// Seals and sends what the end's own judge admits.
    @discardableResult private func submit(_ template: Step, by end: Int) -> Int? {
        let step = addressed(template, by: end)
        let verdict = ends[end].judge.history.admit(step)
        switch verdict {
        case .waiting: return nil
        case .refused:
            if mistakes.contains(.ownJudgeIgnored), end == 0 { break }
            return nil
        case .admitted, .flagged: break
        }
        return dispatch(Mail(step: step), by: end)
    }

    private func addressed(_ template: Step, by end: Int) -> Step {
        var step = template
        step.id = id()
        step.at = at(end)
        step.parents = isOutside(end) ? [mails[0].step.id] : ends[end].judge.history.heads
        step.previous = ends[end].last.map { mails[$0].step.id }
        step.root = mails[0].step.id
        return step
    }

    @discardableResult private func dispatch(_ letter: Mail, by end: Int, expires: Bool = true) -> Int {
        var letter = letter
        // Every normal step expires, as the slip's format has it, a few of them soon.
        if letter.about == nil, letter.step.lane == .normal {
            let isBrief = expires && !isOutside(end) && Int.random(in: 0..<12, using: &random) == 0
            letter.expires =
                now + (isBrief ? Int64.random(in: 1..<12, using: &random) * 86_400 : LetterLimits.expirySeconds)
        }
        let mail = post(letter)
        note("\(ends[end].member) makes \(describe(mail))")
        ends[end].judge.opened.insert(mail)
        ends[end].judge.put(mail, mails)
        ends[end].last = mail
        schedule(.push(end: end, mail: mail), at: now)
        return mail
    }

    /// The last letter of an end: no event, only that it knows what it knows.
    private func close(_ end: Int) {
        let parties = Set(ends[end].judge.history.parties.values.flatMap { $0 })
        let to = ends.map(\.member).filter { $0 != ends[end].member && parties.contains($0) }
        guard parties.contains(ends[end].member), !to.isEmpty else { return }
        let template = Step(
            id: .named("template"), from: ends[end].member, roles: ends[end].roles, to: to, at: at(end), lane: .normal,
            profile: profile.digest)
        let step = addressed(template, by: end)
        let verdict = ends[end].judge.history.admit(step)
        guard verdict == .admitted else {
            faults.append("\(ends[end].member) cannot close: \(verdict)")
            return
        }
        dispatch(Mail(step: step), by: end, expires: false)
    }

    /// What no honest program sends.
    private func misbehave(_ end: Int) {
        let names = profile.eventNames.filter { name in
            profile.event(name)?.by.contains(where: ends[end].roles.contains) ?? false
        }
        let wanted = Int.random(in: 0..<20, using: &random) == 0 ? profile.eventNames : names
        guard let name = wanted.randomElement(using: &random), var template = invent(name, by: end) else { return }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: template.lane = template.lane == .urgent ? .normal : .urgent
        case 1: template.shown = []
        case 2: template.parts.append(template.parts[0])
        case 3: template.profile = .named("another")
        default: break
        }
        var step = addressed(template, by: end)
        if Int.random(in: 0..<6, using: &random) == 0 {
            // Forgets what it knew.
            step.parents = [mails[0].step.id]
            step.previous = nil
        }
        if Int.random(in: 0..<12, using: &random) == 0 { step.parents.append(.named("nobody-has-it")) }
        let verdict = ends[end].judge.history.admit(step)
        var isAdmitted = verdict == .admitted
        if case .flagged = verdict { isAdmitted = true }
        var letter = Mail(step: step)
        letter.isHonest = false
        if step.lane == .normal { letter.expires = now + LetterLimits.expirySeconds }
        let mail = post(letter)
        note("\(ends[end].member) misbehaves: \(describe(mail)) \(ReplayScript.describe(verdict))")
        if isAdmitted, !step.parents.contains(.named("nobody-has-it")) {
            ends[end].judge.opened.insert(mail)
            ends[end].judge.put(mail, mails)
            ends[end].last = mail
        }
        schedule(.push(end: end, mail: mail), at: now)
    }

    /// A letter has come to its addressee, perhaps not for the first time.
    private func receive(_ mail: Int, atEnd end: Int) {
        guard ends[end].acknowledged.insert(mail).inserted else { return }
        if mistakes.contains(.letterForgotten), end == 1, mails[mail].about == nil, !isOutside(end),
            Int.random(in: 0..<4, using: &random) == 0
        {
            return
        }
        ends[end].waiting.append(mail)
        var isMoving = true
        while isMoving {
            isMoving = false
            for waiting in ends[end].waiting where judge(waiting, atEnd: end) {
                ends[end].waiting.removeAll { $0 == waiting }
                isMoving = true
            }
        }
        ends[end].judge.judgeAgain(mails)
        answer(end)
    }

    /// - Returns: whether it was judged; else it waits.
    private func judge(_ mail: Int, atEnd end: Int) -> Bool {
        let letter = mails[mail]
        fetchAncestors(of: mail, forEnd: end)
        if letter.subject != nil {
            guard ends[end].judge.missing(mail, mails).isEmpty || letter.step.lane == .urgent else { return false }
            ends[end].judge.put(mail, mails)
            return true
        }
        if mistakes.contains(.arrivalOrder), end == 0 {
            // Each letter after the one that came before it, whatever its sender knew.
            mails[mail].step.parents = ends[end].judge.history.heads
        }
        ends[end].judge.opened.insert(mail)
        let verdict = ends[end].judge.verdict(mail, mails)
        mails[mail].step.parents = letter.step.parents
        if case .waiting = verdict { return false }
        note("\(ends[end].member) has \(mail): \(ReplayScript.describe(verdict))")
        if case .refused(let refusal) = verdict { ends[end].judge.refusedHere[mail] = refusal }
        if mistakes.contains(.arrivalOrder), end == 0 { ends[end].judge.linear.insert(mail) }
        ends[end].judge.put(mail, mails)
        ends[end].unanswered.append(mail)
        return true
    }

    /// Receipts for what was judged. One about a letter whose ancestors never come would drag all that its sender makes after it into
    /// the same wait, so it is made when they have come.
    private func answer(_ end: Int) {
        let ready = ends[end].unanswered.filter { ends[end].judge.missing($0, mails).isEmpty }
        ends[end].unanswered.removeAll(where: ready.contains)
        for mail in ready where !events(mail).isEmpty && ends[end].judge.refusedHere[mail] == nil {
            var receipt = Mail(
                step: Step(
                    id: id(), parents: [mails[mail].step.id], previous: ends[end].last.map { mails[$0].step.id },
                    root: mails[0].step.id, from: ends[end].member, roles: ends[end].roles, to: [mails[mail].step.from],
                    at: at(end), lane: .normal, profile: profile.digest, opened: mails[mail].step.id))
            receipt.subject = mail
            receipt.about = .opened
            dispatch(receipt, by: end)
        }
    }

    /// The slips that a letter descends from, with the papers that make them void, from the end's broker.
    private func fetchAncestors(of mail: Int, forEnd end: Int) {
        let broker = ends[end].broker
        var missing = ends[end].judge.missing(mail, mails)
        while !missing.isEmpty {
            let found = missing.compactMap { places[$0] }.filter { brokers[broker].judge.known.contains($0) }
            guard !found.isEmpty else { return }
            for slip in found {
                note("\(ends[end].member) fetches \(slip) with \(brokers[broker].judge.papers(on: slip).sorted())")
                for paper in brokers[broker].judge.papers(on: slip) {
                    ends[end].judge.papers[slip, default: []].insert(paper)
                }
                ends[end].judge.put(slip, mails)
                _ = ends[end].judge.missing(slip, mails)
            }
            missing = ends[end].judge.missing(mail, mails)
        }
    }

    func describe(_ mail: Int) -> String {
        let letter = mails[mail]
        if let about = letter.about { return "\(mail) \(about) of \(letter.subject ?? -1) \(letter.code)" }
        var events = letter.step.shown
        if case .opened(let opened) = letter.step.sealed { events = opened }
        let parents = letter.step.parents.map { places[$0].map(String.init) ?? "?" }.joined(separator: ",")
        return "\(mail) [\(events.map(\.code).joined(separator: " "))] after \(parents) \(letter.step.lane)"
    }
}

/// Occurrences by time; those of one moment in the order they were put in.
struct TimeQueue<Element> {
    private var heap: [(time: Int64, number: Int, element: Element)] = []
    private var number = 0

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].number) < (heap[right].time, heap[right].number)
    }

    mutating func push(_ element: Element, at time: Int64) {
        heap.append((time, number, element))
        number += 1
        var place = heap.count - 1
        while place > 0, precedes(place, (place - 1) / 2) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func pop() -> (time: Int64, element: Element)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            guard least != place else { break }
            heap.swapAt(place, least)
            place = least
        }
        return (first.time, first.element)
    }
}
