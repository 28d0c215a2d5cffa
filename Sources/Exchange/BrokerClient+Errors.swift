// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import HTTPTypes
internal import Letters
internal import MessageStore
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

extension BrokerClient {
    static let oddAnswer = ExchangeError(.badAnswer, "not an answer of Exchange.md")

    /// What a broken call means. Causes are told apart only as far as the caller acts on them.
    static func mapped(_ error: any Error) -> any Error {
        switch error {
        case is CancellationError, is ExchangeError: return error
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            return ExchangeError(.notTrusted, "TLS was refused by one of the two sides")
        case let error as HTTPClientError where error == .cancelled: return CancellationError()
        case let error as HTTPClientError where error == .tlsHandshakeTimeout:
            return ExchangeError(.unreachable, "no TLS handshake in time")
        case is HTTPClientError: return ExchangeError(.unreachable, "the line broke or was too slow")
        case is HTTPParserError: return ExchangeError(.badAnswer, "not HTTP")
        default: return ExchangeError(.unreachable, "no connection")
        }
    }

    static func reading<Value>(_ read: () throws(LetterError) -> Value) throws(ExchangeError) -> Value {
        do { return try read() } catch { throw ExchangeError(.badAnswer, error.reason) }
    }

    /// A refusal is known by its status; its code, if it is one of ours, makes it finer.
    static func refusal(_ response: HTTPClientResponse) async throws -> any Error {
        var body: [UInt8] = []
        do {
            for try await buffer in response.body {
                guard body.count + buffer.readableBytes <= BrokerClientLimits.refusalBytes else { return oddAnswer }
                body.append(contentsOf: buffer.readableBytesView)
            }
        } catch { return mapped(error) }
        let candidates = ExchangeFault.allCases.filter { $0.status.code == Int(response.status.code) }
        return (candidates.first { $0.body == body } ?? candidates.first)?.error ?? oddAnswer
    }
}

extension HTTPClientResponse {
    var type: String? { headers.first(name: "content-type") }
}

extension ExchangeRoute {
    var httpMethod: HTTPMethod {
        switch self {
        case .pushLetters, .acknowledge, .slips, .addCheckpoint, .mirror: .POST
        case .putPart: .PUT
        case .partState: .HEAD
        case .getPart, .mailbox, .changes, .documents, .logProof, .mirrored, .recordedCheckpoint,
            .cosignedCheckpoint:
            .GET
        }
    }
}
