// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Membership
import MessageStore
import Procedure
import Sealing

/// Makes real letters of one kind in bulk, signed by their sender and sealed to their recipient: nameless offers, each the
/// first of a case of its own, or what answers them.
struct LetterFactory: Sendable {
    let sender: MemberID
    let recipient: MemberID
    let signing: SigningIdentity
    let sealing: Certificate
    let profile: Profile
    let events: [Event]
    let form: [UInt8]
    let now: Instant

    /// - Parameter first: the number of the first letter to this recipient.
    func offers(_ count: Int, first: Int64) throws -> [SignedLetter] {
        try (0..<count).concurrently { try letter(first + Int64($0), in: try Self.newCase()) }
    }

    /// Offers as those of ``offers(_:first:)``, but for their parts, which are those of the first: whoever only judges
    /// slips looks into none of them.
    func bareOffers(_ count: Int, first: Int64) throws -> [SignedLetter] {
        let model = try letter(first, in: Self.newCase()).slip
        return try (0..<count).concurrently { place in
            var slip = model
            slip.caseID = try Self.newCase()
            slip.to[0].sequence = first + Int64(place)
            return try Self.sign(slip, parts: [:], by: signing)
        }
    }

    /// A letter to each of these, which opened a case.
    func answers(to offers: [Slip], _ ids: [LetterID], first: Int64) throws -> [SignedLetter] {
        try offers.indices.concurrently { place in
            guard let caseID = offers[place].caseID else { throw BenchmarkError("an offer without a case") }
            return try letter(first + Int64(place), in: caseID, root: ids[place])
        }
    }

    private static func newCase() throws -> CaseID {
        guard let caseID = CaseID(random: SecureRandom.bytes(16)) else {
            throw BenchmarkError("16 bytes make a case pseudonym")
        }
        return caseID
    }

    private func letter(_ sequence: Int64, in caseID: CaseID, root: LetterID? = nil) throws -> SignedLetter {
        let (content, digest) = SealedStepsContent.make(SealedSteps(events: events), salt: SecureRandom.bytes(32))
        func label(_ kind: PartKind) -> PartLabel { PartLabel(from: sender, to: recipient, caseID: caseID, kind: kind) }
        let steps = try SealedPart.seal(content, label: label(.steps), to: sealing)
        let preview = try SealedPart.seal(form, label: label(.form), to: sealing)
        func reference(_ part: SealedPart, _ basis: Basis) -> PartReference {
            PartReference(
                digest: part.digest, commitment: part.commitment, size: part.size, tier: .t1, recipient: recipient,
                basis: basis)
        }
        let slip = Slip(
            type: .step, lane: .normal, from: sender,
            to: [Addressee(member: recipient, certificate: sealing.id, epoch: 1, sequence: sequence)], caseID: caseID,
            root: root, profile: ProfileReference(id: profile.id, version: profile.version, digest: profile.digest),
            steps: profile.shown(events), sealed: digest, parents: root.map { [$0] } ?? [],
            parts: [reference(steps, .custody), reference(preview, .consent)], at: now,
            expires: now + 30 * 86_400)
        return try Self.sign(slip, parts: [steps.digest: steps.file, preview.digest: preview.file], by: signing)
    }

    private static func sign(_ slip: Slip, parts: [Digest: [UInt8]], by signing: SigningIdentity) throws -> SignedLetter
    {
        let signed = try SignedSlip.sign(slip, by: signing)
        return SignedLetter(slip: slip, bundle: LetterBundle(id: signed.id, slip: signed.file, parts: parts))
    }
}

/// A letter as its sender has it.
struct SignedLetter: Sendable {
    let slip: Slip
    let bundle: LetterBundle
}
