// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Procedure
import Sealing
import TestSupport
import TrailAudit
import TransparencyLog

/// Makes honest trail bundles of any size: one case is told, and then told again under many pseudonyms, side by side, each letter signed
/// by its sender, logged by both brokers and cosigned.
struct TrailFactory {
    /// One event of the case that is told again.
    private struct Moment {
        let broker: MemberID
        let at: Instant
        let content: LogEvent.Content
    }

    /// One case of the bundle as it grows.
    private struct Copy {
        let number: Int64
        let id: CaseID
        /// By the model's ids.
        var letters: [LetterID: SignedSlip] = [:]
        /// Leaf hashes of the `accepted` events, by the model's ids.
        var accepted: [LetterID: Digest] = [:]
    }

    private let moments: [Moment]
    private let model: [LetterID: SignedSlip]
    private let caseLetters: Int
    /// How often the model uses each pair's numbers.
    private let numbers: [[MemberID]: Int64]
    /// Cases whose letters are signed at once; then the logs sign, so that the next ones quote a checkpoint that is not older.
    private static let together = 128

    /// - Parameters:
    ///   - vector: a case of `Vectors/procedure`.
    ///   - count: only its first letters, each with two receipts of each recipient.
    init(telling vector: String, first count: Int) throws {
        var trail = try PracticeTrail()
        let before = trail.logs.mapValues(\.events.count)
        try trail.tell(vector, as: "model", first: count)
        model = trail.byID
        caseLetters = model.count
        var numbers: [[MemberID]: Int64] = [:]
        for signed in model.values {
            for addressee in signed.slip.to { numbers[[signed.slip.from, addressee.member], default: 0] += 1 }
        }
        self.numbers = numbers
        moments = try Self.merge(
            trail.logs.mapValues { log in
                try log.events.dropFirst(before[log.broker] ?? 0).map { try LogEvent($0) }.filter { $0.place != nil }
                    .map { Moment(broker: log.broker, at: $0.at, content: $0.content) }
            })
    }

    /// Both logs' events of the case in one order: by their time, an arrival after what it arrives from.
    private static func merge(_ lines: [MemberID: [Moment]]) throws -> [Moment] {
        var lines = lines.sorted { $0.key < $1.key }.map { $0.value[...] }
        var accepted: Set<LetterID> = []
        var merged: [Moment] = []
        func isReady(_ moment: Moment) -> Bool {
            if case .arrived(let letter, _, _, _) = moment.content { accepted.contains(letter) } else { true }
        }
        while let place = lines.indices.filter({ lines[$0].first.map(isReady) ?? false })
            .min(by: { (lines[$0].first?.at.seconds ?? 0) < (lines[$1].first?.at.seconds ?? 0) }),
            let moment = lines[place].popFirst()
        {
            if case .accepted(let letter, _, _) = moment.content { accepted.insert(letter) }
            merged.append(moment)
        }
        guard lines.allSatisfy(\.isEmpty) else { throw BenchmarkError("an arrival without its origin") }
        return merged
    }

    /// Writes a bundle of at least so many letters, and the folder with whom to believe.
    ///
    /// - Returns: the number of letters, and the audit's date.
    func write(letters count: Int, to bundle: URL, trust: URL) throws -> (letters: Int, asOf: Instant) {
        var trail = try PracticeTrail()
        var copies = try (0..<(count + caseLetters - 1) / caseLetters).map { number in
            // Ascending, as a bundle has its cases.
            let words: (UInt64, UInt64, UInt64, UInt64) = (UInt64(number), UInt64.random(in: .min ... .max), 0, 0)
            guard let id = CaseID(random: Array(Digest(words: words).bytes.prefix(16))) else {
                throw BenchmarkError("16 bytes make a case pseudonym")
            }
            return Copy(number: Int64(number), id: id)
        }
        for moment in moments {
            trail.now = max(trail.now, moment.at)
            for start in stride(from: 0, to: copies.count, by: Self.together) {
                let range = start..<min(start + Self.together, copies.count)
                try tell(moment, of: range, &copies, &trail)
                try trail.publish(after: 0)
            }
        }
        try trail.publish()
        try Self.write(trail, copies, to: bundle, trust: trust)
        return (copies.count * caseLetters, trail.now + 3_600)
    }

    private func tell(
        _ moment: Moment, of range: Range<Int>, _ copies: inout [Copy], _ trail: inout PracticeTrail
    ) throws {
        if case .accepted(let letter, _, _) = moment.content, let signed = model[letter] {
            let party = try trail.world.party(signed.slip.from)
            let seen = (party.broker.flatMap { trail.logs[$0]?.newest?.seen }).map { [$0] } ?? []
            let (known, now) = (copies, trail.now)
            let made = try range.concurrently { place in
                try SignedSlip.sign(slip(signed.slip, in: known[place], seen: seen, at: now), by: party.signing)
            }
            for (place, signed) in zip(range, made) { copies[place].letters[letter] = signed }
        }
        for place in range {
            let content = try content(moment.content, in: copies[place])
            trail.log(content, of: copies[place].id, at: moment.broker)
            if case .accepted(let letter, _, _) = moment.content {
                copies[place].accepted[letter] = trail.logs[moment.broker]?.heads[copies[place].id]?.hash
            }
        }
    }

    private func slip(_ slip: Slip, in copy: Copy, seen: [SeenCheckpoint], at: Instant) throws -> Slip {
        func own(_ letter: LetterID) throws -> LetterID {
            guard let id = copy.letters[letter]?.id else { throw BenchmarkError("a letter before its ancestors") }
            return id
        }
        var slip = slip
        slip.caseID = copy.id
        slip.root = try slip.root.map(own)
        slip.parents = try slip.parents.map(own).sorted()
        slip.previous = try slip.previous.map(own)
        slip.requires = try slip.requires.map(own).sorted()
        slip.about = try slip.about.map { about in
            About(letter: try own(about.letter), state: about.state, code: about.code, stop: try about.stop.map(own))
        }
        for place in slip.to.indices {
            slip.to[place].sequence += copy.number * (numbers[[slip.from, slip.to[place].member]] ?? 0)
        }
        slip.seen = seen
        slip.at = at
        return slip
    }

    private func content(_ content: LogEvent.Content, in copy: Copy) throws -> LogEvent.Content {
        func own(_ letter: LetterID) throws -> SignedSlip {
            guard let signed = copy.letters[letter] else { throw BenchmarkError("an event before its letter") }
            return signed
        }
        switch content {
        case .accepted(let letter, _, let verdict):
            let signed = try own(letter)
            return .accepted(letter: signed.id, slip: .sha256(signed.file), verdict: verdict)
        case .arrived(let letter, _, let verdict, _):
            let signed = try own(letter)
            guard let source = copy.accepted[letter] else { throw BenchmarkError("an arrival before its origin") }
            return .arrived(letter: signed.id, slip: .sha256(signed.file), verdict: verdict, source: source)
        case .fetched(let letter, let member): return .fetched(letter: try own(letter).id, by: member)
        default: throw BenchmarkError("the model has an event that cannot be told again")
        }
    }

    // MARK: - Files

    private static func write(_ trail: PracticeTrail, _ copies: [Copy], to bundle: URL, trust: URL) throws {
        try Data().write(to: bundle)
        let file = try FileHandle(forWritingTo: bundle)
        defer { try? file.close() }
        var buffer: [UInt8] = []
        func flush() throws {
            try file.write(contentsOf: buffer)
            buffer.removeAll(keepingCapacity: true)
        }
        var writer = TrailWriter { bytes in
            buffer += bytes
            if buffer.count > 1 << 22 { try flush() }
        }
        let frame = try PracticeBundle(trail)
        try writer.add(.bundle, frame.manifest.bytes)
        func documents(_ isWanted: (TrailName) -> Bool) throws {
            for (name, bytes) in frame.documents.filter({ isWanted($0.key) }).sorted(by: { $0.key.path < $1.key.path })
            {
                try writer.add(name, bytes)
            }
        }
        try documents { if case .directory = $0 { true } else { false } }
        for (origin, log) in frame.logs.sorted(by: { $0.key < $1.key }) {
            for (size, note) in log.notes.sorted(by: { $0.key < $1.key }) {
                guard let size = Int64(size) else { continue }
                try writer.add(.checkpoint(origin: origin, size: size, .stamped), note)
            }
            for start in stride(from: 0, to: log.leaves.count, by: 256) {
                let range = start..<min(start + 256, log.leaves.count)
                let tile = Int64(start / 256)
                try writer.add(
                    .entries(origin: origin, tile: tile),
                    EntryBundle(number: tile, leaves: Array(log.leaves[range])).bytes)
                try writer.add(
                    .events(origin: origin, tile: tile),
                    range.flatMap { index in Array("\(index)\n".utf8) + (log.events[index] ?? []) })
            }
        }
        try documents { if case .profile = $0 { true } else { false } }
        for copy in copies {
            let files = copy.letters.values.map { (Digest.sha256($0.file), $0.file) }
            for (digest, file) in files.sorted(by: { $0.0 < $1.0 }) { try writer.add(.slip(copy.id, digest), file) }
        }
        try writer.finish()
        try flush()
        try frame.writeTrust(to: trust)
    }
}
