// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Sealing
import TransparencyLog

/// Stage 10: receipts and ends; what other cases and the whole bundle need of this one; the counts.
extension CaseAuditor {
    mutating func checkEnds() {
        for (letter, home) in homes.sorted(by: { $0.key < $1.key }) where !unsound.contains(letter) {
            guard let slip = letters[letter]?.slip else { continue }
            for addressee in slip.to {
                result.numbers.append(
                    (
                        PairName(from: slip.from, to: addressee.member, epoch: addressee.epoch), addressee.sequence,
                        home.log, home.index
                    ))
            }
            order(letter, slip, home)
            switch slip.type {
            case .receipt: checkReceipt(letter, slip, home)
            case .step: checkEnd(letter, slip, home)
            default: break
            }
        }
    }

    private mutating func checkReceipt(_ letter: LetterID, _ slip: Slip, _ home: TrailEvent) {
        guard let about = slip.about, !unsound.contains(about.letter) else { return }
        guard let subject = letters[about.letter]?.slip else {
            return report(.receipt, at: home, letter, "about a letter that is not in the trail")
        }
        if subject.type != .step || subject.addressee(slip.from) == nil {
            report(.receipt, at: home, letter, "of somebody to whom the letter was not addressed")
        }
    }

    private mutating func checkEnd(_ letter: LetterID, _ slip: Slip, _ home: TrailEvent) {
        guard !ended.contains(letter) else { return }
        for addressee in slip.to {
            let states = letters.values.lazy.filter { $0.slip.from == addressee.member }
                .compactMap { $0.slip.about?.letter == letter ? $0.slip.about?.state : nil }
            if states.contains(.acted) || states.contains(.invalid) { continue }
            guard let expires = slip.expires, expires < world.asOf else {
                result.pending[home.log, default: 0] += 1
                continue
            }
            let isOpened = !states.isEmpty
            report(
                .unended, isOpened ? .incomplete : .fail, at: home, letter,
                "overdue for \(addressee.member)\(isOpened ? ", who had opened it" : "")")
        }
    }

    /// Letters that a log says were refused, given up or withheld.
    private var ended: Set<LetterID> {
        Set(
            events.compactMap {
                switch $0.content {
                case .refused(let letter, _, _, _), .expired(let letter, _), .gone(let letter, _),
                    .withheld(let letter, _, _), .seenPossibly(let letter, _, _):
                    letter
                default: nil
                }
            })
    }

    /// A visible step with the facts `origin` and `leaves` orders an erasure. Protocols/Trail.md §7.
    private mutating func order(_ letter: LetterID, _ slip: Slip, _ home: TrailEvent) {
        guard slip.type == .step, let signed = letters[letter], !ended.contains(letter) else { return }
        for event in slip.steps {
            guard case .text(let origin) = event.facts["origin"], case .text(let leaves) = event.facts["leaves"],
                let origin = Digest(hex: origin), let leaves = Digest(hex: leaves)
            else { continue }
            result.orders.append(
                ErasureOrder(
                    letter: letter, slip: .sha256(signed.file), origin: origin, leaves: leaves, log: home.log,
                    index: home.index))
        }
    }

    // MARK: - Counts of section 5

    mutating func count() {
        for (letter, home) in homes where !unsound.contains(letter) {
            guard let slip = letters[letter]?.slip, slip.type == .step else { continue }
            let log = home.log
            for relied in Set(slip.ancestors) where letters[relied] != nil && !isProved(relied, for: slip) {
                result.referenced[log, default: 0] += 1
            }
            guard slip.sealed != nil, opened[letter] == nil else { continue }
            let isAttested = letters.values.contains {
                $0.slip.about?.letter == letter && $0.slip.about?.state == .valid && slip.addressee($0.slip.from) != nil
            }
            if isAttested { result.attested[log, default: 0] += 1 } else { result.sealed[log, default: 0] += 1 }
        }
    }

    /// Whether a letter was in a log before another was signed: below a size that the other quotes.
    func isProved(_ letter: LetterID, for slip: Slip) -> Bool {
        events.contains { event in
            let log = world.logs[event.log]
            switch event.content {
            case .accepted(letter, _, _), .arrived(letter, _, _, _):
                return slip.seen.contains {
                    $0.origin == log.origin && $0.size > event.index && log.root(at: $0.size) == $0.root
                }
            default: return false
            }
        }
    }
}
