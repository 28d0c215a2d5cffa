// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// One thing that verifying a bundle has found.
public struct TrailFinding: Hashable, Sendable, Comparable {
    /// How much it weighs.
    public enum Class: String, Hashable, Sendable, CaseIterable {
        case fail = "FAIL"
        case incomplete = "INCOMPLETE"
        case note = "NOTE"
    }

    /// The closed list of Protocols/Trail.md §6, in its order.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case malformed = "MALFORMED"
        case trust = "TRUST"
        case absent = "ABSENT"
        case scope = "SCOPE"
        case logSignature = "LOG-SIGNATURE"
        case quorum = "QUORUM"
        case root = "ROOT"
        case token = "TOKEN"
        case clock = "CLOCK"
        case timeOrder = "TIME-ORDER"
        case fork = "FORK"
        case stale = "STALE"
        case open = "OPEN"
        case canon = "CANON"
        case unopened = "UNOPENED"
        case chain = "CHAIN"
        case heads = "HEADS"
        case time = "TIME"
        case unstamped = "UNSTAMPED"
        case uncosigned = "UNCOSIGNED"
        case slip = "SLIP"
        case member = "MEMBER"
        case replay = "REPLAY"
        case source = "SOURCE"
        case seen = "SEEN"
        case backdated = "BACKDATED"
        case future = "FUTURE"
        case late = "LATE"
        case gap = "GAP"
        case ancestor = "ANCESTOR"
        case role = "ROLE"
        case procedure = "PROCEDURE"
        case refusal = "REFUSAL"
        case disclosed = "DISCLOSED"
        case attested = "ATTESTED"
        case referenced = "REFERENCED"
        case sealed = "SEALED"
        case receipt = "RECEIPT"
        case unended = "UNENDED"
        case pending = "PENDING"
        case erasure = "ERASURE"
        case erased = "ERASED"
        case outside = "OUTSIDE"

        /// What it weighs unless the page gives it a second class.
        public var usualClass: Class {
            switch self {
            case .absent, .scope, .stale, .unstamped, .uncosigned, .late, .gap: .incomplete
            case .attested, .referenced, .sealed, .pending, .erased, .outside: .note
            default: .fail
            }
        }

        fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    public let code: Code
    public let weight: Class
    /// The log it is about.
    public let origin: String?
    /// A leaf; of what is about a checkpoint, its size.
    public let leaf: Int64?
    public let letter: LetterName?
    /// For people; never a word of the bundle's own, only codes, ids, sizes and counts.
    public let detail: String

    /// A letter's id, as in a slip.
    public typealias LetterName = Digest

    public init(
        _ code: Code, _ weight: Class? = nil, origin: String? = nil, leaf: Int64? = nil, letter: LetterName? = nil,
        detail: String
    ) {
        self.code = code
        self.weight = weight ?? code.usualClass
        self.origin = origin
        self.leaf = leaf
        self.letter = letter
        self.detail = detail
    }

    /// `FAIL ROOT in.kheya.example/2026 12 - detail`.
    public var line: String {
        "\(weight.rawValue) \(code.rawValue) \(origin ?? "-") \(leaf.map(String.init) ?? "-") \(letter?.hex ?? "-") \(detail)"
    }

    /// By stage, code, origin, leaf.
    public static func < (left: Self, right: Self) -> Bool {
        (left.code.place, left.origin ?? "", left.leaf ?? -1, left.letter?.hex ?? "", left.detail)
            < (right.code.place, right.origin ?? "", right.leaf ?? -1, right.letter?.hex ?? "", right.detail)
    }
}
