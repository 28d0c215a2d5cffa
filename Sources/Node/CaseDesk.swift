// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
import Cryptography
import Foundation
public import Letters
import Membership
public import Procedure
import Sealing
import TransparencyLog

/// What a caseworker does at a node: everything here is local and works without any line.
///
/// Calls block (SQLite, sealing): use a thread that may. Several desks, also of other processes, may work on one home at once; each act
/// is one transaction.
public struct CaseDesk: Sendable {
    public let identity: NodeIdentity
    public let store: CaseStore
    public let network: NetworkView
    public let settings: NodeSettings
    let lists = CaseLists()
    let searches = CaseSearch()

    public init(
        identity: NodeIdentity, store: CaseStore, network: NetworkView, settings: NodeSettings
    ) {
        self.identity = identity
        self.store = store
        self.network = network
        self.settings = settings
    }

    // MARK: Acting

    /// Opens a case: its first letter goes into the outbox.
    ///
    /// - Parameters:
    ///   - act: the opening event among its events, ``Act/to`` the receiver.
    ///   - caseID: 128 random bits; the default draws them.
    ///   - alongside: written in the same transaction, or nothing is.
    /// - Throws: ``DeskError``; nothing was written then, but for a key file that the next case of that pseudonym would take.
    public func openCase(
        _ act: Act, caseID: CaseID? = nil, at now: Instant,
        alongside: (CaseTransaction, ActResult) throws -> Void = { _, _ in }
    ) throws -> ActResult {
        guard let profile = network.profileInForce else {
            throw DeskError(.unknownProfile, "no profile is in force here: fetch the documents")
        }
        guard let caseID = caseID ?? CaseID(random: SecureRandom.bytes(16)) else {
            throw CaseFileError(.damaged, "no pseudonym")
        }
        return try write(act, in: caseID, opening: profile, at: now, alongside)
    }

    /// Does something in a case: judged first, sealed after, into the outbox together with the case's new state.
    ///
    /// A fact, a stop or a withdrawal goes in an urgent letter at once; its form follows in a letter of its own.
    /// - Parameter alongside: written in the same transaction, or nothing is.
    /// - Throws: ``DeskError``: nothing was written, no number of a pair was used.
    public func perform(
        _ act: Act, in caseID: CaseID, at now: Instant,
        alongside: (CaseTransaction, ActResult) throws -> Void = { _, _ in }
    ) throws -> ActResult {
        try write(act, in: caseID, opening: nil, at: now, alongside)
    }

    /// A person here has acted on a letter: its sender is told.
    ///
    /// - Returns: The receipt; the one already sent when it was said before.
    public func markActedOn(_ letter: LetterID, account: String, at now: Instant) throws -> LetterID {
        try check(account)
        return try store.write { transaction in
            guard let entry = try transaction.inboxEntry(letter), let record = try transaction.letter(letter),
                record.type == .step,
                entry.state == .judged, let caseRecord = try transaction.caseRecord(record.caseID)
            else { throw DeskError(.unknownLetter, "no letter of the inbox that was opened") }
            let own = try transaction.receipts(for: letter).first { $0.sender == identity.member && $0.state == .acted }
            if let own { return own.id }
            // Of an order of erasure it would be the certificate: only what carries it out may say so.
            let slip = try StoredSlip.read(record.slip)
            if let profile = slip.profile.flatMap({ network.profilesByDigest[$0.digest] }),
                slip.steps.contains(where: { ErasureFacts($0, by: profile) != nil })
            {
                throw DeskError(.unknownLetter, "an order of erasure is not acted on by hand: erase")
            }
            let receipt = try maker(transaction, now).makeReceipt(
                for: letter, to: record.sender, state: .acted, code: nil, lane: .normal, record: caseRecord)
            try transaction.setActed(letter, at: now)
            return receipt.id
        }
    }

    /// What an act would come to if it were done now: letters with their readers. Nothing is written.
    ///
    /// Where a second person has yet to approve it, it is judged as if somebody had: ``approval(of:in:opens:at:)`` tells.
    ///
    /// - Parameter opens: whether it would open the case.
    /// - Throws: ``DeskError``, as doing it would.
    public func rehearse(_ act: Act, in caseID: CaseID, opens: Bool, at now: Instant) throws -> [PlannedLetter] {
        try check(act.account)
        let opening = opens ? network.profileInForce : nil
        let personKey = try store.keys.personKey()
        return try store.read { transaction in
            try plan(
                act, in: caseID, opening: opening, transaction, personKey, now, standIn: Digest.placeholder.hex
            ).map { plan in
                PlannedLetter(to: plan.addressees, forms: plan.forms.map { ($0.form.name, $0.recipients) })
            }
        }
    }

    /// - Parameter opening: the profile of a new case.
    private func write(
        _ act: Act, in caseID: CaseID, opening: Profile?, at now: Instant,
        _ alongside: (CaseTransaction, ActResult) throws -> Void
    ) throws -> ActResult {
        try check(act.account) { try opening == nil && isStop(act, in: caseID) }
        let personKey = try store.keys.personKey()
        // 1. Judge without writing: what is refused costs nothing, and attachments are sealed only for what will go.
        let first = try store.read { transaction in
            guard try !transaction.isPractice(caseID) else { throw DeskError.practice }
            return try plan(act, in: caseID, opening: opening, transaction, personKey, now)
        }
        // 2. Attachments, piece by piece, into files. Nothing names them yet.
        var prepared: [AttachmentOrigin: [PreparedAttachment]] = [:]
        do {
            prepared = try prepareAttachments(of: first, caseID: caseID, now)
            // 3. Judge again on what the transaction itself reads, seal, sign, write.
            return try store.write { transaction in
                let result = try write(act, in: caseID, opening: opening, transaction, personKey, prepared, now)
                try alongside(transaction, result)
                return result
            }
        } catch {
            discard(prepared)
            throw error
        }
    }

    /// What the act comes to, as this transaction sees the case.
    private func plan(
        _ act: Act, in caseID: CaseID, opening: Profile?, _ transaction: CaseTransaction, _ personKey: [UInt8],
        _ now: Instant, standIn: String? = nil
    ) throws -> [LetterPlan] {
        let (planner, previous, parents) = try planner(caseID, opening: opening, transaction, personKey, now)
        let act = try planner.signed(planner.countersigned(act, transaction), standIn: standIn)
        let plans = try planner.rehearse(act, previous: previous, parents: parents)
        try requireCurrentDirectory(for: plans, now)
        return plans
    }

    func planner(
        _ caseID: CaseID, opening: Profile?, _ transaction: CaseTransaction, _ personKey: [UInt8], _ now: Instant
    ) throws -> (ActPlanner, previous: LetterID?, parents: [LetterID]) {
        let record = try transaction.caseRecord(caseID)
        guard record == nil || opening == nil else { throw DeskError(.alreadyOpen, "the pseudonym is taken") }
        let parents = try record.map { try transaction.heads(of: $0.caseID, limit: LetterLimits.parents) } ?? []
        let sight = try record.map { record in
            try self.sight(record, transaction).seen(after: parents + [record.lastOwn].compactMap { $0 })
        }
        guard let profile = opening ?? sight?.history.profile else {
            throw DeskError(.unknownCase, "this node has no such case")
        }
        let planner = ActPlanner(
            member: identity.member, directories: network.directories, profile: profile,
            catalogue: network.forms(of: profile.digest),
            caseID: caseID, sight: sight, personKey: personKey,
            listed: try sight.map { try ConsentLists.read($0, transaction) } ?? [:],
            now: now)
        return (planner, record?.lastOwn, parents)
    }

    private func write(
        _ act: Act, in caseID: CaseID, opening: Profile?, _ transaction: CaseTransaction, _ personKey: [UInt8],
        _ prepared: [AttachmentOrigin: [PreparedAttachment]], _ now: Instant
    ) throws -> ActResult {
        // Each letter is planned against a history that holds the one before it.
        var result = ActResult(caseID: caseID, letters: [], flags: [])
        func make(_ plan: LetterPlan) throws {
            let made = try maker(transaction, now).make(
                plan, caseID: caseID, record: try transaction.caseRecord(caseID), prepared: prepared)
            result.letters.append(made.id)
            if case .flagged(let flags) = plan.verdict { result.flags.formUnion(flags) }
        }
        let (first, previous, parents) = try planner(caseID, opening: opening, transaction, personKey, now)
        let countersigned = try first.countersigned(act, transaction)
        let act = try first.signed(countersigned)
        if let approval = countersigned.approval { try transaction.useApprovals(of: approval.digest) }
        let (main, following) = try first.plan(act, previous: previous, parents: parents)
        if let main { try make(main) }
        let told = result.letters.first
        for one in following {
            let (next, previous, parents) = try planner(caseID, opening: nil, transaction, personKey, now)
            try make(
                next.planForms(
                    ActPlanner.Following(forms: one.forms, after: one.after ?? told), act, previous: previous,
                    parents: parents))
        }
        return result
    }

    /// With an expired directory nobody knows who was revoked: urgent letters go, normal ones wait for the newer directory.
    private func requireCurrentDirectory(for plans: [LetterPlan], _ now: Instant) throws {
        for plan in plans where plan.lane == .normal { try requireCurrentDirectory(of: plan.addressees, now) }
    }

    /// - Throws: ``DeskError`` `.directoryExpired` where one of them, or this node itself, stands in no current directory.
    func requireCurrentDirectory(of members: [MemberID], _ now: Instant) throws {
        let directories = network.directories
        for member in members + [identity.member] {
            do { try directories.requireCurrent(member, now: now) } catch {
                throw DeskError(.directoryExpired, error.reason)
            }
        }
    }

    func maker(_ transaction: CaseTransaction, _ now: Instant) -> LetterMaker {
        LetterMaker(
            identity: identity, directories: network.directories, settings: settings, transaction: transaction, now: now
        )
    }

    /// That somebody acts in cases. Every door leads through here: the page, a program, a command.
    ///
    /// - Parameter isStop: whether what is done is a stop, which every account that sees cases records.
    /// - Throws: ``DeskError`` `.unknownAccount`.
    func check(_ account: String, isStop: () throws -> Bool = { false }) throws {
        guard let found = try store.read({ try $0.account(account) }), found.state == .active else {
            throw DeskError(.unknownAccount, "no account \(account) acts at this node: run `kheya user add`")
        }
        guard try found.role.worksOnCases || found.role.seesCases && isStop() else {
            throw DeskError(.unknownAccount, "\(account) acts in no case: the role is \(found.role.rawValue)")
        }
    }

    /// Whether an act takes consents back and does nothing else.
    private func isStop(_ act: Act, in caseID: CaseID) throws -> Bool {
        guard !act.events.isEmpty, act.forms.isEmpty else { return false }
        let profile = try store.read { try sight(caseID, $0).history.profile }
        return act.events.allSatisfy { profile.event($0.code)?.isWithdrawal == true }
    }

    // MARK: Attachments

    /// Seals each attachment to each of its readers and keeps a copy at rest; memory holds one piece.
    private func prepareAttachments(
        of plans: [LetterPlan], caseID: CaseID, _ now: Instant
    ) throws -> [AttachmentOrigin: [PreparedAttachment]] {
        var prepared: [AttachmentOrigin: [PreparedAttachment]] = [:]
        for form in plans.flatMap(\.forms) {
            for origin in Set(form.attachments.values) {
                for recipient in form.recipients
                where prepared[origin]?.contains(where: { $0.recipient == recipient }) != true {
                    let atRest = prepared[origin]?.first
                    prepared[origin, default: []].append(
                        try prepare(origin, to: recipient, caseID: caseID, atRest: atRest, now))
                }
            }
        }
        return prepared
    }

    private func prepare(
        _ origin: AttachmentOrigin, to recipient: MemberID, caseID: CaseID, atRest: PreparedAttachment?, _ now: Instant
    ) throws -> PreparedAttachment {
        let certificate = try network.directories.sealingCertificate(of: recipient, at: now)
        let source = try AttachmentSource(origin, in: store)
        try store.keys.makeKey(of: caseID)
        let name = atRest?.file ?? .sha256(SecureRandom.bytes(32))
        let writer = atRest == nil ? try store.attachmentWriter(named: name, in: caseID) : nil
        var pieces: [(digest: Digest, size: Int)] = []
        var byteCount: Int64 = 0
        let label = PartLabel(from: identity.member, to: recipient, caseID: caseID, kind: .piece)
        let sealed = try AttachmentSealer.seal(label: label, to: certificate) { count in
            let piece = try source.read(count)
            byteCount += Int64(piece.count)
            if !piece.isEmpty { try writer?.write(piece) }
            return piece
        } writing: { part in
            try store.files.write(part.file, as: part.digest)
            pieces.append((part.digest, part.file.count))
        }
        try writer?.finish()
        let reference = PartReference(
            digest: sealed.digest, commitment: sealed.commitment, size: sealed.size, tier: .t3, recipient: recipient,
            basis: .consent,
            pieces: sealed.pieces)
        return PreparedAttachment(
            recipient: recipient, reference: reference, list: sealed.list, pieces: pieces, file: name,
            byteCount: byteCount)
    }

    /// The act failed: what was sealed for it goes. What a crash leaves, ``CaseStore/clearAway(before:)`` removes.
    private func discard(_ prepared: [AttachmentOrigin: [PreparedAttachment]]) {
        for attachment in prepared.values.joined() {
            for piece in attachment.pieces { store.files.remove(piece.digest) }
            store.files.removeAttachment(attachment.file)
        }
    }
}
