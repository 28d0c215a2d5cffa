// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
import Foundation
public import Letters
import Procedure

/// One record of a file as drafts: what was taken from it, what was not, and what is still to be answered.
public struct ImportedCase: Sendable {
    /// A field that became answers.
    public struct Taken: Hashable, Sendable {
        public let field: String
        /// Keys of answers: `DOSSIER/names.1.written`.
        public var to: [String]
    }

    public struct NotTaken: Hashable, Sendable {
        /// As the file calls it; `?` for what does not look like the name of a field: it may be somebody's.
        public let field: String
        public let reason: ImportMapping.Reason
        /// The code without a counterpart, where the mapping knows it.
        public var code: String?
    }

    /// From 1, in the order of the file.
    public let record: Int
    public internal(set) var caseID: CaseID
    /// The same record was taken before: nothing was changed.
    public internal(set) var isKnown = false
    /// One for each event, that which opens the case first; of a known record those that still lie here.
    public internal(set) var drafts: [DraftRecord] = []
    public let taken: [Taken]
    public let notTaken: [NotTaken]
    /// Compulsory whatever the other answers are, and not in the file: keys of answers.
    public let open: [String]
}

/// Turns a record into answers, by a mapping and against one profile and its forms. Pure: writes nothing, asks no clock.
struct RecordImport {
    private let mapping: ImportMapping
    private let profile: Profile
    private let catalogue: FormCatalogue
    /// Those of whose answers a draft is made.
    private let events: [String]
    private let record: [String: ImportFile.Value]
    private let number: Int
    private let account: String
    /// By their keys in a draft.
    private(set) var answers: [String: ActDraft.Answer] = [:]
    private(set) var taken: [ImportedCase.Taken] = []
    private(set) var notTaken: [ImportedCase.NotTaken] = []
    private(set) var faults: [ImportFault] = []

    /// - Parameter number: of the record, from 1.
    init(
        _ record: [String: ImportFile.Value], number: Int, by account: String, _ mapping: ImportMapping,
        _ profile: Profile, _ catalogue: FormCatalogue, events: [String]
    ) {
        (self.record, self.number, self.account) = (record, number, account)
        (self.mapping, self.profile, self.catalogue, self.events) = (mapping, profile, catalogue, events)
        for field in mapping.fields { take(field) }
        let known = Set(mapping.fields.flatMap(\.names))
        if !record.keys.contains(where: known.contains) { fault(nil, .noKnownField) }
        notTaken += record.keys.filter { !known.contains($0) && isGiven($0) }.sorted().map {
            ImportedCase.NotTaken(field: Self.isName($0) ? $0 : "?", reason: .unknown)
        }
    }

    /// Keys of what is compulsory whatever the others are, and was not answered.
    func open(_ event: String) -> [String] {
        let fields = form(of: event).filter { $0.required == FormSchema.always }.map(\.name)
        let facts = profile.compulsoryFacts(of: event).filter { !fields.contains($0) }
        return (facts + fields).map { "\(event)/\($0)" }.filter { answers[$0] == nil }
    }

    private func form(of event: String) -> [FormSchema.Field] {
        profile.event(event)?.form.flatMap { catalogue.forms[$0] }?.fields ?? []
    }

    // MARK: A field

    private mutating func fault(_ field: String?, _ rule: ImportFault.Rule) {
        faults.append(ImportFault(record: number, field: field, rule: rule))
    }

    private func isGiven(_ name: String) -> Bool { record[name] == .other || !Self.texts(record[name]).isEmpty }

    private mutating func take(_ field: ImportMapping.Field) {
        let given = field.names.filter(isGiven)
        guard let name = given.first else { return }
        guard given.count == 1 else { return fault(name, .twice) }
        guard field.not == nil else { return notTaken.append(.init(field: name, reason: field.not ?? .noField)) }
        guard record[name] != .other else { return fault(name, .wrongType) }
        var keys: [String] = []
        for target in field.to ?? [] {
            let before = faults.count
            if let key = answer(target, Self.texts(record[name]), name, field) { keys.append(key) }
            // The same fault at a second target says nothing new.
            guard faults.count == before else { return }
        }
        if !keys.isEmpty { taken.append(.init(field: name, to: keys)) }
        // A profile without the field, or none of its codes: told with the code above, else here.
        if keys.isEmpty, notTaken.last?.field != name { notTaken.append(.init(field: name, reason: .noField)) }
    }

    /// - Parameter target: `EVENT/field`, or `EVENT/list.field` for an entry of its own.
    /// - Returns: The key of the answer.
    private mutating func answer(
        _ target: String, _ texts: [String], _ name: String, _ source: ImportMapping.Field
    ) -> String? {
        let pieces = target.split(separator: "/").map(String.init)
        guard pieces.count == 2, events.contains(pieces[0]) else { return nil }
        let path = pieces[1].split(separator: ".").map(String.init)
        let own = form(of: pieces[0]).first { $0.name == path[0] }
        guard path.count == 2 else {
            guard let kind = own?.kind ?? fact(path[0], of: pieces[0]),
                let values = values(texts, kind, limit: own?.maximum, isHers: own?.isHers ?? false, name, source)
            else { return nil }
            return add(values, to: target, isSeveral: kind.isSeveral)
        }
        guard case .list(let inner) = own?.kind, let field = inner.first(where: { $0.name == path[1] }),
            let values = values(texts, field.kind, limit: field.maximum, isHers: field.isHers, name, source)
        else { return nil }
        let list = "\(pieces[0])/\(path[0])"
        let count = (answers[list]?.values.first.flatMap { Int($0) } ?? 0) + 1
        // How many entries there are is no answer of the file's: each entry is.
        answers[list] = ActDraft.Answer(values: [String(count)], by: account)
        for (constant, value) in source.with ?? [:] {
            _ = add([value], to: "\(list).\(count).\(constant)", isSeveral: false)
        }
        return add(values, to: "\(list).\(count).\(path[1])", isSeveral: false)
    }

    private mutating func add(_ values: [String], to key: String, isSeveral: Bool) -> String {
        let before = isSeveral ? answers[key]?.values ?? [] : []
        answers[key] = ActDraft.Answer(
            values: before + values.filter { !before.contains($0) }, by: account, isImported: true)
        return key
    }

    private func fact(_ name: String, of event: String) -> FormSchema.Field.Kind? {
        guard profile.compulsoryFacts(of: event).contains(name), let rule = profile.definition.facts[name] else {
            return nil
        }
        return switch rule.kind {
        case .codes(let codes): .code(Set(codes))
        case .date: .date
        case .id, .instant, .member, .digest: nil
        }
    }

    // MARK: A value

    /// What an answer of this kind holds; `nil` after a fault, or where nothing of it has a counterpart.
    private mutating func values(
        _ texts: [String], _ kind: FormSchema.Field.Kind, limit: Int64?, isHers: Bool, _ name: String,
        _ source: ImportMapping.Field
    ) -> [String]? {
        switch kind {
        case .code(let codes), .region(let codes), .language(let codes), .codes(let codes):
            return self.codes(texts, codes, isSeveral: kind.isSeveral, name, source)
        default: break
        }
        guard texts.count == 1, let text = texts.first else {
            fault(name, .wrongType)
            return nil
        }
        switch kind {
        case .text:
            guard text.utf8.count <= limit ?? 4_096 else {
                fault(name, .tooLong)
                return nil
            }
            // That she declined is hers to say: elsewhere the word may mean anything.
            if isHers, FormSchema.herAnswers.contains(text) { break }
            if TextRules.violation(in: text) == nil { return [text] }
        case .date: if CivilDate(text) != nil { return text.split(separator: "-").map(String.init) }
        case .partialDate:
            let rest = "-01-01".dropFirst(text.utf8.count == 4 ? 0 : text.utf8.count == 7 ? 3 : 6)
            if CivilDate(text + rest) != nil {
                let pieces = text.split(separator: "-").map(String.init)
                return pieces + Array(repeating: "", count: 3 - pieces.count)
            }
        case .integer: if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), Int64(text) != nil { return [text] }
        default: break
        }
        fault(name, .wrongType)
        return nil
    }

    private mutating func codes(
        _ texts: [String], _ codes: Set<String>, isSeveral: Bool, _ name: String, _ source: ImportMapping.Field
    ) -> [String]? {
        let given = texts.flatMap { text -> [String] in
            guard isSeveral else { return [text] }
            return text.components(separatedBy: mapping.separator).map(Self.trimmed).filter { !$0.isEmpty }
        }
        guard isSeveral || given.count == 1 else {
            fault(name, .wrongType)
            return nil
        }
        var values: [String] = []
        for code in given {
            if let own = source.codes?[code], codes.contains(own) {
                if !values.contains(own) { values.append(own) }
            } else if source.without?.contains(code) == true || source.codes?[code] != nil {
                let note = ImportedCase.NotTaken(field: name, reason: .noCode, code: code)
                if !notTaken.contains(note) { notTaken.append(note) }
            } else if source.open == true {
                // It may be anything that somebody typed: its field is told, never itself.
                let note = ImportedCase.NotTaken(field: name, reason: .noCode)
                if !notTaken.contains(note) { notTaken.append(note) }
            } else {
                fault(name, .unknownCode)
                return nil
            }
        }
        return values.isEmpty ? nil : values
    }

    private static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }

    /// What stands in a field: none where it is empty.
    private static func texts(_ value: ImportFile.Value?) -> [String] {
        switch value {
        case .text(let text): text.isEmpty ? [] : [text]
        case .several(let texts): texts.filter { !$0.isEmpty }
        case .other, nil: []
        }
    }

    /// Whether a word looks like the name of a field, and not like what stands in one: a low line, a digit, or a capital within it.
    private static func isName(_ text: String) -> Bool {
        text.utf8.dropFirst().contains { $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
            && text.utf8.count <= 64 && text.utf8.first.map { $0 > 0x40 } ?? false
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
            }
    }
}

extension FormSchema.Field.Kind {
    /// An answer may name several codes.
    fileprivate var isSeveral: Bool { if case .codes = self { true } else { false } }
}
