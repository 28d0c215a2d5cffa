// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// One letter, as every command prints it.
struct LetterReport: Encodable {
    struct Receipt: Encodable {
        let from: String
        let state: String
        let code: String?
        let at: String
        let letter: String
    }

    struct Void: Encodable {
        let by: String
        let type: String
        let code: String
        let stop: String?
        let letter: String
    }

    struct Subject: Encodable {
        let letter: String
        let state: String?
        let code: String?
        let stop: String?
    }

    let letter: String
    let `case`: String
    let type: String
    let lane: String
    let from: String
    let to: [String]
    let at: String
    let direction: String
    let state: String
    let events: [String]
    /// Whether all sealed events could be read here.
    let opened: Bool
    /// A signed refusal or notice says that it does not count.
    let void: Bool
    let voids: [Void]
    let about: Subject?
    let parents: [String]
    let previous: String?
    let receipts: [Receipt]
    let forms: [String: String]
    let attachments: [String]
    /// When forms and attachments went because nobody may keep them any longer.
    let formsGone: String?
    let reason: String?
    /// What it is, and what became of it, in the reader's language.
    let words: String
    let mark: String
    private let moment: String

    private enum CodingKeys: String, CodingKey {
        case letter, `case`, type, lane, from, to, at, direction, state, events, opened, void, voids, about, parents
        case previous, receipts, forms, attachments, formsGone, reason, words, mark
    }

    init(_ entry: HistoryEntry, _ words: DeskWords) throws {
        let slip = try StoredSlip.read(entry.letter.slip)
        letter = entry.letter.id.hex
        `case` = entry.letter.caseID.text
        type = entry.letter.type.rawValue
        lane = entry.letter.lane.rawValue
        from = entry.letter.sender.text
        to = entry.to.map(\.text)
        at = Moment.text(entry.letter.sent)
        direction = entry.letter.direction.rawValue
        state = entry.letter.state.rawValue
        events = entry.events.map(\.code)
        opened = entry.isOpened
        void = entry.isVoid
        voids = entry.voids.map {
            Void(by: $0.sender.text, type: $0.type.rawValue, code: $0.code, stop: $0.stop?.hex, letter: $0.id.hex)
        }
        about = entry.about.map {
            Subject(letter: $0.letter.hex, state: $0.state?.rawValue, code: $0.code, stop: $0.stop?.hex)
        }
        parents = slip.parents.map(\.hex)
        previous = slip.previous?.hex
        receipts = entry.receipts.map {
            Receipt(
                from: $0.sender.text, state: $0.state.rawValue, code: $0.code, at: Moment.text($0.at), letter: $0.id.hex
            )
        }
        forms = Dictionary(entry.forms.map { ($0.key.hex, $0.value) }) { first, _ in first }
        attachments = entry.attachments.map(\.hex)
        formsGone = entry.formsGone.map(Moment.text)
        reason = entry.refusal.map(words.sentence)
        self.words = words.title(of: entry)
        mark = words.mark(of: entry)
        moment = words.moment(entry.letter.sent)
    }

    /// A line of the history.
    var row: [String] { [moment, String(letter.prefix(8)), from, words, mark] }
}
