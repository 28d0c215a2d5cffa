// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Node
import Procedure

/// Letters for programs: how far each has come, its slip as it was signed, and its forms, whose reading is noted.
enum LetterAPI {
    private struct Letters: Encodable { let letters: [Report] }

    private struct Report: Encodable {
        struct Receipt: Encodable {
            let from, state, at: String
            let code: String?
        }
        let letter, `case`, type, lane, from, at, direction, state, words: String
        let to, events: [String]
        /// Whether all its sealed events could be read here.
        let opened: Bool
        /// A signed refusal or notice says that it does not count.
        let void: Bool
        let receipts: [Receipt]
        /// Names of its forms by commitment.
        let forms: [String: String]
        let attachments: [String]
        /// `slip.p7s`, base64; where one letter was asked for.
        var slip: String?

        init(_ entry: HistoryEntry, _ words: DeskWords) {
            letter = entry.letter.id.hex
            `case` = entry.letter.caseID.text
            type = entry.letter.type.rawValue
            lane = entry.letter.lane.rawValue
            from = entry.letter.sender.text
            at = entry.letter.sent.rfc3339
            direction = entry.letter.direction.rawValue
            state = entry.letter.state.rawValue
            self.words = words.title(of: entry)
            to = entry.to.map(\.text)
            events = entry.events.map(\.code)
            opened = entry.isOpened
            void = entry.isVoid
            receipts = entry.receipts.map {
                Receipt(from: $0.sender.text, state: $0.state.rawValue, at: $0.at.rfc3339, code: $0.code)
            }
            forms = Dictionary(entry.forms.map { ($0.key.hex, $0.value) }) { first, _ in first }
            attachments = entry.attachments.map(\.hex)
        }
    }

    static func ofCase(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseInAddress()
        let words = try call.procedure(caseID)
        return .json(200, Letters(letters: try call.desk.history(of: caseID).map { Report($0, words) }))
    }

    static func show(_ call: Call) throws -> WebResponse {
        let entry = try call.desk.letter(id(call)).entry
        var report = Report(entry, try call.procedure(entry.letter.caseID))
        report.slip = Data(entry.letter.slip).base64EncodedString()
        return .json(200, report)
    }

    /// Letters with steps that nobody here has acted on, as they came.
    static func inbox(_ call: Call) throws -> WebResponse {
        let waiting = try call.desk.unacted(limit: WebLimits.lettersOfAnswer)
        return .json(
            200,
            Letters(
                letters: try waiting.map { id in
                    let entry = try call.desk.letter(id).entry
                    return Report(entry, try call.procedure(entry.letter.caseID))
                }))
    }

    private struct Receipt: Encodable { let receipt: String }

    static func acted(_ call: Call) throws -> WebResponse {
        .json(200, Receipt(receipt: try call.desk.markActedOn(id(call), account: call.name, at: call.now).hex))
    }

    /// The form's own JSON, byte for byte; who read it is noted before it goes.
    static func form(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseInAddress()
        guard let commitment = Digest(hex: call.parameters["form"] ?? "") else { throw APIFault(.notFound) }
        let form = try call.desk.form(commitment, in: caseID)
        try call.desk.store.write { try $0.note(opening: commitment, in: caseID, by: call.name, at: call.now) }
        return WebResponse(200, fields: ["content-type": "application/json"], body: form)
    }

    private static func id(_ call: Call) throws -> LetterID {
        guard let id = LetterID(hex: call.parameters["letter"] ?? "") else { throw APIFault(.notFound) }
        return id
    }
}
