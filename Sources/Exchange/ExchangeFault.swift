// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Letters
internal import MessageStore

/// Why a request is not answered as asked: a status, a code and a fixed text. Nothing a peer sent comes back to it.
///
/// - SeeAlso: Protocols/Exchange.md §5.
enum ExchangeFault: String, Error, CaseIterable {
    case badRequest = "bad-request"
    case forbidden
    case expired
    case notFound = "not-found"
    case method
    case tooSlow = "too-slow"
    case lengthRequired = "length-required"
    case tooLarge = "too-large"
    case mediaType = "media-type"
    case range
    case tooMany = "too-many"
    case headTooLarge = "head-too-large"
    case `internal`
    case busy

    var status: HTTPResponse.Status {
        switch self {
        case .badRequest: .badRequest
        case .forbidden, .expired: .forbidden
        case .notFound: .notFound
        case .method: .methodNotAllowed
        case .tooSlow: .requestTimeout
        case .lengthRequired: .lengthRequired
        case .tooLarge: .contentTooLarge
        case .mediaType: .unsupportedMediaType
        case .range: .rangeNotSatisfiable
        case .tooMany: .tooManyRequests
        case .headTooLarge: .requestHeaderFieldsTooLarge
        case .internal: .internalServerError
        case .busy: .serviceUnavailable
        }
    }

    var text: String {
        switch self {
        case .badRequest: "This is not a request of Exchange.md."
        case .forbidden: "This certificate may not ask this."
        case .expired: "Certificate or directory has expired: fetch the documents, then renew."
        case .notFound: "There is nothing of this name here."
        case .method: "This name does not know that method."
        case .tooSlow: "The request came too slowly."
        case .lengthRequired: "A body needs its Content-Length."
        case .tooLarge: "The body is larger than Exchange.md allows."
        case .mediaType: "The body is not of the type that this name takes."
        case .range: "The file does not reach that far."
        case .tooMany: "Too many requests of one peer at once."
        case .headTooLarge: "The head is larger than Exchange.md allows."
        case .internal: "The broker has failed; its operator can see why."
        case .busy: "The broker has no room now: try again later."
        }
    }

    /// Seconds until trying again makes sense.
    var retryAfter: Int? { self == .tooMany || self == .busy ? 2 : nil }

    var body: [UInt8] {
        CanonicalJSON.write(.object(["code": .string(rawValue), "text": .string(text), "v": .integer(1)]))
    }

    /// How a broker's error looks from outside.
    init(_ error: ExchangeError) {
        switch error.code {
        case .forbidden, .notTrusted: self = .forbidden
        case .expired: self = .expired
        case .badRequest: self = .badRequest
        case .notFound: self = .notFound
        case .busy, .unreachable: self = .busy
        case .badAnswer: self = .internal
        }
    }

    /// What a client makes of it.
    var error: ExchangeError {
        switch self {
        case .forbidden: ExchangeError(.forbidden, "the broker refuses this certificate")
        case .expired: ExchangeError(.expired, "certificate or directory has expired")
        case .notFound: ExchangeError(.notFound, "not at the broker")
        case .tooSlow, .tooMany, .busy, .internal: ExchangeError(.busy, "the broker answers \(rawValue)")
        case .badRequest, .method, .lengthRequired, .tooLarge, .mediaType, .range, .headTooLarge:
            ExchangeError(.badRequest, "the broker answers \(rawValue)")
        }
    }
}
