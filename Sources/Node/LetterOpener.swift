// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing

/// What a node finds when it opens a stored letter, before the procedure judges it.
struct OpenedLetter {
    var steps: SealedSteps?
    /// Forms by the commitment of their part.
    var forms: [(commitment: Digest, tier: Tier, document: [UInt8])] = []
    /// Attachments that lie at rest already, by commitment.
    var attachments: [(commitment: Digest, byteCount: Int64)] = []
    /// Whether forms and attachments lie under a key of the letter's own.
    var isApart = false
    /// The first thing that was wrong; the code that the receipt gives.
    var fault: SealingError.Code?
}

/// Opens the parts of a letter that are sealed to this node.
///
/// Attachments are written at rest piece by piece, under the case's key; everything else is held in memory until the transaction
/// that judges the letter. Opening the same letter again gives the same: a crash at any point repeats it.
struct LetterOpener {
    let identity: NodeIdentity
    let store: CaseStore

    /// - Parameter isApart: whether the forms of a letter with these steps may have to go before their case does.
    func open(_ slip: Slip, id: LetterID, isApart: (SealedSteps) throws -> Bool) throws -> OpenedLetter {
        var opened = OpenedLetter()
        guard let caseID = slip.caseID, let addressee = slip.addressee(identity.member) else {
            opened.fault = .slipBinding
            return opened
        }
        guard let key = identity.sealing.first(where: { $0.certificate.id == addressee.certificate }) else {
            opened.fault = .partCannotOpen
            return opened
        }
        try store.keys.makeKey(of: caseID)
        // The steps first: they say under which key the forms will lie.
        let own = slip.parts.filter { $0.recipient == identity.member }
        for reference in own.filter({ $0.basis == .custody }) + own.filter({ $0.basis != .custody }) {
            if let steps = opened.steps, !opened.isApart, reference.basis != .custody, try isApart(steps) {
                opened.isApart = true
                try store.keys.makeKey(of: id)
            }
            do throws(OpeningFault) {
                switch (reference.pieces, reference.basis) {
                case (.some, _):
                    opened.attachments.append(
                        (
                            reference.commitment,
                            try attachment(reference, slip, id, caseID, key, isApart: opened.isApart)
                        ))
                case (nil, .custody):
                    let content = try part(reference, .steps, slip, caseID, key)
                    guard let digest = slip.sealed else { throw .sealing(.slipBinding) }
                    do { opened.steps = try SealedStepsContent.read(content, digest: digest) } catch {
                        throw .sealing(error.code)
                    }
                case (nil, _):
                    let document = try part(reference, .form, slip, caseID, key)
                    opened.forms.append((reference.commitment, reference.tier, document))
                }
            } catch {
                switch error {
                // One code for every failure to open: what a peer learns does not tell why.
                case .sealing: opened.fault = opened.fault ?? .partCannotOpen
                case .other(let failure): throw failure
                }
            }
        }
        if slip.sealed != nil, opened.steps == nil { opened.fault = opened.fault ?? .partCannotOpen }
        return opened
    }

    /// What stops the opening of one part: the letter's own fault, or ours.
    private enum OpeningFault: Error {
        case sealing(SealingError.Code)
        case other(any Error)
    }

    private func part(
        _ reference: PartReference, _ kind: PartKind, _ slip: Slip, _ caseID: CaseID, _ key: SealingIdentity
    ) throws(OpeningFault) -> [UInt8] {
        let file: [UInt8]?
        do { file = try store.read { try $0.part(reference.digest) } } catch { throw .other(error) }
        guard let file else { throw .sealing(.partMismatch) }
        let label = PartLabel(from: slip.from, to: identity.member, caseID: caseID, kind: kind)
        do {
            return try SealedPart.open(
                file, label: label, commitment: reference.commitment, size: reference.size, with: key)
        } catch { throw .sealing(error.code) }
    }

    /// Opens an attachment into its file at rest, named by its commitment.
    private func attachment(
        _ reference: PartReference, _ slip: Slip, _ id: LetterID, _ caseID: CaseID, _ key: SealingIdentity,
        isApart: Bool
    ) throws(OpeningFault) -> Int64 {
        do {
            return try store.read { transaction in
                // Its file is not written over: salted commitments come twice only where somebody names what another letter brought.
                if let other = try transaction.letter(ofAttachment: reference.commitment), other != id {
                    throw SealingError(.partMismatch, "an attachment of another letter")
                }
                guard let list = try transaction.part(reference.digest) else {
                    throw SealingError(.partMismatch, "no list")
                }
                let label = PartLabel(from: slip.from, to: identity.member, caseID: caseID, kind: .piece)
                var opener = try AttachmentOpener(list: list, reference: reference, label: label, with: key)
                let writer = try transaction.attachmentWriter(
                    named: reference.commitment, in: caseID, apartWith: isApart ? id : nil)
                for digest in opener.pieces {
                    guard let file = try transaction.part(digest) else {
                        throw SealingError(.partMismatch, "a piece is missing")
                    }
                    // The folder took it in under its digest, so that is not computed again.
                    var piece = try opener.open(file, named: digest)
                    try writer.write(piece)
                    Secret.wipe(&piece)
                }
                try opener.finish()
                try writer.finish()
                return writer.byteCount
            }
        } catch let error as SealingError { throw .sealing(error.code) } catch { throw .other(error) }
    }
}
