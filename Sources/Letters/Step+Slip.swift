// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

extension Step {
    /// A slip as the procedure sees it: the one mapping that broker, node and auditor use.
    ///
    /// - Parameters:
    ///   - id: the slip's id.
    ///   - roles: what the directory in force gives the sender.
    ///   - opened: the sealed steps, where this judge has read them (their digest compared with the slip's).
    ///   - isVoid: whether a signed refusal or notice says that it does not count.
    public init(id: LetterID, slip: Slip, roles: Set<String>, opened: SealedSteps? = nil, isVoid: Bool = false) {
        let sealed: Step.Sealed =
            if let opened { .opened(opened.events) } else if slip.sealed != nil { .unknown } else { .none }
        let isOpened = slip.type == .receipt && slip.about?.state != .acted
        self.init(
            id: id, parents: slip.ancestors, previous: slip.previous, root: slip.root, from: slip.from, roles: roles,
            to: slip.to.map(\.member), at: slip.at, lane: slip.lane,
            profile: slip.profile?.digest ?? Self.noProfile, shown: slip.steps, sealed: sealed,
            requires: Array(Set(slip.requires + (opened?.requires ?? []))).sorted(),
            parts: slip.parts.map { PartClaim(recipient: $0.recipient, tier: $0.tier, basis: $0.basis) },
            opened: isOpened ? slip.about?.letter : nil, isVoid: isVoid)
    }

    /// Receipts, refusals and notices are made under no profile.
    private static var noProfile: Digest {
        Digest(Array(repeating: 0, count: 32)) ?? { preconditionFailure("32 bytes") }()
    }
}
