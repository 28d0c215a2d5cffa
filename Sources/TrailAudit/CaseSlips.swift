// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Membership
import Procedure
import TransparencyLog

/// Which of a case's slips count. A file proves nothing by lying in a bundle: whoever has the bundle and a key can add one.
///
/// - SeeAlso: Protocols/Trail.md §5.
struct CaseSlips {
    /// Those that an event takes in, and those that no log has but to which events lead.
    private(set) var letters: [LetterID: CaseLetter] = [:]
    /// For each step that its sender's log should have and has not: the first event that rests on it.
    private(set) var unlogged: [TrailEvent] = []

    /// - Parameter files: those whose signature verifies, by somebody of some directory.
    init(_ files: [Digest: CaseLetter], events: [TrailEvent], world: TrailWorld) {
        var taken: Set<LetterID> = []
        for (letter, file) in events.compactMap(Self.taken) {
            taken.insert(letter)
            if letters[letter] == nil, let found = files[file], found.id == letter { letters[letter] = found }
        }
        var rest: [LetterID: [CaseLetter]] = [:]
        var papers: [LetterID: Set<LetterID>] = [:]
        for (_, letter) in files.sorted(by: { $0.key < $1.key }) where !taken.contains(letter.id) {
            rest[letter.id, default: []].append(letter)
            guard letter.slip.type == .refusal || letter.slip.type == .notice, let about = letter.slip.about else {
                continue
            }
            papers[about.letter, default: []].insert(letter.id)
        }
        guard !rest.isEmpty else { return }
        var reached: Set<LetterID> = []
        for event in events {
            var left = Self.named(event)
            while let next = left.popLast() {
                guard reached.insert(next).inserted else { continue }
                for letter in rest[next] ?? [] where Self.isSender(letter, at: event, in: world) {
                    let isMissed = world.hasWholeLog(of: letter.slip.from, at: event.index, of: event.log)
                    guard letter.slip.type == .step || !isMissed else { continue }
                    letters[next] = letter
                    if isMissed { unlogged.append(event) }
                    break
                }
                if let letter = letters[next] { left += letter.ancestors + (letter.slip.root.map { [$0] } ?? []) }
                left += papers[next] ?? []
            }
        }
    }

    /// The letter and the slip file that an event takes in or refuses.
    static func taken(_ event: TrailEvent) -> (letter: LetterID, file: Digest)? {
        switch event.content {
        case .accepted(let letter, let slip, _), .arrived(let letter, let slip, _, _),
            .refused(let letter, let slip, _, _):
            (letter, slip)
        default: nil
        }
    }

    /// The letter that an event is about, with the paper and the stop that it names.
    private static func named(_ event: TrailEvent) -> [LetterID] {
        switch event.content {
        case .accepted(let letter, _, _), .arrived(let letter, _, _, _), .admitted(let letter, _),
            .fetched(let letter, _):
            return [letter]
        case .refused(let letter, _, _, let paper), .expired(let letter, let paper), .gone(let letter, let paper):
            return [letter, paper]
        case .withheld(let letter, let stop, let paper), .seenPossibly(let letter, let stop, let paper):
            return [letter, stop, paper]
        default: return []
        }
    }

    /// Whether its sender signed it, as a broker judges what is handed over as context.
    private static func isSender(_ letter: CaseLetter, at event: TrailEvent, in world: TrailWorld) -> Bool {
        guard let directories = world.directories(at: event.index, of: event.log) else { return false }
        let at = min(letter.slip.at, event.at)
        return (try? directories.judgeSigner(of: letter.slip, certificate: letter.certificate, at: at)) != nil
    }
}
