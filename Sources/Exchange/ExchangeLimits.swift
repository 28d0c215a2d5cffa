// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Letters

/// Bounds on what a stranger, or a member with a fault, can make a broker hold. Protocols/Exchange.md §7.
///
/// What both sides must agree on is `static`; what an operator may set for a machine is a property.
public struct ExchangeLimits: Sendable {
    // MARK: The format

    /// 4 MiB: the most a request or an answer with letters carries, and so the most a server holds of one.
    public static let batchBytes = 4_194_304
    /// Letters of one push, and of one pull.
    public static let batchLetters = 256
    /// Ancestors of one push or one answer: as many as the slips of a long case.
    public static let batchContext = 1_024
    /// Bytes of a part file that travel together with the slip; larger ones go by digest, so that a broken line costs little.
    public static let inlinePartBytes = 65_536
    /// 1,088 KiB: one part file, the most that a request for bytes of one carries.
    public static let partBytes = LetterArchiveLimits.partBytes
    /// Leaf data in one request to a mirror: 16,384 leaves.
    public static let leavesBytes = 524_288
    /// Missing parts that one answer names; the sender puts them and pushes again.
    public static let answerParts = 64
    /// Unknown ancestors that one answer names: a slip has at most 64 parents.
    public static let answerWaiting = 66
    /// Ids in one acknowledgement or one request for slips.
    public static let requestIDs = 512
    /// A JSON request: 512 ids of 67 bytes, and their frame.
    public static let jsonBytes = 65_536
    /// An answer to 256 letters, each with 64 digests.
    public static let answerBytes = 2_097_152
    /// The directories and profiles of a handful of countries, of at most 4 MiB each.
    public static let documentsBytes = 33_554_432
    /// Documents in one answer.
    public static let documents = 64
    /// Seconds a mailbox may be asked to wait: below the 60 s after which many firewalls forget a silent line.
    public static let waitSeconds = 55
    /// Bytes of one header field, and of the path.
    public static let headFieldBytes = 4_096
    /// Bytes of all header fields.
    public static let headBytes = 16_384
    public static let headFields = 64

    // MARK: The machine

    /// Open connections; below the 1,024 files that a process may have open by default.
    public var connections = 768
    /// From one address: a whole office, or a country's proxy, may stand behind it.
    public var connectionsPerAddress = 256
    /// Of one certificate.
    public var connectionsPerPeer = 128
    /// Requests in work at once, for one certificate and in all.
    public var requestsPerPeer = 96
    public var requests = 1_024
    /// Bytes of request bodies held at once, for one certificate and in all: what keeps memory flat under a flood.
    public var bodyBytesPerPeer = 16_777_216
    public var bodyBytes = 67_108_864
    /// Mailboxes of one certificate that wait at once.
    public var waitsPerPeer = 8
    /// From the accepted connection to the end of the TLS handshake. *Assumed.*
    public var handshakeSeconds = 15
    /// Between two requests, and for the whole head of one. *Assumed.*
    public var headSeconds = 60
    /// In each window so many bytes of a body must come: 136 bytes a second is below any line that carries TLS. *Assumed.*
    public var bodyWindowSeconds = 30
    public var bodyWindowBytes = 4_096
    /// A reader that takes nothing for so long is gone. *Assumed.*
    public var stalledSeconds = 60
    /// How long a refused connection may linger, so that the refusal arrives before the socket goes.
    public var lingerSeconds = 2

    public init() {}

    public static let standard = ExchangeLimits()

    /// Of a push or a pull.
    static let batch = LetterArchiveLimits(bytes: batchBytes, letters: batchLetters + batchContext)
    static let slips = LetterArchiveLimits(bytes: batchBytes, letters: batchContext)
    static let signedFiles = LetterArchiveLimits(bytes: documentsBytes, letters: documents)
    static let answer = JSONLimits(bytes: answerBytes, depth: 6, values: 40_000, stringBytes: 4_096)
    static let request = JSONLimits(bytes: jsonBytes, depth: 4, values: 1_024, stringBytes: 256)
}
