// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
public import Letters
public import Procedure
import Synchronization

/// Cases whose forms hold what somebody looks for.
public struct FoundCases: Sendable, Hashable {
    /// Every word as it was written.
    public var exact: [CaseID] = []
    /// Words that differ in vowel signs or other marks only: perhaps another person.
    public var similar: [CaseID] = []
    /// Forms that say who she is by these words, of both: that somebody was shown their cases is an opening of each.
    public var named: [CaseID: Set<Digest>] = [:]
}

/// The words of people's own text in every form that this node can read: in memory only, made at the first search and kept current.
///
/// - SeeAlso: Protocols/Web.md, "Search".
final class CaseSearch: Sendable {
    private struct Content {
        var turn: Int64 = 0
        var words: [CaseID: CaseWords] = [:]
        var cases: [String: Set<CaseID>] = [:]
        /// Words by what is left of them.
        var skeletons: [String: Set<String>] = [:]
    }
    /// The words of a case; each with the forms in which it says who she is.
    private typealias CaseWords = [String: Set<Digest>]
    private let content = Mutex(Content())

    /// Cases that are read in one snapshot.
    private static let batch = 256

    func find(_ text: String, _ desk: CaseDesk) throws -> FoundCases {
        let asked = SearchText.words(text)
        guard !asked.isEmpty else { return FoundCases() }
        return try content.withLock { content in
            try Self.follow(desk, &content)
            let alike = asked.map { (content.skeletons[SearchText.skeleton($0)] ?? []).union([$0]) }
            let exact = Self.cases(asked.map { [$0] }, content)
            let similar = Self.cases(alike, content)
            let words = alike.reduce(Set()) { $0.union($1) }
            let named = similar.union(exact).reduce(into: [CaseID: Set<Digest>]()) { result, caseID in
                let forms = words.reduce(into: Set()) { $0.formUnion(content.words[caseID]?[$1] ?? []) }
                if !forms.isEmpty { result[caseID] = forms }
            }
            return FoundCases(exact: exact.sorted(), similar: similar.subtracting(exact).sorted(), named: named)
        }
    }

    /// Cases that hold one of the words of each.
    private static func cases(_ asked: [Set<String>], _ content: Content) -> Set<CaseID> {
        var found: Set<CaseID>?
        for words in asked {
            let those = words.reduce(into: Set<CaseID>()) { $0.formUnion(content.cases[$1] ?? []) }
            found = found?.intersection(those) ?? those
        }
        return found ?? []
    }

    /// Reads what changed since the last search.
    private static func follow(_ desk: CaseDesk, _ content: inout Content) throws {
        let changed = try desk.store.read { try $0.touched(after: content.turn) }
        for start in stride(from: 0, to: changed.count, by: batch) {
            try desk.store.read { transaction in
                for (caseID, turn) in changed[start..<min(start + batch, changed.count)] {
                    set(try words(of: caseID, desk, transaction), of: caseID, in: &content)
                    content.turn = max(content.turn, turn)
                }
            }
        }
    }

    private static func set(_ words: CaseWords, of caseID: CaseID, in content: inout Content) {
        let old = content.words[caseID] ?? [:]
        for word in old.keys where words[word] == nil {
            content.cases[word]?.remove(caseID)
            guard content.cases[word]?.isEmpty == true else { continue }
            content.cases[word] = nil
            let skeleton = SearchText.skeleton(word)
            content.skeletons[skeleton]?.remove(word)
            if content.skeletons[skeleton]?.isEmpty == true { content.skeletons[skeleton] = nil }
        }
        for word in words.keys where old[word] == nil {
            content.cases[word, default: []].insert(caseID)
            content.skeletons[SearchText.skeleton(word), default: []].insert(word)
        }
        content.words[caseID] = words
    }

    private static func words(
        of caseID: CaseID, _ desk: CaseDesk, _ transaction: CaseTransaction
    ) throws -> CaseWords {
        var words: CaseWords = [:]
        for letter in try transaction.letters(of: caseID) where letter.state.isInGraph {
            for (commitment, document) in try transaction.records(.form, of: letter.id, in: caseID) {
                guard let form = try? FormDocument.read(document) else { continue }
                let slip = try StoredSlip.read(letter.slip)
                guard let catalogue = slip.profile.flatMap({ desk.network.forms(of: $0.digest) }) else { continue }
                for field in catalogue.forms[form.name]?.fields ?? [] {
                    guard let value = form.fields[field.name] else { continue }
                    collect(value, field) { own, field in
                        for word in own {
                            words[word, default: []].formUnion(catalogue.names(field) ? [commitment] : [])
                        }
                    }
                }
            }
        }
        return words
    }

    /// People's own words, below the most sensitive tier; codes, dates and ids are no names.
    private static func collect(
        _ value: Form.Value, _ field: FormSchema.Field, into take: ([String], FormSchema.Field) -> Void
    ) {
        switch (field.kind, value) {
        case (.text, .text(let text)) where field.tier < .t3: take(SearchText.words(text), field)
        case (.list(let fields), .list(let items)):
            for case .item(let values) in items {
                for field in fields { if let value = values[field.name] { collect(value, field, into: take) } }
            }
        default: return
        }
    }
}
