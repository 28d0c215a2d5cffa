// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
public import Cryptography
public import Letters
public import Logging
public import MessageStore
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import Procedure
public import TransparencyLog

/// A broker at the other end of a line: every call is one or a few HTTP requests over mutual TLS 1.3.
///
/// The broker is known by its chain to a pinned authority's root and by its name in the directory; no name is looked up. Memory is
/// bounded by one batch (4 MiB) a call. Connections are kept for the next call.
///
/// - SeeAlso: Protocols/Exchange.md.
public final class BrokerClient: BrokerConnection {
    private let client: HTTPClient
    private let origin: String
    private let logger: Logger

    /// - Parameters:
    ///   - host: the broker's name in the directory, which its certificate must bear.
    ///   - address: the IP address of the directory; without it `host` is resolved by the system.
    ///   - identity: the own link certificate and key.
    ///   - roots: the pinned authorities' certificates; no other is trusted.
    public init(
        host: String, address: String?, port: Int, identity: LinkIdentity, roots: [Certificate], logger: Logger
    ) throws {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try LinkTLS.client(identity, roots: roots), redirectConfiguration: .disallow,
            timeout: .init(
                connect: .seconds(BrokerClientLimits.connectSeconds), read: .seconds(BrokerClientLimits.silenceSeconds),
                write: .seconds(BrokerClientLimits.silenceSeconds)),
            connectionPool: .init(
                idleTimeout: .seconds(BrokerClientLimits.idleSeconds),
                concurrentHTTP1ConnectionsPerHostSoftLimit: BrokerClientLimits.connections))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        if let address { configuration.dnsOverride = [host: address] }
        client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
        origin = "https://\(host):\(port)"
        self.logger = logger
    }

    /// Closes all connections. The client is of no further use, and must be shut down before it is let go.
    public func shutdown() async throws { try await client.shutdown() }

    // MARK: Letters

    /// Letters go in batches of at most 256 and 4 MiB. A part that does not fit stays behind: the answer names it, put it then.
    public func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome] {
        guard context.count <= ExchangeLimits.batchContext else {
            throw ExchangeError(.badRequest, "too many ancestors")
        }
        guard !letters.isEmpty || !context.isEmpty else { return [] }
        // Ancestors that would leave letters no room go ahead by themselves; so does a stop's slip that goes with no letter at all.
        var archive = BundleArchive()
        for ancestor in context {
            if archive.size + BundleArchive.cost(of: ancestor) > ExchangeLimits.batchBytes / 2 {
                _ = try await push(archive, count: 0)
                archive = BundleArchive()
            }
            archive.add(ancestor)
        }
        var outcomes: [PushOutcome] = []
        repeat {
            let first = outcomes.count
            var next = first
            while next < letters.count, next - first < ExchangeLimits.batchLetters,
                archive.size + BundleArchive.cost(of: letters[next]) <= ExchangeLimits.batchBytes
            {
                _ = archive.add(letters[next], room: ExchangeLimits.batchBytes)
                next += 1
            }
            guard next > first || letters.isEmpty else { throw ExchangeError(.badRequest, "a slip over its limit") }
            outcomes += try await push(archive, count: next - first)
            archive = BundleArchive()
        } while outcomes.count < letters.count
        return outcomes
    }

    private func push(_ archive: BundleArchive, count: Int) async throws -> [PushOutcome] {
        let answer = try await json(.pushLetters, body: archive.bytes, limit: ExchangeLimits.answerBytes)
        return try Self.reading { () throws(LetterError) in try PushAnswer.read(answer, count: count) }
    }

    public func pull(limit: Int, waitSeconds: Int) async throws -> [Delivery] {
        let limit = min(max(1, limit), ExchangeLimits.batchLetters)
        let wait = min(max(0, waitSeconds), ExchangeLimits.waitSeconds)
        let items = try await archive(
            .mailbox(limit: limit, wait: wait), body: nil, limits: ExchangeLimits.batch, waitSeconds: wait)
        return try items.map {
            guard case .letter(let bundle, nil, let remaining) = $0 else {
                throw ExchangeError(.badAnswer, "a mailbox holds letters")
            }
            return Delivery(letter: bundle, remaining: remaining)
        }
    }

    public func acknowledge(_ letters: [LetterID]) async throws {
        for start in stride(from: 0, to: letters.count, by: ExchangeLimits.requestIDs) {
            let body = LetterList.write(Array(letters[start..<min(start + ExchangeLimits.requestIDs, letters.count)]))
            let response = try await execute(.acknowledge, body: body)
            guard response.status == .noContent else { throw Self.oddAnswer }
        }
    }

    public func changes() async throws -> Int64 {
        let answer = try await json(.changes, body: nil, limit: ExchangeLimits.jsonBytes)
        return try Self.reading { () throws(LetterError) in try ChangesAnswer.read(answer) }
    }

    public func logProof(of origin: String, from: Int64, to: Int64) async throws -> ConsistencyProof {
        let answer = try await json(
            .logProof(origin: origin, from: from, to: to), body: nil, limit: ExchangeLimits.jsonBytes)
        return try Self.reading { () throws(LetterError) in try ProofAnswer.read(answer) }
    }

    public func addCheckpoint(_ request: [UInt8]) async throws -> (status: Int, body: [UInt8]) {
        let response = try await execute(
            .addCheckpoint, body: request, isTaken: { [400, 403, 404, 409, 422, 503].contains($0) })
        return (
            Int(response.status.code), try await Self.collect(response, limit: LogLimits.noteBytes)
        )
    }

    public func mirror(_ leaves: [Digest], from first: Int64) async throws -> Int64 {
        let answer = try await json(
            .mirror(from: first), body: LeafList.write(leaves), limit: ExchangeLimits.jsonBytes)
        return try Self.reading { () throws(LetterError) in try ChangesAnswer.read(answer) }
    }

    public func mirrored(from first: Int64) async throws -> [Digest] {
        let bytes = try await bytes(.mirrored(from: first), limit: ExchangeLimits.leavesBytes)
        guard let leaves = LeafList.read(bytes) else { throw Self.oddAnswer }
        return leaves
    }

    public func recordedCheckpoint() async throws -> [UInt8]? { try await note(.recordedCheckpoint) }

    public func cosignedCheckpoint() async throws -> [UInt8]? { try await note(.cosignedCheckpoint) }

    private func note(_ route: ExchangeRoute) async throws -> [UInt8]? {
        do {
            return try await bytes(route, limit: LogLimits.noteBytes)
        } catch let error as ExchangeError where error.code == .notFound {
            return nil
        }
    }

    /// Asks again for what did not fit into one answer, as long as each answer brings something.
    public func slips(_ letters: [LetterID]) async throws -> [ContextLetter] {
        var contexts: [ContextLetter] = []
        for start in stride(from: 0, to: letters.count, by: ExchangeLimits.requestIDs) {
            var wanted = Array(letters[start..<min(start + ExchangeLimits.requestIDs, letters.count)])
            while !wanted.isEmpty {
                let items = try await archive(.slips, body: LetterList.write(wanted), limits: ExchangeLimits.slips)
                var size = 0
                for item in items {
                    guard case .context(let ancestor) = item else { throw Self.oddAnswer }
                    contexts.append(ancestor)
                    size += BundleArchive.cost(of: ancestor)
                    wanted.removeAll { $0 == ancestor.id }
                }
                // A full answer may have left some out; any other has left out what is unknown.
                guard !items.isEmpty, size + 3 * LetterArchiveLimits.slipBytes > ExchangeLimits.batchBytes else {
                    break
                }
            }
        }
        return contexts
    }

    public func documents() async throws -> [SignedFile] {
        try await archive(.documents, body: nil, limits: ExchangeLimits.signedFiles).map {
            guard case .letter(let bundle, let file?, _) = $0 else {
                throw ExchangeError(.badAnswer, "documents have files")
            }
            return SignedFile(slip: bundle.slip, file: file)
        }
    }

    // MARK: Parts

    public func partState(_ digest: Digest) async throws -> PartState {
        try Self.state(of: try await execute(.partState(digest), body: nil))
    }

    public func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) async throws -> PartState {
        guard !bytes.isEmpty, offset >= 0, offset + bytes.count <= size, size <= ExchangeLimits.partBytes else {
            throw ExchangeError(.badRequest, "not bytes of a part file")
        }
        let range = ContentRange(offset: offset, count: bytes.count, size: size)
        return try Self.state(
            of: try await execute(.putPart(digest), body: bytes, headers: [("content-range", range.text)]))
    }

    /// A line that breaks in the middle gives what came: ask again from there.
    public func part(_ digest: Digest, offset: Int, count: Int) async throws -> (bytes: [UInt8], size: Int) {
        guard count > 0, offset >= 0 else { throw ExchangeError(.badRequest, "no bytes asked for") }
        let asked = RequestRange(offset: offset, count: min(count, ExchangeLimits.partBytes))
        let response = try await execute(.getPart(digest), body: nil, headers: [("range", asked.text)])
        guard response.status == .partialContent, response.type == MediaType.part,
            let range = response.headers.first(name: "content-range").flatMap(ContentRange.init),
            range.offset == offset,
            range.count <= asked.count
        else { throw Self.oddAnswer }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        do {
            for try await buffer in response.body {
                guard bytes.count + buffer.readableBytes <= range.count else { throw Self.oddAnswer }
                bytes.append(contentsOf: buffer.readableBytesView)
            }
        } catch  where !bytes.isEmpty && !(error is ExchangeError) && !(error is CancellationError) {
            logger.debug("exchange.cut", metadata: ["bytes": "\(bytes.count)"])
        } catch { throw Self.mapped(error) }
        return (bytes, range.size)
    }

    // MARK: One request

    private func execute(
        _ route: ExchangeRoute, body: [UInt8]?, headers: [(String, String)] = [], waitSeconds: Int = 0,
        isTaken: (UInt) -> Bool = { _ in false }
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: origin + route.target)
        request.method = route.httpMethod
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body, let type = route.body?.type {
            request.headers.add(name: "content-type", value: type)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response: HTTPClientResponse
        do {
            let seconds = BrokerClientLimits.callSeconds + waitSeconds
            response = try await client.execute(request, timeout: .seconds(Int64(seconds)))
        } catch { throw Self.mapped(error) }
        guard (200..<300).contains(response.status.code) || isTaken(response.status.code) else {
            throw try await Self.refusal(response)
        }
        return response
    }

    private func json(_ route: ExchangeRoute, body: [UInt8]?, limit: Int) async throws -> [UInt8] {
        let response = try await execute(route, body: body)
        guard response.status == .ok, response.type == MediaType.json else { throw Self.oddAnswer }
        return try await Self.collect(response, limit: limit)
    }

    private func bytes(_ route: ExchangeRoute, limit: Int) async throws -> [UInt8] {
        let response = try await execute(route, body: nil)
        guard response.status == .ok, response.type == MediaType.part else { throw Self.oddAnswer }
        return try await Self.collect(response, limit: limit)
    }

    /// Reads an archive as it comes.
    private func archive(
        _ route: ExchangeRoute, body: [UInt8]?, limits: LetterArchiveLimits, waitSeconds: Int = 0
    ) async throws -> [BundleCollector.Item] {
        let response = try await execute(route, body: body, waitSeconds: waitSeconds)
        guard response.status == .ok, response.type == MediaType.archive else { throw Self.oddAnswer }
        var reader = LetterArchiveReader(limits: limits)
        var collector = BundleCollector()
        do {
            for try await buffer in response.body {
                try reader.feed(buffer.readableBytesView) { event throws(LetterError) in try collector.take(event) }
            }
            try reader.finish()
        } catch let error as LetterError {
            throw ExchangeError(.badAnswer, error.reason)
        } catch { throw Self.mapped(error) }
        collector.finish()
        return collector.removeItems()
    }

    static func collect(_ response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await buffer in response.body {
                guard bytes.count + buffer.readableBytes <= limit else {
                    throw ExchangeError(.badAnswer, "an answer over its limit")
                }
                bytes.append(contentsOf: buffer.readableBytesView)
            }
        } catch { throw mapped(error) }
        return bytes
    }

    private static func state(of response: HTTPClientResponse) throws(ExchangeError) -> PartState {
        guard let text = response.headers.first(name: "upload-offset"),
            let offset = ExchangeRoute.number(text, most: ExchangeLimits.partBytes)
        else { throw oddAnswer }
        switch response.headers.first(name: "upload-complete") {
        case "?1": return .stored(offset)
        case "?0": return offset == 0 ? .missing : .partial(offset)
        default: throw oddAnswer
        }
    }
}

/// Bounds on how long a broker may keep us. Protocols/Exchange.md §7.
enum BrokerClientLimits {
    /// To connect, TLS included.
    static let connectSeconds: Int64 = 15
    /// Of silence within a call; a mailbox may wait 55 s.
    static let silenceSeconds: Int64 = 75
    /// Of a call, besides what a mailbox waits: 4 MiB on a line of 7 KB/s. *Assumed.*
    static let callSeconds = 600
    /// A connection without work; below the server's 60 s, so that no request meets a connection that is just being closed.
    static let idleSeconds: Int64 = 30
    /// Calls at once; more wait.
    static let connections = 16
    /// Of a refusal's body.
    static let refusalBytes = 4_096
}
