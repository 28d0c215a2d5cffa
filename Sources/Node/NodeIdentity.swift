// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure
public import Sealing

/// Who this node is, and the keys it uses.
public struct NodeIdentity: Sendable {
    public let member: MemberID
    public let signing: SigningIdentity
    /// Newest first; older ones open what is still on its way.
    public let sealing: [SealingIdentity]

    public init(member: MemberID, signing: SigningIdentity, sealing: [SealingIdentity]) {
        self.member = member
        self.signing = signing
        self.sealing = sealing
    }
}
