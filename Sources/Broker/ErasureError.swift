// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why an erasure is not carried out. Nothing was changed.
public struct ErasureError: Error, Sendable, Equatable {
    /// Protocols/Queue.md §13.
    public enum Code: String, Sendable, CaseIterable {
        /// No such letter here, or no step that orders anything of this log.
        case noOrder = "erasure.no-order"
        /// The order waits, was refused, or is flagged.
        case notAdmitted = "erasure.not-admitted"
        /// It was carried out before.
        case done = "erasure.done"
        /// An addressee that is served here has not said *valid* yet.
        case unanswered = "erasure.unanswered"
        /// An addressee has said why not: a hold that only it can see, for example. The reason is its code.
        case objected = "erasure.objected"
        /// What was ordered are other leaves than those that the case has here.
        case otherLeaves = "erasure.other-leaves"
        /// Letters of the case are still on their way.
        case open = "erasure.open"
        /// Of a record: no order in the case itself that erased its content, under its own guards; or something urgent has come since.
        case contentFirst = "erasure.content-first"
        /// The minimum retention of the case's profile has not passed.
        case retention = "erasure.retention"
    }

    public let code: Code
    /// Codes, ids, times and counts only.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
