// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// What lies in a part. Protocols/Letter-CMS.md §5.
public enum PartKind: String, Hashable, Sendable, CaseIterable {
    /// All events of the letter, with the facts that brokers may not see.
    case steps
    /// A form.
    case form
    /// One piece of an attachment.
    case piece
}

/// The header inside a seal: it repeats what the slip says, so that a sealed part cannot be forwarded under another
/// name.
public struct PartLabel: Hashable, Sendable {
    public var from: MemberID
    public var to: MemberID
    public var caseID: CaseID
    public var kind: PartKind

    public init(from: MemberID, to: MemberID, caseID: CaseID, kind: PartKind) {
        self.from = from
        self.to = to
        self.caseID = caseID
        self.kind = kind
    }

    /// Canonical JSON with the content's length.
    func header(length: Int) -> [UInt8] {
        CanonicalJSON.write(
            .object([
                "case": .string(caseID.text), "from": .string(from.text), "kind": .string(kind.rawValue),
                "length": .integer(Int64(length)),
                "to": .string(to.text),
            ]))
    }
}
