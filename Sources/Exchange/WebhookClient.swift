// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Cryptography
internal import MessageStore
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Tells a program of the own organisation that something waits: one fixed body, signed. Protocols/Notices.md section 5.
public struct WebhookClient: Sendable {
    /// All that it ever says.
    public static let body = #"{"notice":"something-waits"}"#

    private let url: String
    private let key: [UInt8]
    private let root: String?

    /// - Parameters:
    ///   - url: `https`.
    ///   - root: PEM file of the one root to trust; `nil` for the system's.
    public init(url: String, key: [UInt8], root: String?) {
        self.url = url
        self.key = key
        self.root = root
    }

    /// - Parameter seconds: since 1970, signed with the body.
    /// - Throws: `ExchangeError` `.unreachable`, `.notTrusted`, `.badAnswer`.
    public func tell(at seconds: Int64) async throws {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        var tls = TLSConfiguration.makeClientConfiguration()
        if let root { tls.trustRoots = .file(root) }
        configuration.tlsConfiguration = tls
        let code = HMACSHA256.code(Array("\(seconds).\(Self.body)".utf8), key: key)
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(
            name: "kheya-signature",
            value: "t=\(seconds),v1=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        request.body = .bytes(ByteBuffer(string: Self.body))
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let response = try await client.execute(request, timeout: .seconds(30))
            guard (200..<300).contains(response.status.code) else {
                throw ExchangeError(.badAnswer, "the webhook answered \(response.status.code)")
            }
        } catch {
            try? await client.shutdown()
            throw BrokerClient.mapped(error)
        }
        try await client.shutdown()
    }
}
