// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// What happened, as a log keeps it: the opening of a leaf. Protocols/Log.md §3.
///
/// Ids, digests, times and codes of closed lists only: there is no field into which a name fits.
public struct LogEvent: Hashable, Sendable {
    /// Keeps the leaf from being guessed. See ``EventSalt``.
    public var salt: Digest
    /// The log it stands in.
    public var origin: String
    /// By the broker's clock; never falls within one log.
    public var at: Instant
    /// Present exactly in events about a letter of a case.
    public var place: Place?
    public var content: Content

    /// Where an event stands in the line of its case, which goes on from one year's log to the next.
    public struct Place: Hashable, Sendable {
        public var caseID: CaseID
        /// 0, 1, 2 … for this case at this broker.
        public var number: Int64
        /// Leaf hash of the case's event before; `nil` for the first.
        public var previous: Digest?

        public init(caseID: CaseID, number: Int64, previous: Digest?) {
            self.caseID = caseID
            self.number = number
            self.previous = previous
        }
    }

    /// How the procedure judged a letter with the broker's sight.
    public enum Verdict: String, Hashable, Sendable, CaseIterable {
        case admitted
        /// A fact against the procedure: recorded all the same.
        case flagged
        /// An ancestor has not arrived; `admitted` or `refused` follows.
        case waiting
        /// An urgent letter that took effect although an ancestor has not arrived; `admitted` follows when it has.
        case gap
    }

    /// A file that came into force.
    public struct Document: Hashable, Sendable {
        public var letter: LetterID
        /// SHA-256 of `slip.p7s` as received, also below.
        public var slip: Digest
        public var file: Digest
        public var version: Int64

        public init(letter: LetterID, slip: Digest, file: Digest, version: Int64) {
            self.letter = letter
            self.slip = slip
            self.file = file
            self.version = version
        }
    }

    /// How a checkpoint reached the witness.
    public enum Way: String, Hashable, Sendable, CaseIterable { case line, stick }

    /// What an erasure took away.
    public enum ErasureLevel: Int64, Hashable, Sendable, CaseIterable {
        /// The parts; everything in the trail is left.
        case content = 1
        /// The events' texts and slips too: position and time of each leaf are left.
        case record = 2

        /// As a step that orders it says.
        public var name: String { self == .content ? "content" : "record" }

        public init?(name: String) {
            guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
            self = level
        }
    }

    /// Whether a case that is about to be erased went as the procedure says.
    public enum Outcome: String, Hashable, Sendable, CaseIterable { case kept, flagged }

    public enum RestartReason: String, Hashable, Sendable, CaseIterable { case recovery, clock, key }

    /// One case a kind; its text form is the `kind` of the JSON.
    public enum Content: Hashable, Sendable {
        /// The first of each log. `before`: SHA-256 of the last cosigned checkpoint file of the log before, if there was one.
        case start(before: Digest?)
        case directory(Document)
        case profile(Document)
        /// A letter is stored and queued here first (EN 319 522, A.1).
        case accepted(letter: LetterID, slip: Digest, verdict: Verdict)
        /// A letter is taken over from another broker (B.1), whose `accepted` leaf is `source`.
        case arrived(letter: LetterID, slip: Digest, verdict: Verdict, source: Digest)
        /// A waiting letter could be judged: admitted or flagged.
        case admitted(letter: LetterID, verdict: Verdict)
        /// Not admitted (A.2); `refusal` is the id of the signed refusal.
        case refused(letter: LetterID, slip: Digest, code: String, refusal: LetterID)
        /// The recipient's node took it: the broker's word only (E.1).
        case fetched(letter: LetterID, by: MemberID)
        /// Given up, nobody fetched it; `notice` is the id of the signed notice.
        case expired(letter: LetterID, notice: LetterID)
        /// Given up, its recipient left the directory.
        case gone(letter: LetterID, notice: LetterID)
        /// A stop voids it while it waits in a mailbox.
        case withheld(letter: LetterID, because: LetterID, notice: LetterID)
        /// The same, but it was leased already.
        case seenPossibly(letter: LetterID, because: LetterID, notice: LetterID)
        /// This broker's witness cosigned another log.
        case cosigned(SeenCheckpoint, time: Instant, way: Way)
        /// Daily: the root of the tree over the newest event of each case.
        case heads(root: Digest, count: Int64)
        /// A lawful erasure: `leaves` ascending, at most 4,096.
        case erased(leaves: [Int64], level: ErasureLevel, letter: LetterID, slip: Digest)
        /// A case before it is erased: no case id.
        case closed(profile: Digest, verdict: Outcome, steps: Int64, weeks: Int64)
        /// Another log signed something that contradicts what it had signed; `note` is the SHA-256 of that checkpoint file.
        case conflict(SeenCheckpoint, note: Digest)
        case restarted(RestartReason)
    }

    public init(salt: Digest, origin: String, at: Instant, place: Place? = nil, content: Content) {
        self.salt = salt
        self.origin = origin
        self.at = at
        self.place = place
        self.content = content
    }

    /// The leaf's data: SHA-256 of ``bytes``, what `sha256sum` says of the event's file.
    public var leafData: Digest { .sha256(bytes) }

    /// The leaf's hash in the tree, by which events name each other.
    public var leafHash: Digest { MerkleHash.leaf(leafData) }
}
