// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Sealing

/// The plaintext of a part that a holder showed to the auditor.
///
/// ```
/// salt (32) ‖ header length (4, big-endian) ‖ header ‖ content ‖ zeros
/// ```
///
/// - SeeAlso: Protocols/Letter-CMS.md §5.1.
struct DisclosedPart {
    let from: MemberID
    let to: MemberID
    let caseID: CaseID
    let kind: PartKind
    let content: [UInt8]

    /// - Returns: `nil` for anything that no sealer writes.
    init?(_ plain: [UInt8]) {
        guard plain.count > 36 else { return nil }
        let length = plain[32..<36].reduce(0) { $0 << 8 | Int($1) }
        guard length > 0, length <= SealingLimits.headerBytes, plain.count >= 36 + length,
            let object = try? CanonicalJSON.read(Array(plain[36..<(36 + length)]), limits: .slip)
        else { return nil }
        var fields = FieldReader(object, place: "header", failure: .malformed)
        guard let from = try? fields.member("from"), let to = try? fields.member("to"),
            let caseID = try? fields.caseID("case"), let kind = try? fields.code("kind", PartKind.self),
            let count = try? fields.integer("length"), (try? fields.finish()) != nil,
            count <= Int64(plain.count - 36 - length)
        else { return nil }
        let end = 36 + length + Int(count)
        guard plain[end...].allSatisfy({ $0 == 0 }) else { return nil }
        self.from = from
        self.to = to
        self.caseID = caseID
        self.kind = kind
        content = Array(plain[(36 + length)..<end])
    }
}
