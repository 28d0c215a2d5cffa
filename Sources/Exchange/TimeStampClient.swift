// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
public import Cryptography
internal import Foundation
public import MessageStore
internal import NIOCore
internal import NIOHTTP1

/// Asks a time-stamping authority: RFC 3161 over HTTP, Protocols/Log.md section 5.5.
///
/// The line is not trusted, the token is verified: plain HTTP, as most authorities offer it, loses nothing but the privacy of a digest.
public struct TimeStampClient: Sendable {
    private let url: String
    private let authority: TimeStampAuthority

    /// - Parameters:
    ///   - url: `http` or `https`, with a host, without a password.
    ///   - authority: its chain; a token of anybody else is refused.
    /// - Throws: ``ExchangeError`` `.badRequest` for another kind of address.
    public init(url: String, authority: TimeStampAuthority) throws(ExchangeError) {
        guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme),
            parts.host?.isEmpty == false, parts.user == nil, parts.password == nil, parts.fragment == nil
        else { throw ExchangeError(.badRequest, "an authority's address is http:// or https://, a host and a path") }
        self.url = url
        self.authority = authority
    }

    /// - Parameter digest: SHA-256 of the file to stamp.
    /// - Throws: ``ExchangeError`` `.unreachable`, `.badAnswer`; ``CryptographyError`` for a token that is not this authority's word
    ///   about this digest.
    public func stamp(_ digest: [UInt8]) async throws -> TimeStamp {
        let query = try TimeStamp.Query(digest: digest)
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/timestamp-query")
        request.body = .bytes(ByteBuffer(bytes: query.bytes))
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let answer: [UInt8]
        do {
            let response = try await client.execute(request, timeout: .seconds(30))
            guard response.status == .ok, response.type == "application/timestamp-reply" else {
                throw ExchangeError(.badAnswer, "the time-stamping authority answered \(response.status.code)")
            }
            answer = try await BrokerClient.collect(response, limit: TimeStamp.limit)
        } catch {
            try? await client.shutdown()
            throw BrokerClient.mapped(error)
        }
        try await client.shutdown()
        return try TimeStamp(reading: answer, over: digest, by: authority, answering: query)
    }
}
