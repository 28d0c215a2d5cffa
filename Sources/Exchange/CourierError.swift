// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why letters could not be written to, or read from, a stick or a directory.
public struct CourierError: Error, Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        /// Not a shipment of Courier.md: a name, a size, a digest, an archive. Trying again changes nothing.
        case malformed = "courier.malformed"
        /// Sealed to another member or another key.
        case cannotOpen = "courier.cannot-open"
        /// The stick or disk is full; what was complete stays.
        case full = "courier.full"
        /// What is to be written is there already.
        case exists = "courier.exists"
        /// The stick or disk failed, or may not be read.
        case io = "courier.io"
    }

    public let code: Code
    /// For our own log: the rule or the system's error number; never a value from the stick.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
