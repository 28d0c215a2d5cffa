// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing

/// Judges stored letters: opens them, asks the procedure, writes state and receipt in one transaction.
struct LetterJudge {
    /// What became of one letter.
    enum Outcome: Equatable {
        /// Judged; the receipt lies in the outbox.
        case judged(LetterRecord.State)
        /// A receipt, refusal or notice was recorded.
        case recorded
        /// Ancestors are missing.
        case waiting([LetterID])
        /// Something of the network is missing here: a profile, a current directory, or our clock is behind.
        case held(String)
    }

    let desk: CaseDesk
    let now: Instant
    /// Seconds that the receipt waits before it leaves.
    let receiptDelay: Int64

    private static let unknownProfile = "unknown-profile"
    private var member: MemberID { desk.identity.member }
    private var store: CaseStore { desk.store }

    func judge(_ id: LetterID) throws -> Outcome {
        guard let letter = try store.read({ try $0.letter(id) }) else { throw CaseFileError(.unknownLetter, id.hex) }
        let slip = try StoredSlip.read(letter.slip)
        switch letter.type {
        case .step: return try judgeStep(letter, slip)
        case .receipt:
            let (outcome, files) = try store.write { transaction in
                var dropped: [Digest] = []
                return (try recordReceipt(letter, slip, transaction, dropped: &dropped), dropped)
            }
            for file in files { store.files.remove(file) }
            return outcome
        case .refusal, .notice: return try store.write { try recordVoid(letter, slip, $0) }
        case .directory, .profile: return .recorded
        }
    }

    // MARK: Steps

    private func judgeStep(_ letter: LetterRecord, _ slip: Slip) throws -> Outcome {
        guard let reference = slip.profile else { throw CaseFileError(.damaged, "a step without a profile") }
        let isUrgent = letter.lane == .urgent
        // 1. What does not depend on the letter: our clock, our directory, our profiles. Urgent letters never wait for them.
        if slip.at - now > LetterLimits.aheadSeconds, !isUrgent { return .held("clock") }
        if desk.network.directories.isExpired(slip.from, now: now), !isUrgent { return .held("directory-expired") }
        guard let profile = desk.network.profile(reference.digest) else { return .held(Self.unknownProfile) }
        let hasForm = slip.parts.contains { $0.recipient == member && $0.basis != .custody }
        if hasForm, desk.network.forms(of: profile.digest) == nil, !isUrgent { return .held("unknown-forms") }
        // 2. Is it for its turn? Opening attachments twice would be waste.
        if let missing = try store.read({ try missingAncestors(letter, slip, profile, $0) }), !isUrgent {
            return .waiting(missing)
        }
        // 3. Open. The letter is durable and acknowledged: nothing that happens here is an answer to anybody.
        let opened = try LetterOpener(identity: desk.identity, store: store).open(slip, id: letter.id) { steps in
            try !profile.keepingGuards(of: told(by: steps, slip)).isEmpty
        }
        // 4. Judge and write.
        let (outcome, files) = try store.write { try write(letter, slip, opened, profile, $0) }
        // 5. A crash before this leaves part files without rows; they are cleared away at start.
        for file in files { store.files.remove(file) }
        return outcome
    }

    private func missingAncestors(
        _ letter: LetterRecord, _ slip: Slip, _ profile: Profile, _ transaction: CaseTransaction
    ) throws -> [LetterID]? {
        guard slip.root != nil else { return nil }
        guard let record = try transaction.caseRecord(letter.caseID) else {
            let missing = try Self.missingSlips(slip.ancestors + [slip.root].compactMap { $0 }, transaction)
            return missing.isEmpty ? nil : missing
        }
        // A letter of the graph was judged with its own ancestors there: where the direct ones are, so are the others. What escapes this
        // (an urgent letter among them came before its ancestors) is found when the letter is judged.
        if try transaction.known(slip.ancestors).count == slip.ancestors.count { return nil }
        guard let sight = try CaseSight(record, profiles: desk.network.profilesByDigest, in: transaction) else {
            return nil
        }
        let missing = sight.history.missingAncestors(of: Step(id: letter.id, slip: slip, roles: letter.roles))
        return missing.isEmpty ? nil : missing
    }

    /// Ancestors of a stored letter, of any degree, that are not here as slips.
    static func missingSlips(before id: LetterID, _ transaction: CaseTransaction) throws -> [LetterID] {
        guard let letter = try transaction.letter(id) else { return [] }
        return try missingSlips(StoredSlip.read(letter.slip).ancestors, transaction)
    }

    private static func missingSlips(_ ancestors: [LetterID], _ transaction: CaseTransaction) throws -> [LetterID] {
        var missing: [LetterID] = []
        var seen: Set<LetterID> = []
        var next = ancestors
        while let id = next.popLast() {
            guard seen.insert(id).inserted else { continue }
            guard let known = try transaction.letter(id) else {
                missing.append(id)
                continue
            }
            next += try StoredSlip.read(known.slip).ancestors
        }
        return missing
    }

    private func write(
        _ letter: LetterRecord, _ slip: Slip, _ opened: OpenedLetter, _ profile: Profile, _ transaction: CaseTransaction
    ) throws -> (Outcome, [Digest]) {
        guard let entry = try transaction.inboxEntry(letter.id), entry.state == .stored || entry.state == .waiting
        else {
            return (.recorded, [])  // another pass was faster
        }
        let caseID = letter.caseID
        let known = try transaction.caseRecord(caseID)
        let record =
            known
            ?? CaseRecord(
                caseID: caseID, root: slip.root ?? letter.id, profile: profile.digest, created: now, openedHere: false)
        var code: String?
        var state = LetterRecord.State.invalid
        var isRecorded = false
        var missing: [LetterID] = []
        if opened.steps != nil || slip.sealed == nil {
            guard var sight = try CaseSight(record, profiles: desk.network.profilesByDigest, in: transaction) else {
                return (.held(Self.unknownProfile), [])
            }
            let step = Step(id: letter.id, slip: slip, roles: letter.roles, opened: opened.steps)
            switch sight.history.admit(step) {
            case .admitted: state = .valid
            case .flagged where !sight.history.isHeard(step):
                return (.waiting(sight.history.missingAncestors(of: step)), [])
            case .flagged: state = .flagged
            case .waiting(let missing):
                // Its ancestors are here: what is not is the profile that it adopts.
                guard !sight.history.missingAncestors(of: step).isEmpty else { return (.held(Self.unknownProfile), []) }
                return (.waiting(missing), [])
            case .refused(let refusal):
                code = refusal.reason == .stale ? "procedure.stale" : "procedure.refused"
                if known != nil {
                    try transaction.putRecord(
                        .verdict, id: letter.id, letter: letter.id, in: caseID, refusal.record)
                }
            }
            isRecorded = state != .invalid
            // A case is here from the first letter that is admitted: who may not open one leaves nothing that takes its pseudonym.
            if isRecorded, known == nil { try transaction.addCase(record) }
            if isRecorded { missing = sight.history.missingAncestors(of: step) }
            sight.insert(step)
            if isRecorded, opened.fault == nil, !areFormsValid(opened, step, sight.history, profile) {
                code = "form.invalid"
            }
        }
        // A form or attachment that does not open, or is none, does not undo what the steps tell: they count, the paper is asked again.
        if let fault = opened.fault { code = code ?? fault.rawValue }
        if isRecorded { try keep(letter, opened, profile, transaction) }
        try transaction.setState(state, of: letter.id)
        // An urgent letter that came before its ancestors has its effect at once and its answer with them: all that we make later would
        // descend from our answer, and so wait for what may never come.
        guard missing.isEmpty else {
            if letter.state != state { try wakeWaiting(in: caseID, transaction) }
            return (.waiting(missing), [])
        }
        let receiptState: About.State = code != nil ? .invalid : state == .flagged ? .flagged : .valid
        if receiptState == .invalid {
            try transaction.raise(
                Alarm(at: now, kind: .invalid, member: letter.sender, letter: letter.id, detail: code))
        }
        let receipt = try desk.maker(transaction, now).makeReceipt(
            for: letter.id, to: letter.sender, state: receiptState, code: code, lane: .normal, record: record,
            root: slip.root ?? letter.id)
        if receiptDelay > 0 {
            try transaction.postpone(receipt.id, until: now + receiptDelay, code: nil, countsAsTry: false)
        }
        try transaction.setInbox(letter.id, state: .judged, code: code, receipt: receipt.id, judged: now)
        if known != nil, letter.state.isInGraph { try judgeAgain(after: letter.id, in: caseID, transaction) }
        try wakeWaiting(in: caseID, transaction)
        // What was opened lies in records now. What was not stays for a second look.
        let files = code == nil && !desk.settings.keepsSealedParts ? try transaction.dropParts(of: letter.id) : []
        return (.judged(state), files)
    }

    /// What the opened letter tells; of one that only brings forms, what the letters tell that it requires.
    private func told(by steps: SealedSteps, _ slip: Slip) throws -> [Event] {
        guard steps.events.isEmpty else { return steps.events }
        return try store.read { transaction in
            try (steps.requires + slip.requires).flatMap { id -> [Event] in
                guard let letter = try transaction.letter(id) else { return [] }
                return try transaction.step(of: letter, slip: StoredSlip.read(letter.slip)).readEvents
            }
        }
    }

    private func keep(
        _ letter: LetterRecord, _ opened: OpenedLetter, _ profile: Profile, _ transaction: CaseTransaction
    ) throws {
        if opened.isApart { try transaction.setApart(letter.id, in: letter.caseID) }
        if let steps = opened.steps {
            try transaction.putRecord(.steps, id: letter.id, letter: letter.id, in: letter.caseID, steps.json())
        }
        for form in opened.forms {
            try transaction.putRecord(
                .form, id: form.commitment, letter: letter.id, in: letter.caseID,
                isApart: opened.isApart && Self.goesBeforeCase(form.document, by: profile), form.document)
        }
        for attachment in opened.attachments {
            try transaction.addAttachment(
                attachment.commitment, file: attachment.commitment, bytes: attachment.byteCount, letter: letter.id,
                in: letter.caseID)
        }
    }

    /// What came beside, as a consent with an offer, stays: what it covers holds on. What does not read goes with the rest.
    private static func goesBeforeCase(_ document: [UInt8], by profile: Profile) -> Bool {
        guard let form = try? FormDocument.read(document) else { return true }
        return profile.definition.events[form.event]?.kept != nil
    }

    /// Each form is one of the profile for an event of this letter or of one that it follows, agrees with the event's facts, holds
    /// nothing above the tier that the slip says, and names exactly the attachments that came.
    private func areFormsValid(_ opened: OpenedLetter, _ step: Step, _ history: CaseHistory, _ profile: Profile) -> Bool
    {
        let told = history.told(by: step)
        let catalogue = desk.network.forms(of: profile.digest)
        var named: Set<Digest> = []
        for document in opened.forms {
            guard let form = try? FormDocument.read(document.document),
                let event = told.first(where: { $0.code == form.event }),
                profile.event(form.event)?.form == form.name
            else { return false }
            let content = FormContent(form, in: catalogue, profile: profile)
            let isRight = history.childhood.contains { content.violations(facts: event.facts, isChild: $0).isEmpty }
            guard content.tier <= document.tier, isRight else { return false }
            named.formUnion(content.attachments)
        }
        return catalogue == nil || named == Set(opened.attachments.map(\.commitment))
    }

    /// Letters of the case that waited may have got what they waited for.
    private func wakeWaiting(in caseID: CaseID, _ transaction: CaseTransaction) throws {
        for letter in try transaction.letters(of: caseID) { try transaction.wake(letter) }
    }

    // MARK: Receipts, refusals, notices

    private func recordReceipt(
        _ letter: LetterRecord, _ slip: Slip, _ transaction: CaseTransaction, dropped: inout [Digest]
    ) throws -> Outcome {
        guard let about = slip.about, let state = about.state else {
            throw CaseFileError(.damaged, "a receipt about nothing")
        }
        let receipted = try transaction.letter(about.letter)
        guard let receipted, receipted.direction == .out, receipted.type == .step, receipted.caseID == letter.caseID,
            try StoredSlip.read(receipted.slip).addressee(slip.from) != nil
        else {
            try transaction.raise(Alarm(at: now, kind: .strangeReceipt, member: slip.from, letter: letter.id))
            try transaction.setState(.unreadable, of: letter.id)
            try transaction.setInbox(letter.id, state: .unreadable, code: "strange-receipt", judged: now)
            return .recorded
        }
        let wasVoid = try transaction.isVoid(receipted)
        try transaction.add(
            ReceiptRecord(
                id: letter.id, letter: about.letter, sender: slip.from, state: state, code: about.code, at: slip.at))
        try transaction.setState(.recorded, of: letter.id)
        try transaction.setInbox(letter.id, state: .judged, judged: now)
        dropped += try transaction.endAnswered(about.letter, keeps: desk.settings.keepsSealedParts)
        // Opened wins over a notice that crossed it.
        if state != .invalid, try transaction.outboxEntry(about.letter)?.state == .ended {
            try transaction.settle(about.letter, as: .stored, at: now)
        }
        if try transaction.isVoid(receipted) != wasVoid {
            try judgeAgain(after: receipted.id, in: letter.caseID, transaction)
        }
        try wakeWaiting(in: letter.caseID, transaction)
        return .recorded
    }

    private func recordVoid(_ letter: LetterRecord, _ slip: Slip, _ transaction: CaseTransaction) throws -> Outcome {
        guard let about = slip.about, let code = about.code else {
            throw CaseFileError(.damaged, "a refusal about nothing")
        }
        // Only a broker that serves the letter's sender or one of its readers can say that it does not count. Of a letter that never
        // came, the paper comes again beside its slip, when something descends from it.
        let subject = try transaction.letter(about.letter)
        guard let subject, subject.caseID == letter.caseID,
            try desk.network.directories.serves(slip.from, StoredSlip.read(subject.slip))
        else {
            if subject != nil {
                try transaction.raise(Alarm(at: now, kind: .strangeReceipt, member: slip.from, letter: letter.id))
            }
            try transaction.setState(.recorded, of: letter.id)
            try transaction.setInbox(letter.id, state: .judged, code: code, judged: now)
            return .recorded
        }
        let wasVoid = try transaction.isVoid(subject)
        try transaction.add(
            VoidRecord(
                id: letter.id, letter: about.letter, type: slip.type, code: code, stop: about.stop, sender: slip.from,
                at: slip.at,
                slip: letter.slip))
        try transaction.setState(.recorded, of: letter.id)
        try transaction.setInbox(letter.id, state: .judged, code: code, judged: now)
        if subject.direction == .out {
            let isVoid = try transaction.isVoid(subject)
            if slip.type == .refusal {
                try transaction.settle(subject.id, as: .refused, at: now, code: code, stop: about.stop)
            } else if isVoid {
                try transaction.settle(subject.id, as: .ended, at: now, code: code, stop: about.stop)
            }
        }
        if try transaction.isVoid(subject) != wasVoid {
            try judgeAgain(after: subject.id, in: letter.caseID, transaction)
        }
        try wakeWaiting(in: letter.caseID, transaction)
        return .recorded
    }
}

extension Directories {
    /// Whether `broker` keeps the mailbox of the letter's sender or of one of its readers.
    func serves(_ broker: MemberID, _ slip: Slip) -> Bool {
        ([slip.from] + slip.to.map(\.member)).contains { self.broker(of: $0)?.id == broker }
    }
}

extension CaseTransaction {
    /// A letter of ours once the broker has it and all its readers have answered: nobody will ask again, so its sealed parts go.
    ///
    /// - Returns: files to remove when this transaction has ended.
    func endAnswered(_ id: LetterID, keeps: Bool) throws -> [Digest] {
        guard let letter = try letter(id), letter.direction == .out, try outboxEntry(id)?.state != .waiting
        else { return [] }
        let answered = Set(try receipts(for: id).map(\.sender))
        guard answered.isSuperset(of: try StoredSlip.read(letter.slip).to.map(\.member)) else { return [] }
        try setAnswered(id)
        return keeps ? [] : try dropParts(of: id)
    }
}
