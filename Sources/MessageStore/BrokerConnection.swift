// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure
public import TransparencyLog

/// A letter as it travels: the signed slip and those of its part files that come along.
public struct LetterBundle: Sendable, Hashable {
    public var id: LetterID
    /// `slip.p7s`, DER.
    public var slip: [UInt8]
    /// Part files by SHA-256: sealed parts, pieces and lists. May be fewer than the slip names; the rest follows by digest.
    public var parts: [Digest: [UInt8]]
    /// From one broker to another: the receipt of its log for this letter (Protocols/Log.md §4).
    public var receipt: [UInt8]?

    public init(id: LetterID, slip: [UInt8], parts: [Digest: [UInt8]] = [:], receipt: [UInt8]? = nil) {
        self.id = id
        self.slip = slip
        self.parts = parts
        self.receipt = receipt
    }
}

/// The slip of an ancestor, handed over so that others can judge what descends from it. Nothing of it is delivered.
public struct ContextLetter: Sendable, Hashable {
    public var id: LetterID
    public var slip: [UInt8]
    /// `slip.p7s` of the signed refusal or notice that makes it void.
    public var void: [UInt8]?

    public init(id: LetterID, slip: [UInt8], void: [UInt8]? = nil) {
        self.id = id
        self.slip = slip
        self.void = void
    }
}

/// What a broker answers for one pushed letter. Only `stored` ends the sender's duty to keep and resend.
public enum PushOutcome: Sendable, Hashable {
    /// Durable with all its parts, and queued. `relayed` is the receipt of the broker's log (Protocols/Log.md §4).
    case stored(relayed: [UInt8])
    /// The slip is admitted and durable; these part files are missing, or not whole.
    case awaitingParts([Digest])
    /// The slip is durable; these ancestors are not known here. Push their slips as context, or wait.
    case waiting([LetterID])
    /// Not admitted: a signed refusal of this id lies in the sender's mailbox. `code` is the guard or reason.
    case refused(code: String, refusal: LetterID, stop: LetterID?)
    /// Not a letter, not from whom it says, or not for this broker: nothing was kept. `code` is an error class of Letter.md.
    case rejected(code: String)
    /// Too much at once, or no room: try again after so many seconds.
    case later(code: String, seconds: Int)
}

/// How much of a part file is here.
public enum PartState: Sendable, Hashable {
    case missing
    /// So many bytes from its start; an upload goes on from there.
    case partial(Int)
    case stored(Int)
}

/// A letter handed to its recipient under a lease.
public struct Delivery: Sendable, Hashable {
    public var letter: LetterBundle
    /// Part files that are not in `letter.parts` because of their size: fetch them by digest.
    public var remaining: [Digest]

    public init(letter: LetterBundle, remaining: [Digest] = []) {
        self.letter = letter
        self.remaining = remaining
    }
}

/// The newest directories and profiles, as signed letters with their files.
public struct SignedFile: Sendable, Hashable {
    /// `slip.p7s` of a `directory` or `profile` letter.
    public var slip: [UInt8]
    /// The document that its slip names by digest.
    public var file: [UInt8]

    public init(slip: [UInt8], file: [UInt8]) {
        self.slip = slip
        self.file = file
    }
}

/// What a member or another broker may ask of a broker. Protocols/Exchange.md gives each call its HTTP form.
///
/// The client of ``Exchange`` conforms, and so does a broker in the same process, bound to one authenticated peer: a node does not
/// know which of the two it talks to. Calls throw ``ExchangeError``.
public protocol BrokerConnection: Sendable {
    /// Hands over letters, each judged by itself, with the slips of ancestors as context. Answers in the order of `letters`.
    func push(_ letters: [LetterBundle], context: [ContextLetter]) async throws -> [PushOutcome]
    func partState(_ digest: Digest) async throws -> PartState
    /// Appends `bytes` at `offset` of a part file of `size` bytes. The digest is checked when the last byte is there.
    func putPart(_ digest: Digest, offset: Int, bytes: [UInt8], size: Int) async throws -> PartState
    /// Up to `count` bytes of a part file from `offset`; its whole size beside it.
    func part(_ digest: Digest, offset: Int, count: Int) async throws -> (bytes: [UInt8], size: Int)
    /// Leases up to `limit` letters of the own mailbox, urgent ones first; waits up to `seconds` while there is none.
    func pull(limit: Int, waitSeconds: Int) async throws -> [Delivery]
    /// These letters are durable at the recipient: they leave the mailbox.
    func acknowledge(_ letters: [LetterID]) async throws
    /// A counter that changes when something waits for the caller that did not before; costs the broker almost nothing.
    func changes() async throws -> Int64
    /// Slips of ancestors of letters that were sent by or addressed to the caller. Unknown ids are left out.
    func slips(_ letters: [LetterID]) async throws -> [ContextLetter]
    /// The newest directory of each authority and the profiles in force.
    func documents() async throws -> [SignedFile]
    /// That the log of this name, one of the broker's, at the size `to` begins with what it was at `from`.
    func logProof(of origin: String, from: Int64, to: Int64) async throws -> ConsistencyProof
    /// The newest checkpoint of the broker's current log that its quorum has cosigned; `nil` if there is none.
    func cosignedCheckpoint() async throws -> [UInt8]?
    /// Another broker's: asks for a cosignature of its log, C2SP tlog-witness; the answer's status and body.
    func addCheckpoint(_ request: [UInt8]) async throws -> (status: Int, body: [UInt8])
    /// Another broker's: hands leaf data of its log over, to be mirrored; none asks how far the mirror is.
    func mirror(_ leaves: [Digest], from first: Int64) async throws -> Int64
    /// Another broker's: leaf data of its log, as it is mirrored here, from `first` on; not all at once, none behind the end.
    func mirrored(from first: Int64) async throws -> [Digest]
    /// Another broker's: the last checkpoint of its log that the witness here has cosigned; `nil` if none.
    func recordedCheckpoint() async throws -> [UInt8]?
}

/// Why a call to a broker failed as a whole. What concerns one letter stands in its ``PushOutcome``.
public struct ExchangeError: Error, Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        /// The connection broke, or nobody answered: try again later.
        case unreachable
        /// TLS: not the broker it should be, or we are not known to it.
        case notTrusted = "not-trusted"
        /// The caller may not ask this.
        case forbidden
        /// The caller's certificate or directory has expired: only the newer directory may be fetched.
        case expired
        /// Not a request of Exchange.md, or over its limits.
        case badRequest = "bad-request"
        case notFound = "not-found"
        /// No room, too many requests, or shutting down: try again later.
        case busy
        /// The other side answered something that is no answer.
        case badAnswer = "bad-answer"
    }

    public let code: Code
    /// For our own log; never a value from the input.
    public let reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var isTemporary: Bool { code == .unreachable || code == .busy }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
