// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
public import Letters
public import Procedure
import Sealing
import TransparencyLog

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
    /// - Throws: ``DeskError`` `.unknownLetter` for a letter that is no order which was opened and found valid here.
    public func erase(by order: LetterID, account: String, at now: Instant) throws -> ErasureAnswer {
        try check(account)
        let (letter, isConfirmed) = try store.write { transaction in
            guard let letter = try transaction.letter(order), letter.direction == .in, letter.state == .valid,
                let entry = try transaction.inboxEntry(order), entry.state == .judged,
                let slip = try? StoredSlip.read(letter.slip),
                let profile = slip.profile.flatMap({ network.profilesByDigest[$0.digest] }),
                slip.steps.contains(where: { ErasureFacts($0, by: profile) != nil })
            else { throw DeskError(.unknownLetter, "no order of erasure that was found valid here") }
            try transaction.note(approval: order, of: letter.caseID, by: account, at: now)
            return (letter, try transaction.approvals(of: order).count > 1)
        }
        guard isConfirmed else { return .awaitsSecond }
        return try store.eraseContent(of: letter.caseID) { transaction in
            let receipts = try transaction.receipts(for: order)
            if let told = receipts.first(where: { $0.sender == identity.member && $0.state == .acted }) {
                return .erased(receipt: told.id)
            }
            guard let record = try transaction.caseRecord(letter.caseID) else {
                throw DeskError(.unknownCase, "this node has no such case")
            }
            let receipt = try maker(transaction, now).makeReceipt(
                for: order, to: letter.sender, state: .acted, code: nil, lane: .normal, record: record)
            try transaction.setActed(order, at: now)
            return .erased(receipt: receipt.id)
        }
    }
}
