// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// One sheet of paper about a case, in the language of whoever will read it. It carries the reference in place of a name.
struct Sheet {
    /// Who prints it; the page around the sheet is in this person's language.
    let call: Call
    let caseID: CaseID
    let language: String
    let view: CaseView
    let profile: Profile
    let words: DeskWords

    init(_ call: Call, in language: String) throws {
        self.call = call
        self.language = language
        caseID = try call.caseID()
        view = try call.desk.view(of: caseID, at: call.now)
        profile = try call.profile(of: caseID)
        words = try call.procedure(caseID, in: language)
    }

    func say(_ word: Word, _ values: [String: String] = [:]) -> String { Words.of(language).say(word, values) }

    func schema(of event: String) -> FormSchema? { profile.event(event)?.form.flatMap { catalogue?.forms[$0] } }

    var catalogue: FormCatalogue? { call.desk.network.forms(of: profile.digest) }

    /// The sheet within its page.
    ///
    /// - Parameters:
    ///   - title: the page's kind, and the sheet's heading where `heading` is absent.
    ///   - letter: which letter it prints: paper can so be compared with the trail.
    func response(
        _ title: Word, heading: String? = nil, letter: LetterID? = nil, @Markup _ content: () throws -> HTML
    ) throws -> WebResponse {
        let content = try content()
        let seen = try call.desk.store.read { try $0.checkpoints() }
        return Page(call: call, title: title, caseReference: caseID.text).response {
            call.ways(caseID.text)
            E("p", ["class": "print", "hidden": ""]) {
                E("button", ["type": "button", "class": "button main", "data-print": ""]) { call.say(.print) }
            }
            E("article", ["class": "sheet", "lang": language]) {
                E("p", ["class": "reference", "translate": "no"]) { CaseReference.text(caseID) }
                E("h2") { heading ?? say(title) }
                content
                E("div", ["class": "foot"]) {
                    if let code = QRCode(Self.marks(of: caseID, letter, seen)) { code.picture(say(.sheetCode)) }
                    E("p") { say(.reconstruction) }
                    E("p") { say(.printedBy, ["name": call.name, "time": words.moment(call.now)]) }
                    if let letter { code("\(say(.letterId)) \(letter.hex)") }
                    for checkpoint in seen {
                        code("\(say(.checkpointNewest)) \(checkpoint.origin) \(checkpoint.size) \(checkpoint.root.hex)")
                    }
                }
            }
        }
    }

    /// What a sheet's code says: what stands on the sheet in marks of machines, and nobody's name.
    static func marks(of caseID: CaseID, _ letter: LetterID?, _ checkpoints: [SeenCheckpoint]) -> String {
        let lines =
            ["kheya-sheet/1", CaseReference.text(caseID)] + [letter].compactMap { $0.map { "letter \($0.hex)" } }
            + checkpoints.map { "checkpoint \($0.origin) \($0.size) \($0.root.hex)" }
        return lines.joined(separator: "\n")
    }

    /// What machines compare: in Latin letters, whatever the language.
    private func code(_ text: String) -> HTML { E("p", ["class": "proof", "translate": "no"]) { text } }

    // MARK: For her

    /// Who answers the telephone, what to say, and nothing about her.
    var card: HTML {
        group {
            E("p", ["class": "large"]) { say(.sheetStop) }
            partners
            line(.sheetTelephone)
            line(.sheetComplaint)
            E("p", ["class": "hint"]) { say(.sheetDesk) }
        }
    }

    private var partners: HTML {
        E("dl") {
            for (role, members) in view.parties.sorted(by: { $0.key < $1.key }) where !members.isEmpty {
                E("dt") { words.role(role) }
                E("dd") { words.members(members) }
            }
        }
    }

    /// Where she stands, what she has decided, who takes part, who read what of hers, and how to stop.
    func hers() throws -> HTML {
        let openings = try call.desk.store.read { try $0.openings(of: caseID, limit: WebLimits.rows) }
        return group {
            E("p", ["class": "large"]) { words.states(view.state.lifecycle) }
            E("dl") {
                for track in Set(profile.definition.consents.values.map(\.track)).sorted() {
                    E("dt") { words.track(track) }
                    E("dd") { words.states(view.state.tracks[track] ?? [], of: track) }
                }
            }
            E("h3") { say(.takesPart) }
            partners
            if !openings.isEmpty {
                E("h3") { say(.whoRead) }
                E("ul") { for opening in openings { E("li") { "\(opening.account) · \(words.moment(opening.at))" } } }
            }
            E("p", ["class": "large"]) { say(.sheetStop) }
            line(.sheetTelephone)
            line(.sheetComplaint)
        }
    }

    /// One decision, to be read to her, and room for what she says.
    func consent(_ name: String) throws -> HTML {
        let text = try ReadAloud(call: call, profile: profile, decisions: [name]).text(in: language)
        return group {
            text
            E("h3") { say(.sheetAnswer) }
            E("ul", ["class": "tick"]) {
                for word in [Word.answerYes, .answerNo, .answerLater, .answerLess] { E("li") { say(word) } }
            }
            line()
            for word in [Word.sheetInterpreter, .sheetWitness, .sheetSignature, .sheetDate] { line(word) }
            E("p", ["class": "hint"]) { say(.sheetStop) }
        }
    }

    /// Room to write on.
    func line(_ word: Word? = nil) -> HTML {
        group {
            if let word { E("p", ["class": "label"]) { say(word) } }
            E("p", ["class": "line"]) { "" }
        }
    }
}
