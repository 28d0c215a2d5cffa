// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A directory or profile letter with the file that its slip names by digest.
public struct SignedDocument: Hashable, Sendable {
    /// `slip.p7s`, DER.
    public var slip: [UInt8]
    public var file: [UInt8]

    public init(slip: [UInt8], file: [UInt8]) {
        self.slip = slip
        self.file = file
    }
}
