// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Knows what was asked for and what was answered, outside every directory that a fault can touch, and counts what the nodes then hold.
///
/// I1 lost, I2 doubled, I3 unexpected, I4 out of order of the reliability page; a letter counts as sent once the sender's own
/// command has answered with its id.
struct Oracle: Sendable {
    /// One letter of a member's history of a case, as `kheya case history --json` prints it, in the order in which the node took it in.
    struct Seen: Sendable {
        var id: String
        var type: String
        var from: String
        var before: [String]
        var state: String
        /// What a receipt is about.
        var about: String?
        var receipts: [(from: String, state: String)]

        init(_ object: [String: Any]) {
            id = object["letter"] as? String ?? ""
            type = object["type"] as? String ?? ""
            from = object["from"] as? String ?? ""
            before = (object["parents"] as? [String] ?? []) + [object["previous"] as? String].compactMap { $0 }
            state = object["state"] as? String ?? ""
            about = (object["about"] as? [String: Any])?["letter"] as? String
            receipts = (object["receipts"] as? [[String: Any]] ?? []).map {
                ($0["from"] as? String ?? "", $0["state"] as? String ?? "")
            }
        }
    }

    struct Count: Equatable, CustomStringConvertible {
        var sent = 0
        var recovered = 0
        var lost = 0
        var doubled = 0
        var unexpected = 0
        var outOfOrder = 0
        var unanswered = 0

        var isClean: Bool { lost == 0 && doubled == 0 && unexpected == 0 && outOfOrder == 0 && unanswered == 0 }

        var description: String {
            "\(sent) letters answered, \(recovered) of commands that were killed: \(lost) lost, \(doubled) doubled, "
                + "\(unexpected) unexpected, \(outOfOrder) out of order, \(unanswered) without receipt"
        }
    }

    /// Letters whose command answered, by case.
    private(set) var sent: [String: [(letter: String, from: String)]] = [:]
    /// Commands that were killed before they answered, by case and sender: each may have sent one letter, or none.
    private(set) var interrupted: [String: Int] = [:]

    mutating func answered(_ letters: [String], from member: String, in caseID: String) {
        sent[caseID, default: []] += letters.map { ($0, member) }
    }

    mutating func killed(from member: String, in caseID: String) { interrupted["\(caseID) \(member)", default: 0] += 1 }

    /// - Parameter histories: for each case, what each member holds.
    func count(_ histories: [String: [String: [Seen]]]) -> Count {
        var count = Count()
        for (caseID, members) in histories {
            let intended = sent[caseID] ?? []
            count.sent += intended.count
            for (member, letters) in members {
                let held = Dictionary(grouping: letters.filter { $0.type == "step" }, by: \.id)
                count.doubled += held.values.map { $0.count - 1 }.reduce(0, +)
                for (letter, from) in intended {
                    guard let seen = held[letter]?.first else {
                        count.lost += 1
                        continue
                    }
                    if from != member, seen.state != "valid", seen.state != "flagged" { count.lost += 1 }
                    // The sender has exactly one receipt that says opened.
                    guard from == member else { continue }
                    let opened = seen.receipts.filter { $0.state == "valid" || $0.state == "flagged" }
                    if opened.isEmpty { count.unanswered += 1 }
                    count.doubled += max(0, opened.count - 1)
                }
                count.outOfOrder += Self.outOfOrder(letters, at: member)
            }
            count.add(unexpectedIn: members, caseID, intended.map(\.letter), interrupted)
        }
        return count
    }

    /// Steps that took effect before one that they name as coming before them. A letter may arrive early and wait; it takes effect when
    /// the member's own receipt for it is written, in one transaction, and own letters are written in order.
    private static func outOfOrder(_ letters: [Seen], at member: String) -> Int {
        var effects: [String: Int] = [:]
        for (place, letter) in letters.enumerated() where letter.from == member {
            if letter.type == "step" { effects[letter.id] = place }
            if letter.type == "receipt", let about = letter.about, effects[about] == nil { effects[about] = place }
        }
        return letters.filter { letter in
            guard letter.type == "step", let effect = effects[letter.id] else { return false }
            return letter.before.contains { effects[$0].map { $0 > effect } ?? false }
        }.count
    }
}

extension Oracle.Count {
    /// What nobody asked for: beyond one letter for each command that was killed.
    fileprivate mutating func add(
        unexpectedIn members: [String: [Oracle.Seen]], _ caseID: String, _ intended: [String],
        _ interrupted: [String: Int]
    ) {
        let known = Set(intended)
        var extra: [String: Set<String>] = [:]
        for letter in members.values.joined() where letter.type == "step" && !known.contains(letter.id) {
            extra[letter.from, default: []].insert(letter.id)
        }
        for (sender, letters) in extra {
            let allowed = interrupted["\(caseID) \(sender)"] ?? 0
            recovered += min(allowed, letters.count)
            unexpected += max(0, letters.count - allowed)
            // What a killed command sent is a letter like any other: whoever was to get it has it.
            for letter in letters where !members.values.allSatisfy({ $0.contains { $0.id == letter } }) { lost += 1 }
        }
    }
}
