// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// A signature of a note that a known key verifies.
public struct VerifiedSignature: Hashable, Sendable {
    public let key: VerifierKey
    /// When a witness cosigned, by its clock; `nil` for a log.
    public let time: Instant?
}
