// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import Letters
public import Procedure
public import Sealing

/// Who signed a letter, as the directory knows it.
public struct Signer: Hashable, Sendable {
    public var id: MemberID
    /// Empty for brokers and authorities.
    public var roles: Set<String>
    public var isBroker: Bool
    /// The directory that speaks for the signer is out of date: a normal letter waits until a newer one is here, an
    /// urgent one goes on.
    public var directoryIsExpired: Bool

    public init(id: MemberID, roles: Set<String>, isBroker: Bool, directoryIsExpired: Bool) {
        self.id = id
        self.roles = roles
        self.isBroker = isBroker
        self.directoryIsExpired = directoryIsExpired
    }
}

extension Directories {
    /// Reads `slip.p7s` and judges who signed it.
    ///
    /// - Parameter at: see ``judgeSigner(of:certificate:at:)``.
    /// - Throws: ``SealingError`` from gate, signature and slip reader; for a signer that is not permitted, its
    ///   `.signerNotPermitted` with the reason that ``judgeSigner(of:certificate:at:)`` gives.
    public func readSlip(_ file: [UInt8], at: Instant) throws(SealingError) -> (signed: SignedSlip, signer: Signer) {
        let signed = try SignedSlip.read(file) { certificate($0) }
        do {
            return (signed, try judgeSigner(of: signed.slip, certificate: signed.certificateDigest, at: at))
        } catch {
            throw SealingError(.signerNotPermitted, error.reason)
        }
    }

    /// Whether the holder of a certificate may sign this slip.
    ///
    /// The certificate must be valid at the slip's own time, so that what was signed in time is not lost on a slow way.
    /// Revocation, suspension and removal are judged by `at`, which a thief of a key cannot choose.
    ///
    /// - Parameters:
    ///   - certificate: digest of the certificate that the signature verified under.
    ///   - at: when the letter was first stored by somebody whom the judge believes in this: for a broker its own clock
    ///     at arrival, for a node that pulls from its broker the slip's `at` (the broker has judged it at arrival), for
    ///     a stick its own clock.
    /// - Throws: ``MembershipError`` `.signerNotPermitted` for every cause; the reason says which, with the cure.
    public func judgeSigner(
        of slip: Slip, certificate digest: Digest, at: Instant
    ) throws(MembershipError) -> Signer {
        func refuse(_ reason: String) -> MembershipError { MembershipError(.signerNotPermitted, reason) }
        guard let place = place(of: digest) else {
            if anchors.roots.values.contains(where: { $0.id == digest }) {
                throw refuse("an authority signs directories and profiles, no letter of a case")
            }
            throw refuse("\(slip.from): a certificate that no directory has; fetch the newer directory")
        }
        let owner = place.owner
        guard owner == slip.from else { throw refuse("signed by \(owner), sent as \(slip.from)") }
        guard place.certificate.use == .sign else {
            throw refuse("signed with a \(place.certificate.use.rawValue) certificate of \(owner)")
        }
        guard slip.at >= place.certificate.from else {
            throw refuse("certificate of \(owner) begins \(place.certificate.from.date); check the clock of \(owner)")
        }
        guard slip.at <= place.certificate.until else {
            throw refuse("certificate of \(owner) ended \(place.certificate.until.date); run `kheya member renew`")
        }
        if let revoked = place.certificate.revoked, revoked <= at {
            throw refuse(
                "certificate of \(owner) was revoked \(revoked.date); if that is right, run `kheya member renew`")
        }
        if let member = member(owner) {
            switch member.status {
            case .suspended(let since) where since <= at:
                throw refuse("\(owner) is suspended since \(since.date); ask its authority")
            case .removed(let since) where since <= at:
                throw refuse("\(owner) is no member since \(since.date); ask its authority")
            default: break
            }
        }
        switch slip.type {
        case .step, .receipt:
            if place.isBroker {
                throw refuse("\(owner) is a broker: it signs refusals and notices, no \(slip.type.rawValue)")
            }
        case .refusal, .notice:
            if !place.isBroker { throw refuse("\(owner) is no broker: a \(slip.type.rawValue) is a broker's") }
        case .directory, .profile: throw refuse("a \(slip.type.rawValue) is an authority's")
        }
        return Signer(
            id: owner, roles: roles(of: owner), isBroker: place.isBroker, directoryIsExpired: isExpired(owner, now: at))
    }

    /// Whether every addressee can receive this letter: a member that has not been removed, or a broker, and
    /// `certificate` a sealing certificate of it that had begun and not ended when the letter was sent.
    ///
    /// - Parameter at: as in ``judgeSigner(of:certificate:at:)``.
    /// - Throws: ``MembershipError`` `.recipientUnknown`, `.recipientCertificate`.
    public func judgeRecipients(of slip: Slip, at: Instant) throws(MembershipError) {
        for addressee in slip.to {
            try requireReceiver(addressee.member, at: at)
            guard let place = place(of: addressee.certificate), place.owner == addressee.member,
                place.certificate.use == .seal
            else {
                throw MembershipError(
                    .recipientCertificate, "\(addressee.member): not a sealing certificate of this member")
            }
            guard place.certificate.certificate.isValid(at: slip.at.seconds) else {
                throw MembershipError(
                    .recipientCertificate,
                    "sealing certificate of \(addressee.member) ended \(place.certificate.until.date)")
            }
            if place.certificate.isRevoked(at: at) {
                throw MembershipError(
                    .recipientCertificate, "sealing certificate of \(addressee.member) is revoked; seal again")
            }
        }
    }

    /// The certificate to seal to: of those valid at `at` the one that began last.
    ///
    /// - Throws: ``MembershipError`` `.recipientUnknown` for strangers and removed members, `.recipientCertificate`
    ///   when none is valid. A suspended member still receives.
    public func sealingCertificate(of id: MemberID, at: Instant) throws(MembershipError) -> Certificate {
        try requireReceiver(id, at: at)
        let newest = certificates(of: id).filter { $0.use == .seal && $0.isValid(at: at) }
            .max { ($0.from, $0.id) < ($1.from, $1.id) }
        guard let newest else {
            throw MembershipError(
                .recipientCertificate,
                "\(id) has no valid sealing certificate; it must run `kheya member renew`, or fetch the newer directory"
            )
        }
        return newest.certificate
    }

    private func requireReceiver(_ id: MemberID, at: Instant) throws(MembershipError) {
        if broker(id) != nil { return }
        guard let member = member(id) else {
            throw MembershipError(.recipientUnknown, "\(id) is in no directory; fetch the newer directory")
        }
        // A suspended member still receives: what waits for it keeps waiting, a stop must reach it.
        if case .removed(let since) = member.status, since <= at {
            throw MembershipError(.recipientUnknown, "\(id) is no member since \(since.date)")
        }
    }
}
