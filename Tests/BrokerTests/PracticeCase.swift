// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

// A fixture that is wrong shall end the run.
// swift-format-ignore-file: NeverForceUnwrap, NeverUseForceTry

import Cryptography
import Letters
import Membership
import MessageStore
import Procedure
import Sealing
import TestSupport

/// A letter as its sender has it.
struct PracticeLetter: Sendable {
    var id: LetterID
    var slip: Slip
    var bundle: LetterBundle
    /// All part files, pieces too.
    var parts: [Digest: [UInt8]]

    /// The slip alone, as it is pushed when the parts follow by digest.
    var bare: LetterBundle { LetterBundle(id: id, slip: bundle.slip) }
}

/// What goes into a part beside the sealed steps.
struct PracticePart {
    var content: [UInt8]
    var tier: Tier
    var basis: Basis
    var to: MemberID
    /// Sealed in pieces, as an attachment is.
    var isAttachment = false
}

/// One case, as its parties write it: signs and seals with real keys. It does not ask the procedure: that is the broker's part here.
struct PracticeCase {
    let brokers: PracticeBrokers
    let caseID: CaseID
    private(set) var root: LetterID?
    private(set) var newest: [MemberID: LetterID] = [:]
    /// Of the procedure, under which its steps are made unless one says otherwise; else the shipped one.
    var version: PracticeSuccessor?
    private var sequences: [[MemberID]: Int64] = [:]

    init(_ brokers: PracticeBrokers) {
        self.brokers = brokers
        caseID = CaseID(random: SecureRandom.bytes(16))!
    }

    /// Another case, whose letters go on with the numbers of this one's.
    func next() -> PracticeCase {
        var other = PracticeCase(brokers)
        other.sequences = sequences
        other.version = version
        return other
    }

    mutating func step(
        from: MemberID, to: [MemberID], _ events: [Event], lane: Lane = .normal, parents: [LetterID]? = nil,
        parts: [PracticePart] = [], expires: Int64 = 86_400 * 30, at: Int64 = 0, sequence: Int64? = nil,
        under version: PracticeSuccessor? = nil
    ) throws -> PracticeLetter {
        let now = brokers.clock.now + at
        let world = brokers.world
        let directories = try world.directories(now: brokers.clock.now)
        let salt = SecureRandom.bytes(32)
        let (content, sealed) = SealedStepsContent.make(SealedSteps(events: events), salt: salt)
        var references: [PartReference] = []
        var files: [Digest: [UInt8]] = [:]
        for member in to {
            let certificate = try directories.sealingCertificate(of: member, at: now)
            let label = PartLabel(from: from, to: member, caseID: caseID, kind: .steps)
            let part = try SealedPart.seal(content, label: label, to: certificate)
            files[part.digest] = part.file
            references.append(
                PartReference(
                    digest: part.digest, commitment: part.commitment, size: part.size, tier: .t1, recipient: member,
                    basis: .custody))
        }
        for extra in parts {
            let certificate = try directories.sealingCertificate(of: extra.to, at: now)
            if extra.isAttachment {
                var sealer = AttachmentSealer(
                    label: PartLabel(from: from, to: extra.to, caseID: caseID, kind: .piece), to: certificate)
                for start in stride(from: 0, to: extra.content.count, by: SealingLimits.contentBytes) {
                    let piece = try sealer.seal(
                        Array(extra.content[start..<min(extra.content.count, start + SealingLimits.contentBytes)]))
                    files[piece.digest] = piece.file
                }
                let attachment = try sealer.finish()
                files[attachment.digest] = attachment.list
                references.append(
                    PartReference(
                        digest: attachment.digest, commitment: attachment.commitment, size: attachment.size,
                        tier: extra.tier,
                        recipient: extra.to, basis: extra.basis, pieces: attachment.pieces))
            } else {
                let label = PartLabel(from: from, to: extra.to, caseID: caseID, kind: .form)
                let part = try SealedPart.seal(extra.content, label: label, to: certificate)
                files[part.digest] = part.file
                references.append(
                    PartReference(
                        digest: part.digest, commitment: part.commitment, size: part.size, tier: extra.tier,
                        recipient: extra.to,
                        basis: extra.basis))
            }
        }
        let (profile, reference) =
            (version ?? self.version).map { ($0.profile, $0.reference) }
            ?? (PracticeBrokers.profile.value, PracticeBrokers.profile.reference)
        let slip = Slip(
            type: .step, lane: lane, from: from, to: try addressees(from, to, sequence: sequence), caseID: caseID,
            root: root,
            profile: reference, steps: profile.shown(events), sealed: sealed,
            parents: root == nil ? [] : parents ?? defaultParents(from), previous: newest[from], parts: references,
            at: now,
            expires: lane == .normal ? now + expires : nil)
        return try sign(slip, files)
    }

    mutating func receipt(
        from: MemberID, about: PracticeLetter, _ state: About.State = .valid, code: String? = nil, to: MemberID? = nil
    ) throws -> PracticeLetter {
        let slip = Slip(
            type: .receipt, lane: .normal, from: from, to: try addressees(from, [to ?? about.slip.from]),
            caseID: caseID,
            root: root ?? about.id, parents: [about.id], previous: newest[from],
            about: About(letter: about.id, state: state, code: code),
            at: brokers.clock.now)
        return try sign(slip, [:])
    }

    /// Signs whatever slip a test has in mind.
    mutating func sign(_ slip: Slip, _ files: [Digest: [UInt8]], by signer: MemberID? = nil) throws -> PracticeLetter {
        let signed = try SignedSlip.sign(slip, by: try brokers.world.party(signer ?? slip.from).signing)
        if slip.type == .step, root == nil { root = signed.id }
        newest[slip.from] = signed.id
        return PracticeLetter(
            id: signed.id, slip: slip, bundle: LetterBundle(id: signed.id, slip: signed.file, parts: files),
            parts: files)
    }

    private func defaultParents(_ from: MemberID) -> [LetterID] { [root, newest[from]].compactMap { $0 } }

    private mutating func addressees(_ from: MemberID, _ to: [MemberID], sequence: Int64? = nil) throws -> [Addressee] {
        let directories = try brokers.world.directories(now: brokers.clock.now)
        return try to.map { member in
            sequences[[from, member], default: 0] += 1
            return Addressee(
                member: member, certificate: try directories.sealingCertificate(of: member, at: brokers.clock.now).id,
                epoch: 1,
                sequence: sequence ?? sequences[[from, member]]!)
        }
    }
}

// MARK: - Letters of the main path

extension PracticeCase {
    static var shelter: MemberID { PracticeBrokers.shelter }
    static var ngo: MemberID { PracticeBrokers.ngo }

    private static func consent(_ code: String, recipient: MemberID) -> Event {
        Event(
            code: code,
            facts: [
                "consent_ref": .text("00112233445566778899aabbccddeeff"), "recipient": .text(recipient.text),
                "valid_until": .text("2027-05-01"),
                "given_by": .text("self"), "assent": .text("not_applicable"),
            ])
    }

    /// The nameless offer that opens a case.
    mutating func offer(preview: [UInt8] = Array("preview".utf8), to: MemberID = ngo) throws -> PracticeLetter {
        try step(
            from: Self.shelter, to: [to],
            [
                Event(code: "ADULT_ESTABLISHED", facts: ["age_basis": .text("undisputed")]),
                Self.consent("SHARE_CONSENT_PREVIEW", recipient: to),
                Event(
                    code: "REFERRAL_OFFER",
                    facts: [
                        "victim_status": .text("actual"), "status_decided_by": .text("court_or_prosecution"),
                        "held_as": .text("protected"),
                    ]),
            ], parts: [PracticePart(content: preview, tier: .t1, basis: .consent, to: to)])
    }

    mutating func accept(after offer: PracticeLetter) throws -> PracticeLetter {
        try step(
            from: Self.ngo, to: [Self.shelter],
            [Event(code: "REFERRAL_ACCEPTED", facts: ["conflict": .text("none_found")])],
            parents: [offer.id])
    }

    mutating func fullConsent(after letters: [PracticeLetter], parts: [PracticePart] = []) throws -> PracticeLetter {
        try step(
            from: Self.shelter, to: [Self.ngo], [Self.consent("SHARE_CONSENT_FULL", recipient: Self.ngo)],
            parents: letters.map(\.id),
            parts: parts)
    }

    mutating func dossier(
        after letters: [PracticeLetter], content: [UInt8] = Array("dossier".utf8), parts: [PracticePart] = []
    ) throws
        -> PracticeLetter
    {
        try step(
            from: Self.shelter, to: [Self.ngo], [Event(code: "DOSSIER")], parents: letters.map(\.id),
            parts: [PracticePart(content: content, tier: .t3, basis: .consent, to: Self.ngo)] + parts)
    }

    /// She says no to sharing; recorded by either side.
    mutating func withdrawal(from: MemberID = ngo, after letters: [PracticeLetter]) throws -> PracticeLetter {
        try step(
            from: from, to: [from == Self.ngo ? Self.shelter : Self.ngo], [Event(code: "SHARE_CONSENT_WITHDRAWN")],
            lane: .urgent,
            parents: letters.map(\.id))
    }
}
