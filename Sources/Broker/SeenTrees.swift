// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import MessageStore
import Procedure
import Synchronization
import TransparencyLog

/// The checkpoints in `seen` of slips that were compared: a case's letters quote the same few again and again. What a member quotes
/// falsely costs that member's own share of comparisons, and nobody else's.
final class SeenTrees: Sendable {
    private static let remembered = 4_096
    /// New ones of one sender that are compared in a minute; an honest node quotes one or two.
    private static let comparedInAMinute = 16

    private struct State {
        var compared: Set<SeenCheckpoint> = []
        var minute: Int64 = 0
        var counts: [MemberID: Int] = [:]
    }
    private let state = Mutex(State())

    /// What of these slips is to be compared now, and who is charged for it.
    func unknown(of slips: [Slip], at now: Instant) -> [SeenCheckpoint: MemberID] {
        state.withLock { state in
            if state.minute != now.seconds / 60 { (state.minute, state.counts) = (now.seconds / 60, [:]) }
            var unknown: [SeenCheckpoint: MemberID] = [:]
            for slip in slips where state.counts[slip.from, default: 0] < Self.comparedInAMinute {
                for seen in slip.seen where !state.compared.contains(seen) { unknown[seen] = slip.from }
            }
            return unknown
        }
    }

    /// What could be compared. The rest costs nobody anything, and is asked again when its letter or another one comes.
    func remember(_ compared: [SeenCheckpoint: MemberID]) {
        state.withLock { state in
            if state.compared.count + compared.count > Self.remembered { state.compared = [] }
            state.compared.formUnion(compared.keys)
            for member in compared.values { state.counts[member, default: 0] += 1 }
        }
    }
}

extension BrokerCore {
    /// Compares what the senders of letters have seen of logs with what is known of them here, the own log or a mirror: a log that shows
    /// its members another tree than its witness is found at the first letter that comes from there. Protocols/Log.md §5.2.
    ///
    /// It is the slip's word, not the log's signature: it hinders no letter, and a person looks.
    func compareSeen(_ letters: [VerifiedLetter]) async {
        let unknown = seenTrees.unknown(of: letters.map(\.slip), at: now)
        guard !unknown.isEmpty else { return }
        do {
            let (good, bad) = try await look { reading -> (Set<SeenCheckpoint>, Set<SeenCheckpoint>) in
                let own = Dictionary(try reading.logs().map { ($0.origin, $0.head.size) }) { first, _ in first }
                var (good, bad): (Set<SeenCheckpoint>, Set<SeenCheckpoint>) = ([], [])
                for seen in unknown.keys {
                    let size = try own[seen.origin] ?? reading.mirror(of: seen.origin).size
                    guard seen.size >= 1, seen.size <= size else { continue }
                    let head = try MerkleTree.head(size: seen.size) { position in
                        try own[seen.origin] == nil
                            ? reading.mirrorNode(of: seen.origin, at: position)
                            : reading.node(of: seen.origin, at: position)
                    }
                    if head.root == seen.root { good.insert(seen) } else { bad.insert(seen) }
                }
                return (good, bad)
            }
            // A false one too: its letter comes again, and is told of once.
            seenTrees.remember(unknown.filter { good.contains($0.key) || bad.contains($0.key) })
            for letter in letters where !bad.isDisjoint(with: letter.slip.seen) {
                log(
                    .error, "log.conflict: a letter's sender has seen another history of a log",
                    ["letter": .letter(letter.id), "member": .member(letter.slip.from)])
            }
        } catch {
            log(.warning, "what senders have seen was not compared")
        }
    }
}
