// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Procedure

/// What the clocks of a case read in forms. Protocols/Procedure.md §7.5.
enum FormAnswers {
    /// Answers of the newest forms that this node wrote or could open, by `form.field`: those only that a deadline of the profile asks for,
    /// so that no other form is opened.
    static func read(_ sight: CaseSight, _ transaction: CaseTransaction) throws -> [String: FormAnswer] {
        let history = sight.history
        let asked = history.profile.answersAsked
        guard !asked.isEmpty else { return [:] }
        var following: [LetterID: [LetterID]] = [:]
        for step in sight.letters.compactMap({ history.step($0.id) })
        where !step.isVoid && step.hasForm && step.readEvents.isEmpty {
            for told in step.requires { following[told, default: []].append(step.id) }
        }
        var answers: [String: FormAnswer] = [:]
        for standing in history.standing(in: history.state) {
            guard let name = history.profile.event(standing.event)?.form, let fields = asked[name] else { continue }
            for letter in [standing.letter] + following[standing.letter, default: []] {
                for document in try transaction.records(.form, of: letter, in: sight.record.caseID).values {
                    guard let form = try? FormDocument.read(document), form.name == name, form.event == standing.event
                    else { continue }
                    // A newer form says all anew: what it leaves open is open.
                    for field in fields {
                        answers["\(name).\(field)"] = value(form.fields[field]).map {
                            FormAnswer($0, letter: standing.letter)
                        }
                    }
                }
            }
        }
        return answers
    }

    private static func value(_ value: Form.Value?) -> FactValue? {
        switch value {
        case .text(let text): .text(text)
        case .integer(let number): .integer(number)
        case .list, .item, nil: nil
        }
    }
}
