// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Procedure
internal import TransparencyLog

/// What a request asks, by its method and path alone. Protocols/Exchange.md §3.
enum ExchangeRoute: Hashable {
    case pushLetters
    case partState(Digest)
    case putPart(Digest)
    case getPart(Digest)
    case mailbox(limit: Int, wait: Int)
    case acknowledge
    case changes
    case slips
    case documents
    case logProof(origin: String, from: Int64, to: Int64)
    case addCheckpoint
    case mirror(from: Int64)
    case mirrored(from: Int64)
    case recordedCheckpoint
    case cosignedCheckpoint

    /// - Parameter target: the request target as sent; one spelling of each, no percent signs, no slash more or less.
    init(method: HTTPRequest.Method, target: String) throws(ExchangeFault) {
        let halves = target.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(Substring(halves[0]))
        let query = halves.count > 1 ? String(Substring(halves[1])) : nil
        let parts = "/v1/parts/"
        if path.hasPrefix(parts) {
            guard let digest = Digest(hex: path.dropFirst(parts.count)) else { throw .notFound }
            guard query == nil else { throw .badRequest }
            switch method {
            case .head: self = .partState(digest)
            case .put: self = .putPart(digest)
            case .get: self = .getPart(digest)
            default: throw .method
            }
            return
        }
        let proofs = "/v1/log/proof/"
        if path.hasPrefix(proofs) {
            guard method == .get else { throw .method }
            // A log's name has slashes of its own; whether it is one of this broker's is for the broker.
            let (from, to) = try Self.numbers(query, "from", "to", most: LogLimits.treeSize)
            guard from <= to else { throw .badRequest }
            self = .logProof(origin: String(path.dropFirst(proofs.count)), from: from, to: to)
            return
        }
        let (wanted, route): (HTTPRequest.Method, ExchangeRoute)
        switch path {
        case "/v1/letters": (wanted, route) = (.post, .pushLetters)
        case "/v1/mailbox": (wanted, route) = (.get, try Self.mailbox(query))
        case "/v1/acknowledgements": (wanted, route) = (.post, .acknowledge)
        case "/v1/changes": (wanted, route) = (.get, .changes)
        case "/v1/slips": (wanted, route) = (.post, .slips)
        case "/v1/documents": (wanted, route) = (.get, .documents)
        case "/v1/witness/add-checkpoint": (wanted, route) = (.post, .addCheckpoint)
        case "/v1/witness/leaves":
            guard let query, query.hasPrefix("from="),
                let from = Self.number(query.dropFirst(5), most: Int(LogLimits.treeSize))
            else { throw .badRequest }
            (wanted, route) =
                method == .get ? (.get, .mirrored(from: Int64(from))) : (.post, .mirror(from: Int64(from)))
        case "/v1/witness/checkpoint": (wanted, route) = (.get, .recordedCheckpoint)
        case "/v1/log/checkpoint": (wanted, route) = (.get, .cosignedCheckpoint)
        default: throw .notFound
        }
        guard method == wanted else { throw .method }
        switch route {
        case .mailbox, .mirror, .mirrored: break
        default: guard query == nil else { throw .badRequest }
        }
        self = route
    }

    /// `limit=16&wait=55`, both there, in this order.
    private static func mailbox(_ query: String?) throws(ExchangeFault) -> ExchangeRoute {
        let (limit, wait) = try numbers(query, "limit", "wait", most: Int64(ExchangeLimits.batchLetters))
        guard limit > 0, wait <= ExchangeLimits.waitSeconds else { throw .badRequest }
        return .mailbox(limit: Int(limit), wait: Int(wait))
    }

    /// `first=1&second=2`, both there, in this order.
    private static func numbers(
        _ query: String?, _ first: String, _ second: String, most: Int64
    ) throws(ExchangeFault) -> (Int64, Int64) {
        let fields = (query ?? "").split(separator: "&", omittingEmptySubsequences: false)
        guard fields.count == 2, fields[0].hasPrefix(first + "="), fields[1].hasPrefix(second + "="),
            let one = number(fields[0].dropFirst(first.utf8.count + 1), most: Int(most)),
            let two = number(fields[1].dropFirst(second.utf8.count + 1), most: Int(most))
        else { throw .badRequest }
        return (Int64(one), Int64(two))
    }

    /// A decimal number without sign or leading zero, at most `most`.
    static func number(_ text: some StringProtocol, most: Int) -> Int? {
        let digits = text.utf8
        guard (1...16).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.count == 1 || digits.first != 0x30, let number = Int(text), number <= most
        else { return nil }
        return number
    }

    /// The target a client sends.
    var target: String {
        switch self {
        case .pushLetters: "/v1/letters"
        case .partState(let digest), .putPart(let digest), .getPart(let digest): "/v1/parts/\(digest.hex)"
        case .mailbox(let limit, let wait): "/v1/mailbox?limit=\(limit)&wait=\(wait)"
        case .acknowledge: "/v1/acknowledgements"
        case .changes: "/v1/changes"
        case .slips: "/v1/slips"
        case .documents: "/v1/documents"
        case .logProof(let origin, let from, let to): "/v1/log/proof/\(origin)?from=\(from)&to=\(to)"
        case .addCheckpoint: "/v1/witness/add-checkpoint"
        case .mirror(let from), .mirrored(let from): "/v1/witness/leaves?from=\(from)"
        case .recordedCheckpoint: "/v1/witness/checkpoint"
        case .cosignedCheckpoint: "/v1/log/checkpoint"
        }
    }

    /// The body's type and most bytes; `nil` for requests without a body.
    var body: (type: String, bytes: Int)? {
        switch self {
        case .pushLetters: (MediaType.archive, ExchangeLimits.batchBytes)
        case .putPart: (MediaType.part, ExchangeLimits.partBytes)
        case .acknowledge, .slips: (MediaType.json, ExchangeLimits.jsonBytes)
        case .addCheckpoint: (MediaType.part, LogLimits.advanceBytes)
        case .mirror: (MediaType.part, ExchangeLimits.leavesBytes)
        case .partState, .getPart, .mailbox, .changes, .documents, .logProof, .mirrored, .recordedCheckpoint,
            .cosignedCheckpoint:
            nil
        }
    }
}

/// The types of bodies.
enum MediaType {
    /// What a witness has recorded, C2SP tlog-witness.
    static let size = "text/x.tlog.size"
    static let archive = "application/x-tar"
    static let part = "application/octet-stream"
    static let json = "application/json"
}
