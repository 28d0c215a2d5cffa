// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Procedure
import Sealing

/// One authority and one member made for this run; nothing of it is kept.
struct PracticeKeys {
    let root: Certificate
    let sign: SigningIdentity
    let seal: SealingIdentity
    let sender: MemberID
    let recipient: MemberID
    let caseID: CaseID
    /// 1 June 2026: nothing here expires while it is measured.
    let now: Int64 = 1_780_272_000

    init() throws {
        guard let sender = MemberID("in:practice-shelter"), let recipient = MemberID("bd:practice-ngo"),
            let caseID = CaseID(random: SecureRandom.bytes(16))
        else { throw BenchmarkError("the practice names are no member ids") }
        self.sender = sender
        self.recipient = recipient
        self.caseID = caseID
        let validity = (now - 86_400, now + 365 * 86_400)
        let authority = try CertificateIssuer.selfSigned(
            subject: DistinguishedName(commonName: "in:practice-authority", organisation: nil, country: "IN"),
            key: PrivateKey.generate(),
            notBefore: validity.0, notAfter: validity.1)
        root = authority.certificate
        let signKey = try PrivateKey.generate()
        sign = try SigningIdentity(
            certificate: authority.issue(
                .sign, subject: DistinguishedName(commonName: sender.text, organisation: nil, country: "IN"),
                publicKey: signKey.publicKey, notBefore: validity.0, notAfter: validity.1), key: signKey)
        let sealKey = try PrivateKey.generate()
        seal = try SealingIdentity(
            certificate: authority.issue(
                .seal, subject: DistinguishedName(commonName: recipient.text, organisation: nil, country: "BD"),
                publicKey: sealKey.publicKey, notBefore: validity.0, notAfter: validity.1), key: sealKey)
    }

    func label(_ kind: PartKind) -> PartLabel { PartLabel(from: sender, to: recipient, caseID: caseID, kind: kind) }

    func floors() throws -> Floors {
        try Floors(root: root, signing: (sign.certificate, sign.key), sealing: (seal.certificate, seal.key))
    }
}
