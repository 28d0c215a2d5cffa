// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Letters
public import Procedure

/// A file of a trail bundle, by its name. No other name has a place in one.
///
/// - SeeAlso: Protocols/Trail.md §3.1.
public enum TrailName: Hashable, Sendable {
    /// What belongs to a checkpoint.
    public enum Note: String, Hashable, Sendable, CaseIterable {
        /// The note with its quorum, as it was time-stamped.
        case stamped = ""
        case token = ".tsr"
        case secondToken = ".tsr2"
        /// The same tree with its newest cosignatures.
        case last = ".last"
        /// Signed by the log alone.
        case logged = ".logged"
        case loggedToken = ".logged.tsr"

        public var isToken: Bool { self == .token || self == .secondToken || self == .loggedToken }
    }

    case bundle, sums
    case conflict(Digest)
    /// A document or, with `isLetter`, the authority's slip that carried it.
    case directory(Digest, isLetter: Bool)
    case profile(Digest, isLetter: Bool)
    case checkpoint(origin: String, size: Int64, Note)
    case headRow(origin: String, index: Int64)
    case headProof(origin: String, index: Int64)
    /// The data of 256 leaves, and their openings.
    case entries(origin: String, tile: Int64)
    case events(origin: String, tile: Int64)
    case proof(origin: String, index: Int64)
    case step(origin: String, size: Int64)
    case slip(CaseID, Digest)

    /// - Parameter path: exactly a name of the grammar; anything else gives `nil`.
    public init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], parts.count) {
        case ("bundle.json", 1): self = .bundle
        case ("sums", 1): self = .sums
        case ("conflicts", 2):
            guard let digest = Digest(hex: parts[1]) else { return nil }
            self = .conflict(digest)
        case ("directories", 2), ("profiles", 2):
            let isLetter = parts[1].hasSuffix(".p7s")
            guard let digest = Digest(hex: isLetter ? String(parts[1].dropLast(4)) : parts[1]) else { return nil }
            self =
                parts[0] == "profiles"
                ? .profile(digest, isLetter: isLetter) : .directory(digest, isLetter: isLetter)
        case ("slips", 3):
            guard parts[2].hasSuffix(".p7s"), let caseID = CaseID(parts[1]),
                let digest = Digest(hex: String(parts[2].dropLast(4)))
            else { return nil }
            self = .slip(caseID, digest)
        case ("logs", 4...): self.init(log: parts)
        default: return nil
        }
    }

    private init?(log parts: [String]) {
        let origin = parts[1].replacing("_", with: "/")
        guard Patterns.origin.matches(origin), !parts[1].contains("/") else { return nil }
        if parts[2] == "leaves" {
            guard let (tile, isEvents) = Self.tile(Array(parts[3...])) else { return nil }
            self = isEvents ? .events(origin: origin, tile: tile) : .entries(origin: origin, tile: tile)
            return
        }
        guard parts.count == 4 else { return nil }
        let end = parts[3].firstIndex(of: ".") ?? parts[3].endIndex
        guard let number = Self.number(parts[3][..<end]) else { return nil }
        let suffix = String(parts[3][end...])
        switch (parts[2], suffix) {
        case ("checkpoints", _):
            guard let note = Note(rawValue: suffix) else { return nil }
            self = .checkpoint(origin: origin, size: number, note)
        case ("heads", ".row"): self = .headRow(origin: origin, index: number)
        case ("heads", ".tlog-proof"): self = .headProof(origin: origin, index: number)
        case ("proofs", ".tlog-proof"): self = .proof(origin: origin, index: number)
        case ("steps", ".advance"): self = .step(origin: origin, size: number)
        default: return nil
        }
    }

    /// `x001/234.entries`: groups of three digits, all but the last with an `x`, the first not all zero unless it is the last.
    private static func tile(_ groups: [String]) -> (Int64, isEvents: Bool)? {
        guard groups.count <= 5, let last = groups.last, let dot = last.firstIndex(of: ".") else { return nil }
        let isEvents = last[dot...] == ".events"
        guard isEvents || last[dot...] == ".entries" else { return nil }
        var tile: Int64 = 0
        for (place, group) in groups.enumerated() {
            let isLast = place == groups.count - 1
            let digits = isLast ? last[..<dot] : group.dropFirst()
            guard isLast || group.first == "x", digits.utf8.count == 3,
                digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let value = Int64(digits), place > 0 || isLast || value > 0
            else { return nil }
            tile = tile * 1_000 + value
        }
        return (tile, isEvents)
    }

    private static func number(_ text: Substring) -> Int64? {
        guard (1...16).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            text.first != "0" || text.utf8.count == 1, let value = Int64(text), value < 1 << 53
        else { return nil }
        return value
    }

    /// The name in the bundle.
    public var path: String {
        switch self {
        case .bundle: "bundle.json"
        case .sums: "sums"
        case .conflict(let digest): "conflicts/\(digest.hex)"
        case .directory(let digest, let isLetter): "directories/\(digest.hex)\(isLetter ? ".p7s" : "")"
        case .profile(let digest, let isLetter): "profiles/\(digest.hex)\(isLetter ? ".p7s" : "")"
        case .checkpoint(let origin, let size, let note):
            "logs/\(Self.folder(origin))/checkpoints/\(size)\(note.rawValue)"
        case .headRow(let origin, let index): "logs/\(Self.folder(origin))/heads/\(index).row"
        case .headProof(let origin, let index): "logs/\(Self.folder(origin))/heads/\(index).tlog-proof"
        case .entries(let origin, let tile): "logs/\(Self.folder(origin))/leaves/\(Self.groups(tile)).entries"
        case .events(let origin, let tile): "logs/\(Self.folder(origin))/leaves/\(Self.groups(tile)).events"
        case .proof(let origin, let index): "logs/\(Self.folder(origin))/proofs/\(index).tlog-proof"
        case .step(let origin, let size): "logs/\(Self.folder(origin))/steps/\(size).advance"
        case .slip(let caseID, let digest): "slips/\(caseID.text)/\(digest.hex).p7s"
        }
    }

    /// The *origin directory*: the origin with `_` for each `/`.
    public static func folder(_ origin: String) -> String { origin.replacing("/", with: "_") }

    private static func groups(_ tile: Int64) -> String {
        var groups: [String] = []
        var rest = tile
        repeat {
            let digits = String(rest % 1_000)
            groups.append((groups.isEmpty ? "" : "x") + String(repeating: "0", count: 3 - digits.utf8.count) + digits)
            rest /= 1_000
        } while rest > 0
        return groups.reversed().joined(separator: "/")
    }

    /// The most bytes such a file may have. Protocols/Trail.md §10.
    public var limit: Int {
        switch self {
        case .bundle: 16 << 10
        case .sums: .max  // only its digest is taken
        case .conflict: 64 << 10
        case .directory(_, let isLetter), .profile(_, let isLetter): isLetter ? 96 << 10 : 4 << 20
        case .checkpoint: 64 << 10
        case .headRow: 4 << 10
        case .headProof, .proof: 160 << 10
        case .entries: 8_704
        case .events: 16 << 20
        case .step: 72 << 10
        case .slip: 96 << 10
        }
    }
}
