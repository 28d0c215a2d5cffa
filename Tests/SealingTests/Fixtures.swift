// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Procedure
import Sealing
import Testing
import TestSupport

/// Two invented members and what one sends to the other.
struct Pair {
    let authority: PracticeAuthority
    let signer: SigningIdentity
    let reader: SealingIdentity
    let from: MemberID
    let to: MemberID
    let caseID: CaseID

    init() throws {
        authority = try PracticeAuthority()
        signer = try authority.signer("in:asha-shelter")
        reader = try authority.reader("bd:setu")
        from = try #require(MemberID("in:asha-shelter"))
        to = try #require(MemberID("bd:setu"))
        caseID = try #require(CaseID("0a4f5c1d9b7e42d38c6a1f0e5d4b3c2a"))
    }

    func label(_ kind: PartKind = .form) -> PartLabel { PartLabel(from: from, to: to, caseID: caseID, kind: kind) }

    func slip(parts: [PartReference] = [], at: Int64 = 1_767_225_600) -> Slip {
        Slip(
            type: .step, lane: .normal, from: from,
            to: [Addressee(member: to, certificate: reader.certificate.id, epoch: 1, sequence: 1)],
            caseID: caseID, profile: ProfileReference(id: "in-bd-repatriation", version: "0.4.0", digest: .sha256([1])),
            steps: [Event(code: "REFERRAL_OFFER")], parts: parts, at: Instant(seconds: at),
            expires: Instant(seconds: at + 86_400))
    }

    func directory(_ digest: Digest) -> Certificate? { digest == signer.certificate.id ? signer.certificate : nil }
}

func error(_ body: () throws -> some Any) -> SealingError.Code? {
    do {
        _ = try body()
        return nil
    } catch let error as SealingError {
        return error.code
    } catch {
        return nil
    }
}
