// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
public import Letters
import Membership
public import Procedure
import Sealing
public import TransparencyLog

/// Carrying out an order of erasure at a node. Protocols/CaseFile.md §3.1.
extension CaseDesk {
    /// What came of one person's word.
    public enum ErasureAnswer: Sendable, Hashable {
        /// A second person has to say the same.
        case awaitsSecond
        /// The key is destroyed; this receipt tells who ordered it.
        case erased(receipt: LetterID)
    }

    /// Destroys the content of the case that a valid order names: two persons have to say so. Nothing brings it back.
    ///
    /// No other process may run this node: it would go on with the old key.
    ///
    /// - Throws: ``DeskError``: `.unknownLetter` for a letter that is no order which was opened and found valid here, or one of a
    ///   record: that stands in another case than the one which it takes away; `.refused` when what
    ///   is known by now, a hold or a case that goes on, stands against it; `.incomplete` while a letter of the case is on its way.
    public func erase(by order: LetterID, account: String, at now: Instant) throws -> ErasureAnswer {
        try check(account)
        let (letter, answer) = try store.write { transaction -> (LetterRecord, ErasureAnswer?) in
            guard let letter = try transaction.letter(order), letter.direction == .in, letter.state == .valid,
                let entry = try transaction.inboxEntry(order), entry.state == .judged,
                let slip = try? StoredSlip.read(letter.slip),
                let profile = slip.profile.flatMap({ network.profilesByDigest[$0.digest] }),
                slip.steps.contains(where: { ErasureFacts($0, by: profile)?.level == .content })
            else { throw DeskError(.unknownLetter, "no order to erase this case's content that was found valid here") }
            let told = try transaction.receipts(for: order).first { $0.sender == identity.member && $0.state == .acted }
            // Once is enough: what has come into the case since lies under another key.
            if let told { return (letter, .erased(receipt: told.id)) }
            try requireAllowedNow(order, in: letter.caseID, transaction, now)
            try transaction.note(approval: order, of: letter.caseID, by: account, at: now)
            return (letter, try transaction.approvals(of: order).count > 1 ? nil : .awaitsSecond)
        }
        if let answer { return answer }
        return try store.eraseContent(of: letter.caseID) { transaction in
            guard let record = try transaction.caseRecord(letter.caseID) else {
                throw DeskError(.unknownCase, "this node has no such case")
            }
            let receipt = try maker(transaction, now).makeReceipt(
                for: order, to: letter.sender, state: .acted, code: nil, lane: .normal, record: record)
            try transaction.setActed(order, at: now)
            return .erased(receipt: receipt.id)
        }
    }

    /// Orders that a case's content be erased, as somebody who may and has no part in the case: by what the brokers say of it.
    ///
    /// - Parameter drafts: of one case, one for each log.
    /// - Throws: ``DeskError``: `.unknownCase` for drafts of several cases or none; `.unknownProfile`; `.refused` where the profile gives
    ///   this member no such step; `.noRecipient`; `.directoryExpired`.
    public func orderErasure(_ drafts: [ErasureDraft], account: String, at now: Instant) throws -> LetterID {
        try check(account)
        guard let draft = drafts.first,
            drafts.allSatisfy({ ($0.caseID, $0.root, $0.profile) == (draft.caseID, draft.root, draft.profile) })
        else { throw DeskError(.unknownCase, "not drafts of one case") }
        guard let profile = network.profilesByDigest[draft.profile] else {
            throw DeskError(.unknownProfile, "the profile of the case is not known here")
        }
        let roles = network.directories.roles(of: identity.member)
        let code = profile.definition.events.filter { _, event in
            !roles.isDisjoint(with: event.by) && event.ordersErasure
        }.keys.min()
        guard let code else {
            throw DeskError(.refused, "no order of erasure is this member's", refusal: Refusal(.wrongRole))
        }
        let parties = Set(drafts.flatMap(\.parties)).subtracting([identity.member]).sorted()
        guard (1...LetterLimits.addressees).contains(parties.count) else {
            throw DeskError(.noRecipient, "\(parties.count) parties")
        }
        try requireCurrentDirectory(of: parties, now)
        // What one broker does not know yet, as a hold of the other country, the order must follow too.
        let heads = Set(drafts.flatMap(\.heads)).sorted()
        guard heads.count <= LetterLimits.parents else { throw DeskError(.incomplete, "\(heads.count) newest letters") }
        let events = drafts.map { Event(code: code, facts: $0.facts.facts) }
        return try store.write {
            try maker($0, now).makeOrder(events, in: draft, after: heads, to: parties, by: profile).id
        }
    }

    /// The order was judged by what its sender knew. Here it is judged by all that this node knows now.
    private func requireAllowedNow(
        _ order: LetterID, in caseID: CaseID, _ transaction: CaseTransaction, _ now: Instant
    ) throws {
        let sight = try sight(caseID, transaction)
        guard var step = sight.history.step(order) else {
            throw DeskError(.unknownLetter, "no order of erasure that was found valid here")
        }
        // As if it were made now: a letter of its own, after all others.
        (step.id, step.parents, step.at) = (Digest.sha256(order.bytes), sight.history.heads, now)
        switch sight.history.admit(step) {
        case .admitted, .flagged: break
        case .refused(let refusal):
            throw DeskError(.refused, "what has come since stands against it", refusal: refusal)
        case .waiting: throw DeskError(.incomplete, "letters of the case are missing here")
        }
        let isOpen = try sight.letters.contains { letter in
            let (sent, come) = (try transaction.outboxEntry(letter.id), try transaction.inboxEntry(letter.id))
            return sent?.state == .waiting || come.map { $0.state != .judged } ?? false
        }
        if isOpen { throw DeskError(.incomplete, "a letter of the case is still on its way") }
    }
}
