// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// What a letter is. Protocols/Letter.md, "Types".
public enum LetterType: String, Hashable, Sendable, CaseIterable {
    /// Events of a case, or the form that follows them.
    case step
    /// How far another letter has come, by its recipient.
    case receipt
    /// A broker's: the letter is not admitted.
    case refusal
    /// A broker's: the letter was given up or withheld.
    case notice
    /// An authority's.
    case directory, profile
}

/// The case pseudonym: 128 random bits as 32 lower-case hexadecimal digits. A label; a case *is* its root letter.
public struct CaseID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    public init?(_ text: some StringProtocol) { self.init(String(text)) }

    /// The same for a `String`. Concrete, because a generic of another module costs a call a digit.
    public init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else {
            return nil
        }
        self.text = text
    }

    /// - Parameter random: exactly 16 bytes from a cryptographic source.
    public init?(random: [UInt8]) {
        guard random.count == 16, let digest = Digest(random + random) else { return nil }
        self.text = String(digest.hex.prefix(32))
    }

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// One recipient of a letter, with the counter of this pair of members.
public struct Addressee: Hashable, Sendable {
    public var member: MemberID
    /// SHA-256 of the sealing certificate used, DER.
    public var certificate: Digest
    /// A restored node starts a new epoch. From 1.
    public var epoch: Int64
    /// Letters of this pair in this epoch, from 1. A gap is reported, never a reason to hold.
    public var sequence: Int64

    public init(member: MemberID, certificate: Digest, epoch: Int64, sequence: Int64) {
        self.member = member
        self.certificate = certificate
        self.epoch = epoch
        self.sequence = sequence
    }
}

/// One sealed part, or one attachment of many pieces, as the slip lists it.
public struct PartReference: Hashable, Sendable {
    /// SHA-256 of the part file; of an attachment, of the list of its pieces' digests (one a line), which lies under `parts/` too.
    public var digest: Digest
    /// SHA-256 of the sealed plaintext; of an attachment, of the list of its pieces' commitments.
    public var commitment: Digest
    /// Size class of the plaintext in bytes (Padmé); of an attachment, the sum over its pieces.
    public var size: Int64
    public var tier: Tier
    public var recipient: MemberID
    public var basis: Basis
    /// Number of pieces; absent in a single part.
    public var pieces: Int64?

    public init(
        digest: Digest, commitment: Digest, size: Int64, tier: Tier, recipient: MemberID, basis: Basis,
        pieces: Int64? = nil
    ) {
        self.digest = digest
        self.commitment = commitment
        self.size = size
        self.tier = tier
        self.recipient = recipient
        self.basis = basis
        self.pieces = pieces
    }
}

/// The signed document that a directory or profile letter carries beside its slip.
public struct FileReference: Hashable, Sendable {
    public var digest: Digest
    public var version: Int64

    public init(digest: Digest, version: Int64) {
        self.digest = digest
        self.version = version
    }
}

/// The procedure profile a step is made under.
public struct ProfileReference: Hashable, Sendable {
    public var id: String
    public var version: String
    public var digest: Digest

    public init(id: String, version: String, digest: Digest) {
        self.id = id
        self.version = version
        self.digest = digest
    }
}

/// What a receipt, refusal or notice is about.
public struct About: Hashable, Sendable {
    /// How far a letter has come.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Opened, checked and admitted.
        case valid
        /// Opened and checked; a fact against the procedure, recorded and flagged.
        case flagged
        /// Stored, but not opened or not admitted; `code` says which.
        case invalid
        /// A person acted on it.
        case acted
    }

    public var letter: LetterID
    public var state: State?
    /// A code of the closed lists: an error class, a guard's name, or a notice's code.
    public var code: String?
    /// The stop that made the letter void.
    public var stop: LetterID?

    public init(letter: LetterID, state: State? = nil, code: String? = nil, stop: LetterID? = nil) {
        self.letter = letter
        self.state = state
        self.code = code
        self.stop = stop
    }
}

/// Why a broker gave a letter up. The code of a notice.
public enum NoticeCode: String, Hashable, Sendable, CaseIterable {
    case expired
    /// A stop voids a letter that waited in a mailbox.
    case withheld
    /// The same, but the letter was leased already: it may have been seen.
    case seenPossibly = "seen-possibly"
    /// The recipient left the directory.
    case gone
}

/// A log checkpoint the sender has verified.
public struct SeenCheckpoint: Hashable, Sendable {
    public var origin: String
    public var size: Int64
    public var root: Digest

    public init(origin: String, size: Int64, root: Digest) {
        self.origin = origin
        self.size = size
        self.root = root
    }
}

/// The slip: what a sender signs. Closed codes, ids, digests and times only, so that nobody can put a name into it.
///
/// Its JSON is canonical (``CanonicalJSON``), at most 64 KiB; SHA-256 of those bytes is the letter's id.
///
/// - SeeAlso: Protocols/Letter.md, "The slip".
public struct Slip: Hashable, Sendable {
    public var type: LetterType
    public var lane: Lane
    public var from: MemberID
    /// Sorted by member; empty only in directory and profile letters.
    public var to: [Addressee]
    public var caseID: CaseID?
    /// The letter that opened the case; absent in that letter itself.
    public var root: LetterID?
    public var profile: ProfileReference?
    /// Visible events: code and the facts a broker may see.
    public var steps: [Event]
    /// SHA-256 over salt ‖ sealed steps.
    public var sealed: Digest?
    /// Ascending, at most 64.
    public var parents: [LetterID]
    public var previous: LetterID?
    /// Ascending, at most 64.
    public var requires: [LetterID]
    public var parts: [PartReference]
    public var file: FileReference?
    public var about: About?
    /// When it was sent, by the sender's clock.
    public var at: Instant
    /// When it is given up; at most 90 days after `at`. Absent in urgent letters.
    public var expires: Instant?
    public var seen: [SeenCheckpoint]

    public init(
        type: LetterType, lane: Lane, from: MemberID, to: [Addressee], caseID: CaseID? = nil, root: LetterID? = nil,
        profile: ProfileReference? = nil, steps: [Event] = [], sealed: Digest? = nil, parents: [LetterID] = [],
        previous: LetterID? = nil, requires: [LetterID] = [], parts: [PartReference] = [], file: FileReference? = nil,
        about: About? = nil, at: Instant, expires: Instant? = nil, seen: [SeenCheckpoint] = []
    ) {
        self.type = type
        self.lane = lane
        self.from = from
        self.to = to.sorted { $0.member < $1.member }
        self.caseID = caseID
        self.root = root
        self.profile = profile
        self.steps = steps
        self.sealed = sealed
        self.parents = Array(Set(parents)).sorted()
        self.previous = previous
        self.requires = Array(Set(requires)).sorted()
        self.parts = parts
        self.file = file
        self.about = about
        self.at = at
        self.expires = expires
        self.seen = seen
    }

    /// The letters this one descends from directly: `parents`, `previous`, and what a receipt, refusal or notice is about.
    public var ancestors: [LetterID] {
        var all = Set(parents)
        if let previous { all.insert(previous) }
        if let about { all.insert(about.letter) }
        return all.sorted()
    }

    /// Digests of everything that lies under `parts/` by the slip alone (an attachment's pieces are named by its list).
    public var partDigests: [Digest] { Array(Set(parts.map(\.digest))).sorted() }

    /// The addressee entry of `member`.
    public func addressee(_ member: MemberID) -> Addressee? { to.first { $0.member == member } }
}
