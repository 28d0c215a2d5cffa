// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Why a request got no page of its own: each has a page that says what to do, in the reader's language.
public enum WebFault: Error, Sendable, Hashable {
    /// No such page here, or none that this person may know of.
    case notFound
    /// The role may not do this.
    case forbidden
    /// Not a request of one of our pages.
    case badRequest
    /// Posted from elsewhere, or by a page of an earlier sign-in.
    case staleForm
    /// More than a form holds.
    case tooLarge
    /// Too many people sign in at once.
    case tooMany
    /// One is being verified already: one at a time.
    case verifying
    /// The procedure of a case is not here, the disk is full, the database busy.
    case unavailable
    /// A fault of the program; the log has its kind.
    case failed

    var status: Int {
        switch self {
        case .notFound: 404
        case .forbidden, .staleForm: 403
        case .badRequest: 400
        case .tooLarge: 413
        case .tooMany, .verifying: 429
        case .unavailable: 503
        case .failed: 500
        }
    }

    var word: Word {
        switch self {
        case .notFound: .faultNotFound
        case .forbidden: .faultForbidden
        case .badRequest: .faultBadRequest
        case .staleForm: .faultStaleForm
        case .tooLarge: .faultTooLarge
        case .tooMany: .faultTooMany
        case .verifying: .faultVerifying
        case .unavailable: .faultUnavailable
        case .failed: .faultFailed
        }
    }
}
