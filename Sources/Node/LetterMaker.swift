// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing
import TransparencyLog

/// Makes letters: seals, signs, and writes them with the case's new state and the outbox in the caller's transaction.
struct LetterMaker {
    let identity: NodeIdentity
    let directories: Directories
    let settings: NodeSettings
    let transaction: CaseTransaction
    let now: Instant

    /// Seals and signs a planned letter and puts it into the outbox.
    ///
    /// - Parameters:
    ///   - record: the case; `nil` when the letter opens it.
    ///   - prepared: sealed attachments by where they are from; each recipient has its own.
    /// - Returns: The letter as signed.
    func make(
        _ plan: LetterPlan, caseID: CaseID, record: CaseRecord?, prepared: [AttachmentOrigin: [PreparedAttachment]]
    ) throws -> SignedSlip {
        guard try !transaction.isPractice(caseID) else { throw DeskError.practice }
        // 1. The sealed steps: one content and digest for all, one part for each addressee.
        let showsAny = !plan.profile.shown(plan.events).isEmpty
        let sealedSteps = SealedSteps(events: plan.events, requires: showsAny ? [] : plan.requires)
        let (content, sealedDigest) = SealedStepsContent.make(sealedSteps, salt: SecureRandom.bytes(32))
        var references: [PartReference] = []
        var files: [(digest: Digest, bytes: [UInt8])] = []
        var certificates: [MemberID: Certificate] = [:]
        for member in plan.addressees { certificates[member] = try directories.sealingCertificate(of: member, at: now) }
        func seal(_ bytes: [UInt8], _ kind: PartKind, to member: MemberID, tier: Tier, basis: Basis) throws -> Digest {
            guard let certificate = certificates[member] else {
                throw DeskError(.noRecipient, "\(member) is no addressee")
            }
            let part = try SealedPart.seal(bytes, label: label(kind, to: member, caseID), to: certificate)
            references.append(
                PartReference(
                    digest: part.digest, commitment: part.commitment, size: part.size, tier: tier, recipient: member,
                    basis: basis))
            files.append((part.digest, part.file))
            return part.commitment
        }
        for member in plan.addressees {
            _ = try seal(content, .steps, to: member, tier: plan.stepsTier, basis: .custody)
        }

        // 2. Forms: to each reader a part of its own, because it names the attachments by that reader's commitments.
        var forms: [(commitment: Digest, document: [UInt8])] = []
        var attachments: [PreparedAttachment] = []
        for form in plan.forms {
            for recipient in form.recipients {
                var commitments: [String: Digest] = [:]
                for (name, origin) in form.attachments.sorted(by: { $0.key < $1.key }) {
                    guard let attachment = prepared[origin]?.first(where: { $0.recipient == recipient }) else {
                        throw DeskError(.attachment, "attachment \(name) was not sealed to \(recipient)")
                    }
                    commitments[name] = attachment.reference.commitment
                    if !attachments.contains(where: { $0.reference.digest == attachment.reference.digest }) {
                        attachments.append(attachment)
                        var reference = attachment.reference
                        reference.tier = form.tier
                        reference.basis = form.basis
                        references.append(reference)
                        files.append((reference.digest, attachment.list))
                    }
                }
                let document = FormDocument.bytes(of: FormAttachments.fill(form.form) { commitments[$0] })
                forms.append((try seal(document, .form, to: recipient, tier: form.tier, basis: form.basis), document))
            }
        }

        // 3. The slip.
        let slip = Slip(
            type: .step, lane: plan.lane, from: identity.member, to: try addressees(plan.addressees), caseID: caseID,
            root: record?.root,
            profile: ProfileReference(id: plan.profile.id, version: plan.profile.version, digest: plan.profile.digest),
            steps: plan.profile.shown(plan.events), sealed: sealedDigest,
            parents: try record.map { try parents(of: $0) } ?? [],
            previous: record?.lastOwn, requires: showsAny ? plan.requires : [], parts: references, at: now,
            expires: plan.lane == .normal ? now + min(settings.expiryDays * 86_400, LetterLimits.expirySeconds) : nil,
            seen: try transaction.checkpoints().suffix(LetterLimits.seen))
        let signed = try SignedSlip.sign(slip, by: identity.signing)
        // What does not read again would make the case unreadable here for ever.
        guard (try? SealedSteps.read(sealedSteps.json())) == sealedSteps, (try? Slip.read(slip.json())) == slip else {
            throw DeskError(.cannotSeal, "a letter that its readers could not read")
        }

        // 4. Everything that goes with it. A crash before the commit leaves the files of pieces and copies that nothing names; after
        // it, a letter in the outbox that is sent as it is.
        if record == nil {
            try transaction.addCase(
                CaseRecord(
                    caseID: caseID, root: signed.id, profile: plan.profile.digest, created: now, openedHere: true))
        }
        try store(signed)
        try transaction.putRecord(.steps, id: signed.id, letter: signed.id, in: caseID, sealedSteps.json())
        for form in forms {
            try transaction.putRecord(.form, id: form.commitment, letter: signed.id, in: caseID, form.document)
        }
        for (place, file) in files.enumerated() {
            try transaction.putPart(file.bytes, digest: file.digest, letter: signed.id, place: place)
        }
        var place = files.count
        for attachment in attachments {
            for piece in attachment.pieces {
                try transaction.namePart(piece.digest, size: piece.size, letter: signed.id, place: place)
                place += 1
            }
            try transaction.addAttachment(
                attachment.reference.commitment, file: attachment.file, bytes: attachment.byteCount, letter: signed.id,
                in: caseID)
        }
        return signed
    }

    /// Signs an order of erasure into a case of which this node may hold nothing, and puts it into the outbox.
    ///
    /// - Parameter draft: where in the case it stands.
    func makeOrder(
        _ events: [Event], in draft: ErasureDraft, after heads: [LetterID], to members: [MemberID], by profile: Profile
    ) throws -> SignedSlip {
        let slip = Slip(
            type: .step, lane: .normal, from: identity.member, to: try addressees(members), caseID: draft.caseID,
            root: draft.root,
            profile: ProfileReference(id: profile.id, version: profile.version, digest: profile.digest),
            steps: profile.shown(events), parents: heads,
            previous: try transaction.letters(of: draft.caseID).last { $0.sender == identity.member }?.id, at: now,
            expires: now + min(settings.expiryDays * 86_400, LetterLimits.expirySeconds),
            seen: try transaction.checkpoints().suffix(LetterLimits.seen))
        let signed = try SignedSlip.sign(slip, by: identity.signing)
        try store(signed)
        return signed
    }

    /// Signs a receipt for a letter of the case and puts it into the outbox.
    func makeReceipt(
        for letter: LetterID, to sender: MemberID, state: About.State, code: String?, lane: Lane, record: CaseRecord,
        root: LetterID? = nil
    ) throws -> SignedSlip {
        let root = root ?? record.root
        let slip = Slip(
            type: .receipt, lane: lane, from: identity.member, to: try addressees([sender]), caseID: record.caseID,
            root: root,
            parents: [letter],
            // A letter with another root is of another case, whatever its label: its receipt descends from nothing of this one.
            previous: root == record.root ? try transaction.caseRecord(record.caseID)?.lastOwn : nil,
            about: About(letter: letter, state: state, code: code), at: now,
            seen: try transaction.checkpoints().suffix(LetterLimits.seen))
        let signed = try SignedSlip.sign(slip, by: identity.signing)
        try store(signed)
        try transaction.add(
            ReceiptRecord(id: signed.id, letter: letter, sender: identity.member, state: state, code: code, at: now))
        return signed
    }

    /// The newest letters that this node has processed. Those that count most come first where the slip has no room for all.
    private func parents(of record: CaseRecord) throws -> [LetterID] {
        try transaction.heads(of: record.caseID, limit: LetterLimits.parents)
    }

    private func store(_ signed: SignedSlip) throws {
        guard let caseID = signed.slip.caseID else { throw CaseFileError(.damaged, "a letter without a case") }
        let roles = directories.roles(of: identity.member)
        try transaction.add(
            LetterRecord(
                id: signed.id, caseID: caseID, type: signed.slip.type, lane: signed.slip.lane, sender: identity.member,
                sent: now,
                direction: .out, state: .made, roles: roles, slip: signed.file, arrived: now),
            ancestors: signed.slip.ancestors)
        // A receipt for a letter with another root is no letter of this case, whatever the label says.
        if let record = try transaction.caseRecord(caseID), signed.slip.root.map({ $0 == record.root }) ?? true {
            try transaction.setLastOwn(signed.id, in: caseID)
        }
        try transaction.enqueue(signed.id, lane: signed.slip.lane)
    }

    private func addressees(_ members: [MemberID]) throws -> [Addressee] {
        try members.sorted().map { member in
            let number = try transaction.nextSequence(to: member)
            return Addressee(
                member: member, certificate: try directories.sealingCertificate(of: member, at: now).id,
                epoch: number.epoch,
                sequence: number.sequence)
        }
    }

    func label(_ kind: PartKind, to member: MemberID, _ caseID: CaseID) -> PartLabel {
        PartLabel(from: identity.member, to: member, caseID: caseID, kind: kind)
    }
}
