// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// The labels of a profile in all its languages: each complete, all alike, and in no other language.
///
/// - SeeAlso: Protocols/Procedure.md, "Labels".
public struct ProfileLanguages: Hashable, Sendable {
    /// BCP 47, sorted.
    public var languages: [String] { labels.keys.sorted() }
    private let labels: [String: ProfileLabels]

    /// Reads and checks the labels of a profile.
    ///
    /// - Parameter files: by their name in the profile's `documents`: `labels-bn`. Their digests
    ///   (``ProfileDocument/canonicalBytes(ofSource:document:)``) are the caller's to compare.
    /// - Throws: ``LetterError``, naming file and key: `.formInvalid` for a file that is none, `.profileInvalid` for a
    ///   file that is missing or that the profile does not name, a name without label, a label without name, or a label
    ///   that only some languages have.
    public init(_ files: [String: [UInt8]], of profile: ProfileDefinition, forms: FormCatalogue) throws(LetterError) {
        let prefix = "labels-"
        let listed = Set(profile.documents.keys.filter { $0.hasPrefix(prefix) })
        guard listed.contains("labels-en") else { throw Self.fault("labels-en", "not among the profile's documents") }
        if let name = listed.symmetricDifference(files.keys).min() {
            throw Self.fault(
                Patterns.profile.matches(name) ? name : "labels",
                listed.contains(name) ? "missing" : "not among the profile's documents")
        }
        let names = Names(profile, forms)
        var labels: [String: ProfileLabels] = [:]
        for (file, bytes) in files.sorted(by: { $0.key < $1.key }) {
            let read: ProfileLabels
            do { read = try ProfileLabels(bytes) } catch { throw LetterError(error.code, "\(file): \(error.reason)") }
            guard read.profile == profile.id else { throw Self.fault(file, "of another profile") }
            guard file == prefix + read.language else { throw Self.fault(file, "of another language") }
            let keys = Set(read.texts.keys)
            try Self.refuse(names.required.subtracting(keys), file, "missing")
            try Self.refuse(keys.filter { !names.allows($0) }, file, "names nothing")
            labels[read.language] = read
        }
        let all = Set(labels.values.flatMap(\.texts.keys))
        for (language, read) in labels.sorted(by: { $0.key < $1.key }) {
            try Self.refuse(
                all.subtracting(read.texts.keys), prefix + language, "missing, though another language has it")
        }
        self.labels = labels
    }

    /// - Throws: ``LetterError`` `.profileInvalid` for a language that the profile does not have.
    public func labels(in language: String) throws(LetterError) -> ProfileLabels {
        guard let found = labels[language] else {
            throw Self.fault("labels", "not one of \(languages.joined(separator: ", "))")
        }
        return found
    }

    private static func refuse(_ keys: some Collection<String>, _ file: String, _ rule: String) throws(LetterError) {
        guard let key = keys.min() else { return }
        throw fault(file, "\(key) \(rule)\(keys.count > 1 ? ", and \(keys.count - 1) more" : "")")
    }

    private static func fault(_ place: String, _ rule: String) -> LetterError {
        LetterError(.profileInvalid, "\(place): \(rule)")
    }
}

/// The keys that the names of a profile and its forms give.
private struct Names {
    private(set) var required: Set<String> = ["profile"]
    private var optional: Set<String> = []

    func allows(_ key: String) -> Bool { required.contains(key) || optional.contains(key) }

    init(_ profile: ProfileDefinition, _ catalogue: FormCatalogue) {
        need("event", profile.events.keys)
        need("code", profile.events.values.compactMap(\.shownAs))
        need("guard", profile.guards.keys)
        need("fact", profile.facts.keys)
        need("role", profile.roles.keys)
        need("consent", profile.consents.keys)
        optional.formUnion(profile.consents.keys.map { "say.\($0)" })
        need("state", profile.lifecycle.care.keys)
        need("track", profile.tracks.keys)
        for (name, track) in profile.tracks {
            need("track.\(name)", [track.initial] + track.edges.flatMap { [$0.from, $0.to] })
        }
        need("deadline", profile.deadlines.keys.flatMap { [$0, "\($0).breach"] })
        need("form", catalogue.forms.keys)
        need("value", catalogue.dataClasses)
        for (name, fact) in profile.facts {
            if case .codes(let codes) = fact.kind { values(codes, of: name, profile) }
        }
        for form in catalogue.forms.values {
            need("rule", form.rules.map(\.name))
            fields(form.fields, path: form.name, profile)
        }
    }

    private mutating func need(_ kind: String, _ names: some Sequence<String>) {
        for name in names { required.insert("\(kind).\(name)") }
    }

    private mutating func fields(_ fields: [FormSchema.Field], path: String, _ profile: ProfileDefinition) {
        for field in fields {
            let path = "\(path).\(field.name)"
            need("field", [field.name])
            optional.formUnion(["help.\(field.name)", "help.\(path)"])
            if let section = field.section { need("section", [section]) }
            if field.isHers { values(FormSchema.herAnswers, of: field.name, profile) }
            switch field.kind {
            case .code(let codes), .codes(let codes), .region(let codes), .language(let codes):
                values(codes, of: field.name, profile)
            case .list(let inner): self.fields(inner, path: path, profile)
            default: break
            }
        }
    }

    /// A code that is an event or a role has that one's label, and may have its own.
    private mutating func values(_ codes: some Sequence<String>, of field: String, _ profile: ProfileDefinition) {
        for code in codes {
            optional.formUnion(["value.\(code)", "value.\(field).\(code)"])
            if profile.events[code] == nil, profile.roles[code] == nil { required.insert("value.\(code)") }
        }
    }
}
