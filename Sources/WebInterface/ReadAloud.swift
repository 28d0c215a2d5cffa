// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// What is read to her before she decides: the profile's own words for each decision, between those that stand for all.
struct ReadAloud {
    let call: Call
    let profile: Profile
    /// Consents of the profile.
    let decisions: [String]

    /// The decisions in one language; nothing where the profile has no words for them.
    func text(in language: String) throws -> HTML {
        let labels = try call.desk.network.words(of: profile.digest, for: call.desk.identity.member, in: language)
            .labels
        let words = Words.of(language)
        let texts = decisions.compactMap { name in labels.label("say", name).map { (name, $0) } }
        guard !texts.isEmpty, labels.language == language else { return .empty }
        return E("div", ["class": "aloud", "lang": language]) {
            for (name, text) in texts {
                if texts.count > 1 { E("p", ["class": "hint"]) { labels.name("consent", name) } }
                E("p") { text }
            }
            E("p") { words.say(.sayBefore) }
            E("p") { words.say(.sayAfter) }
        }
    }

    /// The text in her language, the others a press away.
    ///
    /// - Parameter hers: her language where it is known; else the reader's comes first.
    func panel(hers: String?, isOpen: Bool) throws -> HTML {
        let first = hers.flatMap { Words.languages.contains($0) ? $0 : nil } ?? call.language
        let others = try Words.languages.filter { $0 != first }.map { ($0, try text(in: $0)) }.filter {
            !$1.text.isEmpty
        }
        let main = try text(in: first)
        guard !main.text.isEmpty || !others.isEmpty else { return .empty }
        return E("details", ["class": "card", "open": isOpen ? "" : nil]) {
            E("summary") { call.say(.readAloud) }
            main
            for (language, text) in others {
                E("details") {
                    E("summary", ["lang": language]) { Words.names[language] ?? language }
                    text
                }
            }
        }
    }
}

extension Profile {
    /// The consents that an event may give: those of the track on which it leads on.
    func decisions(of event: String) -> [String] {
        guard let rule = self.event(event), rule.kind == .progress, let home = rule.home else { return [] }
        return definition.consents.filter { $0.value.track == home }.keys.sorted()
    }
}

extension DraftWork {
    /// What she is asked for here. Where one track has several consents, the answer that names one says which.
    var decisions: [String] {
        form.draft.content.events.flatMap { event in
            let names = form.profile.decisions(of: event)
            guard names.count > 1 else { return names }
            let answers = form.questions.filter { $0.event == event }.compactMap {
                form.draft.content.answers[$0.key]?.values.first
            }
            return answers.first(where: names.contains).map { [$0] } ?? names
        }
    }

    /// Her language, where an answer of this draft tells it.
    var herLanguage: String? {
        form.questions.lazy.compactMap { question in
            guard case .language = question.field.kind else { return nil }
            return form.draft.content.answers[question.key]?.values.first
        }.first
    }

    /// What is read to her, where the draft asks for a decision of hers.
    func readAloud(isOpen: Bool) throws -> HTML {
        let decisions = decisions
        guard !decisions.isEmpty else { return .empty }
        return try ReadAloud(call: call, profile: form.profile, decisions: decisions)
            .panel(hers: herLanguage, isOpen: isOpen)
    }
}
