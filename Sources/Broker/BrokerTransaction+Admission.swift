// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import TransparencyLog

/// Taking letters in. Protocols/Queue.md, "Acceptance": the numbers of the steps are those of the page.
extension BrokerTransaction {
    func receive(_ letter: VerifiedLetter, from peer: Peer) throws -> Admission {
        let slip = letter.slip
        // 1. Whose letters this peer may hand over.
        guard isPermitted(peer, slip) else { return .rejected(code: SealingError.Code.signerNotPermitted.rawValue) }
        guard let caseID = slip.caseID else { return .rejected(code: SealingError.Code.slipBinding.rawValue) }
        // What another broker hands over it has logged, and proves it.
        if case .broker = peer, letter.source == nil { return .rejected(code: LogError.Code.proofInvalid.rawValue) }
        // 2. A letter that is known is answered as before.
        let known = try store.letter(letter.id)
        if let known, known.status != .context || known.voidedBy != nil { return try answerAgain(known, letter) }
        // 3. Clock, signer, addressees.
        guard slip.at - view.now <= LetterLimits.aheadSeconds else {
            let code = SealingError.Code.slipBinding.rawValue
            // A stop from a clock that runs ahead is not lost: it is taken when its time has come.
            return slip.lane == .urgent ? .later(code: code, seconds: 3_600) : .rejected(code: code)
        }
        if let expires = slip.expires, expires <= view.now { return .rejected(code: "letter.expired") }
        let signer: Signer
        do {
            signer = try judgeSigner(letter.signed, at: view.now)
        } catch {
            return .rejected(code: error.code.rawValue)
        }
        if signer.directoryIsExpired, slip.lane == .normal { return .later(code: "directory.expired", seconds: 300) }
        // 4. Room.
        if let later = try lack(of: slip) { return later }
        if try hasTooMany(slip, in: caseID) { return .later(code: "case.full", seconds: 3_600) }
        // 5. What a receipt, refusal or notice is about.
        var record = LetterRecord(
            id: letter.id, status: .waiting, type: slip.type, lane: slip.lane, from: slip.from, caseID: caseID,
            roles: signer.roles,
            peer: peer.id(at: view.id), at: slip.at, expires: slip.expires, received: view.now,
            source: peer.isMember ? nil : letter.source)
        remember(slip, of: letter.id)
        if let about = slip.about {
            guard let subject = try store.letter(about.letter), subject.status != .waiting else {
                return try wait(record, letter, isKnown: known != nil, for: [about.letter])
            }
            guard try isBound(slip, to: subject) else { return .rejected(code: SealingError.Code.slipBinding.rawValue) }
            // While the store is nearly full, a receipt that says nothing new can come again.
            if view.isNearlyFull, slip.type == .receipt, subject.progress.isSuperset(of: Self.progress(about)) {
                return .later(code: "store.full", seconds: 60)
            }
        }
        // 6. The procedure.
        let verdict = try verdict(record, slip, letter.judgement)
        switch verdict {
        case .waiting(let missing): return try wait(record, letter, isKnown: known != nil, for: missing)
        case .refused(let refusal):
            // A refused letter is kept with its refusal; a row of them must not eat what is left for stops.
            if view.isNearlyFull { return .later(code: "store.full", seconds: 60) }
            try store(record, letter, isKnown: known != nil)
            return try refuse(record, slip, refusal)
        case .admitted, .flagged:
            let parts = slip.lane == .urgent ? Self.few(letter.parts) : letter.parts
            let isWhole = isWhole(slip, parts)
            record.status = isWhole ? .queued : .awaitingParts
            record.verdict = verdict.logged
            try store(record, letter, isKnown: known != nil)
            return try accept(record, slip, parts)
        }
    }

    private func isPermitted(_ peer: Peer, _ slip: Slip) -> Bool {
        switch peer {
        case .member(let member): return slip.from == member
        case .broker, .courier:
            // Letters for members here; on a stick also letters of members here.
            return slip.to.contains { view.isServedHere($0.member) }
                || (peer == .courier && view.isServedHere(slip.from))
        case .expired: return false
        }
    }

    private func judgeSigner(_ signed: SignedSlip, at: Instant) throws(MembershipError) -> Signer {
        let signer = try view.directories.judgeSigner(of: signed.slip, certificate: signed.certificateDigest, at: at)
        // Only the sender's own broker asks whether all addressees can be reached: the others would otherwise refuse for ever what a
        // newer directory has changed under way. A stop goes to those that are left.
        if view.isServedHere(signed.slip.from), signed.slip.lane == .normal {
            try view.directories.judgeRecipients(of: signed.slip, at: at)
        }
        return signer
    }

    /// Quotas of the member, and what is left of the store. An urgent letter has a quota of its own and the reserve.
    private func lack(of slip: Slip) throws -> Admission? {
        if view.isNearlyFull, slip.lane == .normal, slip.type == .step {
            return .later(code: "store.full", seconds: 60)
        }
        guard view.isServedHere(slip.from) else { return nil }
        let held = try store.holding(of: slip.from)
        let isOver =
            slip.lane == .urgent
            ? held.urgent >= view.settings.urgentLettersOfAMember
            : held.normal >= view.settings.normalLettersOfAMember || held.bytes >= view.settings.bytesOfAMember
        return isOver ? .later(code: "quota", seconds: 60) : nil
    }

    /// A slip of some kilobytes may name parts of many gigabytes, so room and quota are asked for each part too.
    ///
    /// - Parameter isCounted: it is an upload under way, which counts with its whole size from its first byte.
    /// - Throws: ``ExchangeError`` `.busy`.
    func requireRoom(for size: Int, of member: MemberID, lane: Lane, isCounted: Bool) throws {
        // The reserve is for sealed steps, not for what hangs on an urgent letter.
        guard !view.isNearlyFull || lane == .urgent && size <= BrokerLimits.partInABundleBytes else {
            throw ExchangeError(.busy, "store.full")
        }
        guard !isCounted, view.isServedHere(member) else { return }
        guard try store.holding(of: member).bytes + Int64(size) <= view.settings.bytesOfAMember else {
            throw ExchangeError(.busy, "quota")
        }
    }

    /// A receipt comes from an addressee of its letter and goes to the sender; a refusal or notice comes from a broker that serves one of
    /// them and goes to them.
    private func isBound(_ slip: Slip, to subject: LetterRecord) throws -> Bool {
        guard subject.caseID == slip.caseID else { return false }
        let other = try self.slip(of: subject.id)
        let parties = Set(other.to.map(\.member)).union([other.from])
        guard slip.to.allSatisfy({ parties.contains($0.member) }) else { return false }
        switch slip.type {
        case .receipt:
            return subject.type == .step && other.addressee(slip.from) != nil && slip.to.map(\.member) == [other.from]
        case .refusal, .notice: return parties.contains { view.broker(of: $0) == slip.from }
        case .step, .directory, .profile: return false
        }
    }

    /// What the procedure says, with this broker's sight; progress that a known stop makes void is refused as stale.
    private func verdict(_ record: LetterRecord, _ slip: Slip, _ judgement: Judgement? = nil) throws -> Verdict {
        guard let caseID = record.caseID else { return .refused(Refusal(.otherProfile)) }
        if let judgement, judgement.roles == record.roles, try use(judgement, in: caseID) {
            guard case .refused(let refusal) = judgement.verdict, let stop = refusal.stop, try isGivenUp(stop) else {
                return judgement.verdict
            }
        }
        guard let history = try history(of: caseID, profile: slip.profile?.digest) else {
            // A step under a profile that no authority of ours has put in force, or a paper whose case is not known here.
            return slip.type == .step ? .refused(Refusal(.otherProfile)) : .waiting(slip.ancestors)
        }
        let step = step(record, slip)
        if slip.type == .refusal || slip.type == .notice {
            let missing = history.missingAncestors(of: step)
            return missing.isEmpty || slip.lane == .urgent ? .admitted : .waiting(missing)
        }
        let verdict = Judgement.verdict(of: step, in: history)
        if case .refused(let refusal) = verdict, let stop = refusal.stop, try isGivenUp(stop) {
            return try self.verdict(record, slip)
        }
        return verdict
    }

    /// Whether a stop that stands in the way is given up: its ancestors have not come for so long that nobody waits for them any more, and
    /// nothing could ever descend from it. It is refused, and whoever got it is told.
    ///
    /// A withdrawal stays: time gives nobody's consent back.
    private func isGivenUp(_ stop: LetterID) throws -> Bool {
        guard let record = try store.letter(stop), record.voidedBy == nil, let caseID = record.caseID,
            view.now - record.received >= LetterLimits.ancestorsSeconds, let history = try history(of: caseID)
        else { return false }
        let slip = try slip(of: stop)
        guard let lost = history.missingAncestors(of: step(record, slip)).first,
            !slip.steps.contains(where: { history.profile.mayWithdraw($0.code) })
        else { return false }
        try store.setMissing([], of: stop)
        _ = try refuse(record, slip, Refusal(.unaware, detail: lost.hex), telling: slip.to.map(\.member))
        return true
    }

    /// Whether the sender has as many letters in the case as one may have, refused ones and ancestors counted. One sender's letters never
    /// put another's stop off.
    private func hasTooMany(_ slip: Slip, in caseID: CaseID) throws -> Bool {
        let count = try store.letterCount(in: caseID, from: slip.from)
        guard count >= BrokerLimits.strangersLettersInACase else { return false }
        if let history = try history(of: caseID), history.root != nil,
            !history.parties.values.contains(where: { $0.contains(slip.from) })
        {
            return true
        }
        return count >= (slip.lane == .urgent ? 2 : 1) * view.settings.lettersInACase
    }

    private func store(_ record: LetterRecord, _ letter: VerifiedLetter, isKnown: Bool) throws {
        if isKnown {
            try store.update(record)
        } else {
            try store.insert(record, slip: letter.slip, file: letter.signed.file)
        }
        logNumbers(of: record, letter.slip)
    }

    /// A number used twice, or a gap, is reported and holds nothing up.
    private func logNumbers(of record: LetterRecord, _ slip: Slip) {
        guard let conflicts = try? store.conflicts(with: slip, id: record.id), let other = conflicts.first else {
            return
        }
        note {
            $0(
                .error, "letter.conflict: two letters under one number",
                ["letter": .letter(record.id), "other": .letter(other)])
        }
    }

    // MARK: - Waiting

    /// Only the slip waits; the sender keeps the rest.
    private func wait(
        _ record: LetterRecord, _ letter: VerifiedLetter, isKnown: Bool, for missing: [LetterID]
    ) throws -> Admission {
        if let caseID = record.caseID, try store.waitingCount(in: caseID) >= BrokerLimits.waitingInACase {
            return .later(code: "letter.held", seconds: 60)
        }
        guard try store.waitingCount(from: record.from) < BrokerLimits.waitingFromAMember else {
            return .later(code: "letter.held", seconds: 60)
        }
        var record = record
        // What has no `expires` of its own, a receipt, must not fill the places for good.
        record.expires = record.expires ?? view.now + LetterLimits.ancestorsSeconds
        try store(record, letter, isKnown: isKnown)
        try store.setMissing(missing, of: record.id)
        try logArrival(&record, .waiting)
        try store.update(record)
        return .waiting(missing)
    }

    /// Judges again what waited for `id`, then what waited for those, until nothing moves.
    func release(after id: LetterID) throws {
        var arrived = [id]
        while let next = arrived.popLast() {
            for waiting in try store.waiting(for: next) {
                guard var record = try store.letter(waiting) else { continue }
                guard record.status == .waiting else {
                    try judgeGap(record)
                    continue
                }
                let slip = try slip(of: waiting)
                if let about = slip.about, let subject = try store.letter(about.letter), subject.status != .waiting,
                    try !isBound(slip, to: subject)
                {
                    try giveUp(record, .expired, status: .expired)
                    continue
                }
                let verdict = try verdict(record, slip)
                switch verdict {
                case .waiting(let missing): try store.setMissing(missing, of: waiting)
                case .refused(let refusal):
                    try store.setMissing([], of: waiting)
                    _ = try refuse(record, slip, refusal)
                case .admitted, .flagged:
                    try store.setMissing([], of: waiting)
                    record.status = .awaitingParts
                    record.expires = slip.expires
                    try store.update(record)
                    try logJudged(&record, verdict.logged)
                    _ = try accept(record, slip, [:], releases: false)
                    arrived.append(waiting)
                }
            }
        }
    }

    /// An urgent letter that went on without some of its ancestors: when the last of them has come, it is judged as any other.
    private func judgeGap(_ record: LetterRecord) throws {
        let slip = try slip(of: record.id)
        guard record.type == .step, record.voidedBy == nil, let caseID = record.caseID,
            let history = try history(of: caseID)
        else { return }
        let missing = history.missingAncestors(of: step(record, slip))
        try store.setMissing(missing, of: record.id)
        guard missing.isEmpty else { return }
        var record = record
        if record.isUnheard {
            record.isUnheard = false
            try store.update(record)
            guard try rebuild(caseID) != nil else { return }
        }
        let verdict = try verdict(record, slip)
        switch verdict {
        case .refused(let refusal): _ = try refuse(record, slip, refusal, telling: slip.to.map(\.member))
        case .admitted, .flagged:
            try logJudged(&record, verdict.logged)
            try takeEffect(record, slip)
        case .waiting: break
        }
    }

    /// An urgent letter takes effect also without all its ancestors, unless the case is known here and its sender has no part in it as far as
    /// is known: then it is delivered, and is without effect until they have come.
    private func judgedForGap(_ letter: LetterRecord, _ slip: Slip) throws -> LetterRecord {
        guard slip.lane == .urgent, slip.type == .step, let caseID = letter.caseID,
            let history = try history(of: caseID)
        else { return letter }
        let step = step(letter, slip)
        let missing = history.missingAncestors(of: step)
        guard !missing.isEmpty else { return letter }
        try store.setMissing(missing, of: letter.id)
        var record = letter
        record.verdict = .gap
        record.isUnheard = !history.isHeard(step)
        try store.update(record)
        return record
    }

    // MARK: - Acceptance

    /// An admitted letter: its place is reserved, its parts are named, a stop takes effect. Queued when nothing is missing.
    private func accept(
        _ record: LetterRecord, _ slip: Slip, _ parts: [Digest: CheckedPart], releases: Bool = true
    ) throws -> Admission {
        var record = try judgedForGap(record, slip)
        if let caseID = record.caseID { insert(step(record, slip), in: caseID) }
        try store.need(neededParts(of: slip), for: record.id)
        try needPieces(of: record, slip)
        try storeParts(parts, of: record, slip)
        // What takes effect at once is logged at once, before what it makes void is.
        if slip.lane == .urgent, slip.type == .step {
            try logArrival(&record, record.verdict ?? .admitted)
            try store.update(record)
        }
        let outcome: Admission
        if record.status == .queued {
            outcome = try queue(record, slip)
        } else {
            let missing = try store.missingParts(of: record.id)
            outcome =
                missing.isEmpty
                ? try complete(record, slip)
                : .awaitingParts(Array(missing.prefix(BrokerLimits.missingPartsInAnAnswer)))
        }
        // After the letter itself is queued: a stop stands before the notices that it causes. It takes effect also while its own parts
        // are still on their way.
        try takeEffect(record, slip)
        if releases { try release(after: record.id) }
        return outcome
    }

    /// The sender's own broker keeps all parts, another one those for its members.
    private func neededParts(of slip: Slip) -> [NeededPart] {
        let isOrigin = view.isServedHere(slip.from)
        return slip.parts.filter { isOrigin || view.isServedHere($0.recipient) }
            .map { NeededPart(digest: $0.digest, recipient: $0.recipient, isList: $0.pieces != nil) }
    }

    /// Whether everything the letter needs here came along with it.
    private func isWhole(_ slip: Slip, _ parts: [Digest: CheckedPart]) -> Bool {
        neededParts(of: slip).allSatisfy { part in
            guard let file = parts[part.digest] else { return false }
            if case .list(_, let pieces) = file { return pieces.allSatisfy { parts[$0] != nil } }
            return true
        }
    }

    /// What an urgent letter may bring along beyond every quota of bytes: its sealed steps. Anything larger comes by digest, and is asked for
    /// room then.
    private static func few(_ parts: [Digest: CheckedPart]) -> [Digest: CheckedPart] {
        var room = BrokerLimits.urgentPartsBytes
        return parts.sorted { ($0.value.bytes.count, $0.key) < ($1.value.bytes.count, $1.key) }.reduce(into: [:]) {
            result, part in
            room -= part.value.bytes.count
            if room >= 0 { result[part.key] = part.value }
        }
    }

    /// Lists that another letter has brought already.
    private func needPieces(of record: LetterRecord, _ slip: Slip) throws {
        for reference in slip.parts where reference.pieces != nil {
            guard let size = try store.partSize(reference.digest),
                let file = try store.part(reference.digest, offset: 0, count: size),
                let pieces = try? PieceList.read(file.bytes, reference: reference),
                try fits(.list(file.bytes, pieces: pieces), reference.digest, in: record.id)
            else { continue }
            try store.need(pieces.map { NeededPart(digest: $0, recipient: reference.recipient) }, for: record.id)
        }
    }

    /// Whether a list names no file that the letter has for somebody else: one file has one recipient.
    func fits(_ part: CheckedPart, _ digest: Digest, in id: LetterID) throws -> Bool {
        guard case .list(_, let pieces) = part, let record = try store.letter(id) else { return true }
        let needed = try store.neededParts(of: id)
        guard let recipient = needed.first(where: { $0.digest == digest })?.recipient else { return true }
        let named = Set(pieces)
        return needed.allSatisfy {
            !named.contains($0.digest) || $0.recipient == recipient || ($0.recipient == record.from && !$0.isList)
        }
    }

    /// Stores those files that the letter needs here, and names the pieces of those lists that came.
    private func storeParts(_ parts: [Digest: CheckedPart], of record: LetterRecord, _ slip: Slip) throws {
        guard !parts.isEmpty else { return }
        var needed = neededParts(of: slip)
        var index = 0
        while index < needed.count {
            let part = needed[index]
            index += 1
            guard let file = parts[part.digest], try fits(file, part.digest, in: record.id) else { continue }
            try store.storePart(part.digest, bytes: file.bytes, chargedTo: slip.from)
            guard case .list(_, let digests) = file else { continue }
            let pieces = digests.map { NeededPart(digest: $0, recipient: part.recipient) }
            try store.need(pieces, for: record.id)
            needed += pieces
        }
        try storePieces(parts, of: record, slip)
    }

    /// Pieces whose list came before them, or has not come yet: on a stick, files come in the order of their digests. Until a list names
    /// its recipient, a piece counts as the sender's, so that nobody is given it.
    private func storePieces(_ parts: [Digest: CheckedPart], of record: LetterRecord, _ slip: Slip) throws {
        let pieces = parts.compactMap { digest, part -> (Digest, [UInt8])? in
            if case .piece(let bytes) = part { (digest, bytes) } else { nil }
        }
        guard !pieces.isEmpty else { return }
        let needed = try store.neededParts(of: record.id)
        let limit = slip.parts.reduce(slip.parts.count) { $0 + Int($1.pieces ?? 0) }
        let known = Set(needed.map(\.digest))
        let isListMissing = try needed.contains { part in try part.isList && store.partSize(part.digest) == nil }
        var room = limit - needed.count
        for (digest, bytes) in pieces.sorted(by: { $0.0 < $1.0 }) {
            if !known.contains(digest) {
                guard isListMissing, room > 0 else { continue }
                room -= 1
                try store.need([NeededPart(digest: digest, recipient: slip.from)], for: record.id)
            }
            try store.storePart(digest, bytes: bytes, chargedTo: slip.from)
        }
    }

    /// The second judgement: all parts are durable. Staleness is asked again, because a stop may have come meanwhile; then the letter is
    /// queued and acknowledged.
    private func complete(_ letter: LetterRecord, _ slip: Slip) throws -> Admission {
        var record = letter
        if let caseID = record.caseID, let history = try history(of: caseID),
            let refusal = history.staleness(of: step(record, slip))
        {
            return try refuse(record, slip, refusal)
        }
        record.status = .queued
        try store.update(record)
        return try queue(record, slip)
    }

    private func queue(_ letter: LetterRecord, _ slip: Slip) throws -> Admission {
        var record = letter
        if try !distribute(letter.id, slip) { record.status = .done }
        record.isStored = true
        try logArrival(&record, record.verdict ?? .admitted)
        try store.update(record)
        if let about = slip.about { try apply(about, of: record) }
        return try stored(record)
    }

    private func stored(_ record: LetterRecord) throws -> Admission {
        guard let leaf = record.leaf else { throw StoreError(.unreadable, "a stored letter without its leaf") }
        return .stored(leaf: leaf)
    }

    /// A stop, or another urgent step that is visible: its slip goes at once to every broker that serves the case, and what it makes
    /// void is withheld. Of any other letter, and of one that is void, there is no effect.
    private func takeEffect(_ record: LetterRecord, _ slip: Slip) throws {
        guard slip.lane == .urgent, slip.type == .step, !slip.steps.isEmpty, !record.isVoid, let caseID = record.caseID
        else { return }
        var brokers: Set<MemberID> = []
        for letter in try store.letters(of: caseID) {
            let other = letter.record.id == record.id ? slip : try self.slip(of: letter.record.id)
            for member in [other.from] + other.to.map(\.member) {
                if let broker = view.broker(of: member) { brokers.insert(broker) }
            }
        }
        for broker in brokers.subtracting([view.id, record.peer]).sorted() {
            try enqueue(record.id, lane: .urgent, to: QueueName(broker, .context))
        }
        try withhold(in: caseID, because: record.id)
    }

    /// What a receipt, refusal or notice says of another letter.
    private func apply(_ about: About, of record: LetterRecord) throws {
        guard var subject = try store.letter(about.letter) else { return }
        switch record.type {
        case .receipt:
            let progress = Self.progress(about)
            try store.note(progress, of: subject.id)
            // A notice that crossed the receipt on its way, or a stick that was faster: opened wins, the notice stays as a fact.
            guard progress.contains(.opened), let paper = subject.voidedBy, try store.letter(paper)?.type == .notice,
                let caseID = subject.caseID
            else { return }
            subject.progress.formUnion(progress)
            subject.voidedBy = nil
            try store.update(subject)
            _ = try rebuild(caseID)
        case .refusal, .notice:
            // Opened wins over a notice that it was given up; the notice stays as a fact.
            guard subject.voidedBy == nil, about.code != NoticeCode.seenPossibly.rawValue,
                record.type == .refusal || !subject.progress.contains(.opened)
            else { return }
            let slip = try slip(of: subject.id)
            subject.voidedBy = record.id
            subject.code = about.code
            subject.stop = about.stop
            if subject.status.isOpen,
                try !store.deliveries(of: subject.id).contains(where: { $0.isOpen && $0.kind == .mailbox })
            {
                _ = try endDeliveries(of: subject.id)
                subject.status =
                    record.type == .refusal
                    ? .refused : about.code == NoticeCode.withheld.rawValue ? .withheld : .expired
            }
            try store.update(subject)
            if let caseID = subject.caseID { insert(step(subject, slip), in: caseID) }
            try release(after: subject.id)
        case .step, .directory, .profile: break
        }
    }

    private static func progress(_ about: About) -> ReceiptProgress {
        switch about.state {
        case .acted: .acted
        case .invalid: [.opened, .invalid]
        default: .opened
        }
    }

    // MARK: - Again

    /// The stored answer, with a fresh proof of the same leaf; a letter that is not whole goes on where it stood.
    private func answerAgain(_ record: LetterRecord, _ letter: VerifiedLetter) throws -> Admission {
        if record.isStored { return try stored(record) }
        switch record.status {
        case .waiting: return .waiting(try store.missingAncestors(of: record.id))
        case .awaitingParts:
            try storeParts(letter.parts, of: record, letter.slip)
            let missing = try store.missingParts(of: record.id)
            if missing.isEmpty { return try complete(record, letter.slip) }
            return .awaitingParts(Array(missing.prefix(BrokerLimits.missingPartsInAnAnswer)))
        default:
            guard let paper = record.voidedBy, let code = record.code else { return .rejected(code: "letter.expired") }
            return .refused(code: code, refusal: paper, stop: record.stop)
        }
    }

    /// A part file has become durable by itself.
    func stored(_ part: CheckedPart, _ digest: Digest, for id: LetterID) throws {
        guard let record = try store.letter(id), record.status == .awaitingParts else { return }
        if case .list(_, let pieces) = part,
            let list = try store.neededParts(of: id).first(where: { $0.digest == digest })
        {
            try store.need(pieces.map { NeededPart(digest: $0, recipient: list.recipient) }, for: id)
        }
        if try store.missingParts(of: id).isEmpty { _ = try complete(record, slip(of: id)) }
    }

    // MARK: - Context

    /// Takes the slip of an ancestor in. It is judged like any letter, but nothing of it is delivered.
    ///
    /// - Returns: whether it is known now; `false` while its own ancestors are missing, or when it is no letter of the case.
    func receive(_ context: VerifiedContext, from peer: Peer) throws -> Bool {
        let signed = context.signed
        let slip = signed.slip
        guard let caseID = slip.caseID, slip.at - view.now <= LetterLimits.aheadSeconds else { return false }
        if let known = try store.letter(signed.id), known.status != .waiting {
            if let paper = context.void, try isVoiding(paper, known) { try apply(paper, to: known) }
            return true
        }
        // The broker that hands it over judged its signer when it came; a member has no such word.
        var at = view.now
        if case .broker = peer { at = min(slip.at, view.now) }
        guard let signer = try? view.directories.judgeSigner(of: slip, certificate: signed.certificateDigest, at: at)
        else { return false }
        if let about = slip.about {
            guard let subject = try store.letter(about.letter), try isBound(slip, to: subject) else { return false }
        }
        var record = LetterRecord(
            id: signed.id, status: .context, type: slip.type, lane: slip.lane, from: slip.from, caseID: caseID,
            roles: signer.roles,
            peer: peer.id(at: view.id), at: slip.at, expires: slip.expires, received: view.now)
        remember(slip, of: signed.id)
        let isWaiting = try store.letter(signed.id) != nil
        guard !isWaiting, try !hasTooMany(slip, in: caseID) else { return false }
        guard let history = try history(of: caseID, profile: slip.profile?.digest) else { return false }
        let void = try context.void.flatMap { try isVoiding($0, record) ? $0 : nil }
        if void == nil {
            let step = step(record, slip)
            let isPaper = slip.type == .refusal || slip.type == .notice
            // A stop without its ancestors counts when another broker vouches for having it, and not for ever, with a key that may long
            // be somebody else's; not when a member shows it round.
            if !isPaper, !history.missingAncestors(of: step).isEmpty {
                guard !peer.isMember, view.now - slip.at < BrokerLimits.oldestContextSeconds else { return false }
            }
            switch isPaper ? .admitted : history.admit(step) {
            case .waiting: return false
            case .refused(let refusal):
                // Said aloud, as of any letter: what descends from it would else wait here for ever, and nobody would know why.
                guard !view.isNearlyFull else { return false }
                try store.insert(record, slip: slip, file: signed.file)
                _ = try refuse(record, slip, refusal)
                return true
            case .admitted, .flagged: break
            }
        }
        try store.insert(record, slip: slip, file: signed.file)
        record = try judgedForGap(record, slip)
        insert(step(record, slip), in: caseID)
        if let void {
            try apply(void, to: record)
            record = try store.letter(signed.id) ?? record
        }
        try takeEffect(record, slip)
        if let about = slip.about { try apply(about, of: record) }
        try release(after: signed.id)
        return true
    }

    /// Whether a paper makes the letter void: a refusal, or a notice that it was not handed over, of a broker that serves one of its parties.
    private func isVoiding(_ paper: SignedSlip, _ subject: LetterRecord) throws -> Bool {
        guard let about = paper.slip.about, about.letter == subject.id,
            paper.slip.type == .refusal || paper.slip.type == .notice && about.code != NoticeCode.seenPossibly.rawValue,
            let signer = try? view.directories.judgeSigner(
                of: paper.slip, certificate: paper.certificateDigest, at: min(paper.slip.at, view.now)), signer.isBroker
        else { return false }
        return try isBound(paper.slip, to: subject)
    }

    /// The signed refusal or notice that came along with an ancestor.
    private func apply(_ void: SignedSlip, to subject: LetterRecord) throws {
        guard let about = void.slip.about else { return }
        let record = LetterRecord(
            id: void.id, status: .context, type: void.slip.type, lane: void.slip.lane, from: void.slip.from,
            caseID: subject.caseID, roles: [], peer: void.slip.from, at: void.slip.at, expires: nil, received: view.now)
        if try store.letter(void.id) == nil {
            try store.insert(record, slip: void.slip, file: void.file)
            remember(void.slip, of: void.id)
            if let caseID = subject.caseID { insert(step(record, void.slip), in: caseID) }
        }
        try apply(about, of: record)
    }
}
