// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Cryptography
public import MessageStore
public import Procedure

/// Letters where no line exists: exported to a stick, carried, imported. The same letters as on the line, so that both ways may be
/// used at once, in any order and more than once.
///
/// On the stick an archive of them is cut into pieces of 1 MiB, each sealed to the next hop: a lost stick tells how much went to
/// which key, not who writes to whom. What comes from a stick is as hostile as what comes from a line: each letter is judged by its
/// own signature.
///
/// - SeeAlso: Protocols/Courier.md.
public enum Courier {
    /// What is carried.
    public enum Item: Sendable, Hashable {
        /// A letter with parts. One with many comes as several bundles of one id, one after the other, each with its slip.
        case letter(LetterBundle)
        /// The slip of an ancestor, for judging only.
        case context(ContextLetter)
        /// A directory or profile with its signed letter.
        case document(SignedFile)
    }

    /// Who opens the stick: the broker or member that carries on.
    public struct Hop: Sendable, Hashable {
        public var member: MemberID
        /// Its sealing certificate.
        public var certificate: Certificate

        public init(member: MemberID, certificate: Certificate) {
            self.member = member
            self.certificate = certificate
        }
    }

    public struct ExportReport: Sendable, Hashable {
        /// Names of the directories written.
        public var shipments: [String] = []
        public var letters = 0
        /// Of archive, before sealing.
        public var bytes: Int64 = 0

        public init() {}
    }

    /// What became of one shipment on a stick.
    public enum Outcome: Sendable, Hashable {
        /// Whole and handed over.
        case taken(letters: Int)
        /// Up to the first missing piece handed over; copy these again, from 0, and import again.
        case partial(letters: Int, missing: [Int])
        /// Not for us, not openable, or not a shipment; nothing of what is wrong was handed over.
        case refused(CourierError.Code)
        /// `isTaken` knew it.
        case known
    }

    public struct ImportReport: Sendable, Hashable {
        /// By the directory's name.
        public var shipments: [String: Outcome] = [:]
        /// Letters and parts handed over, repeated ones too.
        public var letters: Int {
            shipments.values.reduce(0) {
                switch $1 {
                case .taken(let letters), .partial(let letters, _): $0 + letters
                case .refused, .known: $0
                }
            }
        }

        public init() {}
    }
}
