// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import HummingbirdCore
internal import Letters
internal import Logging
internal import MessageStore
internal import NIOCore
internal import Procedure
internal import Sealing
internal import ServiceLifecycle

/// Maps one HTTP request to one call of a ``BrokerConnection`` and its result to an answer.
///
/// What it holds of a request is bounded by the route's body limit, which is reserved before the first byte is read.
struct ExchangeResponder: Sendable {
    let hosts: Set<String>
    let ledger: ConnectionLedger
    let peer: @Sendable (PeerIdentity) async -> (any BrokerConnection)?
    let logger: Logger

    func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let answer: Answer
        do {
            answer = try await answered(request, channel)
        } catch {
            let fault = self.fault(error)
            // What follows of a body that nobody wants is not read, and a peer that is not known is not kept.
            let isHarmless = [.notFound, .range, .expired, .busy, .tooMany].contains(fault)
            answer = Answer(fault, closes: !isHarmless || request.headers[.contentLength] != nil)
        }
        try await writer.write(response: answer.head, body: answer.body)
    }

    private func fault(_ error: any Error) -> ExchangeFault {
        switch error {
        case let fault as ExchangeFault: return fault
        case let error as ExchangeError:
            logger.debug("exchange.refused", metadata: ["code": "\(error.code.rawValue)"])
            return ExchangeFault(error)
        case is LetterError: return .badRequest
        case is CancellationError: return .busy
        default:
            // The kind alone: an error's words may hold what a peer sent.
            logger.error("exchange.failed", metadata: ["kind": "\(type(of: error))"])
            return .internal
        }
    }

    private func answered(_ request: Request, _ channel: any Channel) async throws -> Answer {
        guard let peer = ledger.peer(of: channel) else { throw ExchangeFault.forbidden }
        let route = try ExchangeRoute(method: request.method, target: request.head.path ?? "")
        let length = try checkHead(request, route)
        try ledger.beginRequest(peer)
        defer { ledger.endRequest(peer) }
        let connection = try await connection(of: peer)
        try ledger.reserve(length, for: peer)
        defer { ledger.release(length, of: peer) }
        return try await perform(route, request, Call(peer: peer, channel: channel, length: length, first: connection))
    }

    /// One request under way.
    private struct Call {
        let peer: PeerIdentity
        let channel: any Channel
        /// Of the body.
        let length: Int
        /// For requests without a body; those with one ask again when it is there.
        let first: any BrokerConnection
    }

    private func connection(of peer: PeerIdentity) async throws(ExchangeFault) -> any BrokerConnection {
        guard let connection = await self.peer(peer) else { throw .forbidden }
        return connection
    }

    /// - Returns: The body's length.
    private func checkHead(_ request: Request, _ route: ExchangeRoute) throws(ExchangeFault) -> Int {
        let fields = request.headers
        guard let authority = request.head.authority?.lowercased(),
            hosts.contains(String(authority.prefix { $0 != ":" }))
        else { throw .badRequest }
        guard fields[.contentEncoding] == nil else { throw .mediaType }
        guard fields[.transferEncoding] == nil else { throw .lengthRequired }
        guard let body = route.body else {
            guard fields[.contentLength].map({ $0 == "0" }) ?? true else { throw .badRequest }
            return 0
        }
        guard let length = fields[.contentLength] else { throw .lengthRequired }
        guard fields[.contentType] == body.type else { throw .mediaType }
        guard let count = ExchangeRoute.number(length, most: .max) else { throw .badRequest }
        guard count <= body.bytes else { throw .tooLarge }
        return count
    }

    private func perform(_ route: ExchangeRoute, _ request: Request, _ call: Call) async throws -> Answer {
        switch route {
        case .pushLetters: return try await push(request, call)
        case .partState(let digest): return Answer(state: try await call.first.partState(digest), isHead: true)
        case .putPart(let digest): return try await put(digest, request, call)
        case .getPart(let digest): return try await get(digest, request, call)
        case .mailbox(let limit, let wait): return try await pull(limit: limit, wait: wait, call)
        case .acknowledge:
            let letters = try LetterList.read(try await body(request, call))
            try await connection(of: call.peer).acknowledge(letters)
            return Answer(status: .noContent)
        case .changes: return Answer(json: ChangesAnswer.write(try await call.first.changes()))
        case .slips:
            let letters = try LetterList.read(try await body(request, call))
            var archive = BundleArchive()
            for context in try await connection(of: call.peer).slips(letters).prefix(ExchangeLimits.batchContext) {
                // What does not fit is asked for again: ids that are left out are unknown or too many.
                guard archive.size + BundleArchive.cost(of: context) <= ExchangeLimits.batchBytes else { break }
                archive.add(context)
            }
            return Answer(archive: archive)
        case .logProof(let origin, let from, let to):
            return Answer(json: ProofAnswer.write(try await call.first.logProof(of: origin, from: from, to: to)))
        case .addCheckpoint:
            let request = try await body(request, call)
            let (status, body) = try await connection(of: call.peer).addCheckpoint(request)
            return Answer(witness: status, body: body)
        case .mirror(let from):
            let bytes = try await body(request, call)
            guard let leaves = LeafList.read(bytes) else { throw ExchangeFault.badRequest }
            return Answer(json: ChangesAnswer.write(try await connection(of: call.peer).mirror(leaves, from: from)))
        case .mirrored(let from): return Answer(bytes: LeafList.write(try await call.first.mirrored(from: from)))
        case .recordedCheckpoint:
            guard let note = try await call.first.recordedCheckpoint() else { throw ExchangeFault.notFound }
            return Answer(bytes: note)
        case .cosignedCheckpoint:
            guard let note = try await call.first.cosignedCheckpoint() else { throw ExchangeFault.notFound }
            return Answer(bytes: note)
        case .documents:
            var archive = BundleArchive()
            for document in try await call.first.documents() {
                guard let id = try? Gate.slip(document.slip).contentDigest else { throw ExchangeFault.internal }
                archive.add(.slip(id), document.slip)
                archive.add(.file(id), document.file)
            }
            guard archive.size <= ExchangeLimits.documentsBytes else { throw ExchangeFault.internal }
            return Answer(archive: archive)
        }
    }

    // MARK: Bodies

    /// Hands over a body's bytes as they come; a line that breaks is a request that was not made.
    private func each(_ request: Request, _ take: (ByteBufferView) throws -> Void) async throws {
        do {
            for try await buffer in request.body { try take(buffer.readableBytesView) }
        } catch let error where error is ExchangeFault || error is LetterError || error is CancellationError {
            throw error
        } catch { throw ExchangeFault.badRequest }
    }

    private func body(_ request: Request, _ call: Call) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(call.length)
        try await each(request) { bytes.append(contentsOf: $0) }
        guard bytes.count == call.length else { throw ExchangeFault.badRequest }
        return bytes
    }

    private func push(_ request: Request, _ call: Call) async throws -> Answer {
        var reader = LetterArchiveReader(limits: ExchangeLimits.batch)
        var collector = BundleCollector()
        try await each(request) { bytes in
            try reader.feed(bytes) { event throws(LetterError) in try collector.take(event) }
        }
        try reader.finish()
        collector.finish()
        var letters: [LetterBundle] = []
        var context: [ContextLetter] = []
        for item in collector.removeItems() {
            switch item {
            case .letter(let bundle, nil, _): letters.append(bundle)
            case .letter: throw ExchangeFault.badRequest  // documents come from authorities, not by push
            case .context(let ancestor): context.append(ancestor)
            }
        }
        guard letters.count <= ExchangeLimits.batchLetters, context.count <= ExchangeLimits.batchContext else {
            throw ExchangeFault.tooLarge
        }
        let outcomes = try await connection(of: call.peer).push(letters, context: context)
        guard outcomes.count == letters.count else { throw ExchangeFault.internal }
        return Answer(json: PushAnswer.write(outcomes))
    }

    /// Hands over what came, also when the line breaks in the middle: the sender goes on from there.
    private func put(_ digest: Digest, _ request: Request, _ call: Call) async throws -> Answer {
        guard let range = request.headers[.contentRange].flatMap(ContentRange.init), range.count == call.length else {
            throw ExchangeFault.badRequest
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var broken: (any Error)?
        do {
            try await each(request) { bytes.append(contentsOf: $0) }
        } catch { broken = error }
        let connection = try await connection(of: call.peer)
        if bytes.count < range.count {
            if !bytes.isEmpty {
                _ = try await connection.putPart(digest, offset: range.offset, bytes: bytes, size: range.size)
            }
            throw broken ?? ExchangeFault.badRequest
        }
        return Answer(state: try await connection.putPart(digest, offset: range.offset, bytes: bytes, size: range.size))
    }

    private func get(_ digest: Digest, _ request: Request, _ call: Call) async throws -> Answer {
        guard let range = request.headers[.range].flatMap(RequestRange.init) else { throw ExchangeFault.badRequest }
        let (bytes, size) = try await call.first.part(digest, offset: range.offset, count: range.count)
        guard bytes.count <= range.count else { throw ExchangeFault.internal }
        guard !bytes.isEmpty else { throw ExchangeFault.range }
        return Answer(bytes: bytes, range: ContentRange(offset: range.offset, count: bytes.count, size: size))
    }

    // MARK: Mailbox

    private func pull(limit: Int, wait: Int, _ call: Call) async throws -> Answer {
        var deliveries = try await call.first.pull(limit: limit, waitSeconds: 0)
        if deliveries.isEmpty, wait > 0 {
            deliveries = try await waitingPull(limit: limit, wait: wait, call)
            // The directory may have changed meanwhile; what was leased for a member that is gone is not handed out.
            _ = try await connection(of: call.peer)
        }
        var archive = BundleArchive()
        for delivery in deliveries.prefix(limit) {
            // What does not fit stays leased, and is handed out again when the lease ends.
            guard archive.add(delivery, room: ExchangeLimits.batchBytes) else { break }
        }
        return Answer(archive: archive)
    }

    /// Waits for letters until there are some, the time is over, the connection goes or the server ends.
    private func waitingPull(limit: Int, wait: Int, _ call: Call) async throws -> [Delivery] {
        let connection = call.first
        let pull = Task { try await connection.pull(limit: limit, waitSeconds: wait) }
        do {
            try ledger.beginWait(call.channel, of: call.peer) { pull.cancel() }
        } catch {
            pull.cancel()
            throw error
        }
        defer { ledger.endWait(call.channel, of: call.peer) }
        return try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await pull.value
            } onGracefulShutdown: {
                pull.cancel()
            }
        } onCancel: {
            pull.cancel()
        }
    }
}
