// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure

/// A letter that was judged admissible and whose parts are covered, before anything is sealed.
struct LetterPlan {
    /// One form and those who get it.
    struct FormPart {
        /// With `attach:NAME` in place of commitments.
        var form: Form
        var attachments: [String: AttachmentOrigin]
        var tier: Tier
        var basis: Basis
        var recipients: [MemberID]
    }

    var lane: Lane
    var events: [Event]
    /// Letters that the events rely on.
    var requires: [LetterID]
    var addressees: [MemberID]
    var stepsTier: Tier
    var forms: [FormPart]
    var profile: Profile
    var verdict: Verdict

    /// What the slip will say of the parts, as far as the procedure judges it.
    var claims: [PartClaim] {
        addressees.map { PartClaim(recipient: $0, tier: stepsTier, basis: .custody) }
            + forms.flatMap { form in
                form.recipients.flatMap { recipient in
                    Array(
                        repeating: PartClaim(recipient: recipient, tier: form.tier, basis: form.basis),
                        count: 1 + form.attachments.count)
                }
            }
    }
}

/// An attachment that lies sealed to one recipient, and at rest here.
struct PreparedAttachment {
    var recipient: MemberID
    var reference: PartReference
    var list: [UInt8]
    /// The sealed pieces in order, already files.
    var pieces: [(digest: Digest, size: Int)]
    /// Name of the copy at rest.
    var file: Digest
    var byteCount: Int64
}
