// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Letters
import Node
import Procedure

/// What a step is made of, as files: `case open` and `case do` take the same.
struct ActOptions: ParsableArguments {
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Who acts: an account of this node (`kheya user list`).", valueName: "account"))
    var account: String
    @Option(
        help: ArgumentHelp(
            "Facts of the events: {\"EVENT\": {\"fact\": value}}; may be repeated. `kheya procedure show EVENT` names them.",
            valueName: "file"))
    var facts: [String] = []
    @Option(
        help: ArgumentHelp(
            "A filled-in form: {\"event\": …, \"fields\": {…}, \"form\": …}; may be repeated.", valueName: "file"))
    var form: [String] = []
    @Option(
        help: ArgumentHelp(
            "An attachment: NAME is what a form's field says as attach:NAME; may be repeated. JPEG and PNG are cleaned; a PDF goes "
                + "with all that its maker wrote into it; plain text as it is; nothing else is taken.",
            valueName: "name=file"))
    var attach: [String] = []
    @Option(
        help: ArgumentHelp(
            "Who gets it, beside or instead of the parties concerned; may be repeated.", valueName: "member"))
    var to: [MemberID] = []
    @Option(
        help: ArgumentHelp("When it happened, where that was earlier: 2026-11-21T10:00:00Z, or -3h.", valueName: "time")
    )
    var at: String?
    @Option(help: "Why the forms may be disclosed: consent, law or emergency. Only consent is free to use.")
    var basis: Basis = .consent

    /// Reads the files.
    ///
    /// - Parameter codes: the events, in order.
    func act(_ codes: [String], now: Instant) throws -> Act {
        var happened: Instant?
        if let at {
            guard let instant = Moment.read(at, now: now) else {
                throw CommandFailure(.usage, "--at is a time: 2026-11-21T10:00:00Z, or -3h")
            }
            happened = instant
        }
        var given: [String: [String: FactValue]] = [:]
        for path in facts {
            for (event, values) in try Self.readFacts(path) { given[event, default: [:]].merge(values) { $1 } }
        }
        if let stray = Set(given.keys).subtracting(codes).min() {
            throw CommandFailure(
                .dataError, "facts for \(stray), which is not done here",
                cure: "Name it among the events, or leave its facts out.")
        }
        let events = codes.map { Event(code: $0, facts: given[$0] ?? [:], at: happened) }
        return Act(events: events, forms: try readForms(), basis: basis, to: to, account: account)
    }

    private static func readFacts(_ path: String) throws -> [String: [String: FactValue]] {
        let object = try CanonicalJSON.readSource(try Files.read(path, limit: 1 << 20))
        var result: [String: [String: FactValue]] = [:]
        for (event, value) in object {
            guard case .object(let facts) = value else {
                throw CommandFailure(.dataError, "\(path): facts stand as {\"EVENT\": {\"fact\": value}}")
            }
            var values: [String: FactValue] = [:]
            for (name, value) in facts {
                switch value {
                case .string(let text): values[name] = .text(text)
                case .integer(let number): values[name] = .integer(number)
                default: throw CommandFailure(.dataError, "\(path): the fact \(name) is neither text nor a number")
                }
            }
            result[event] = values
        }
        return result
    }

    private func readForms() throws -> [FormDraft] {
        var files: [String: AttachmentOrigin] = [:]
        for entry in attach {
            guard let equals = entry.firstIndex(of: "="), equals != entry.startIndex else {
                throw CommandFailure(.usage, "--attach is NAME=FILE")
            }
            let path = String(entry[entry.index(after: equals)...])
            guard FileManager.default.isReadableFile(atPath: path) else {
                throw CommandFailure(.noInput, "\(path) is not there")
            }
            files[String(entry[..<equals])] = .file(URL(fileURLWithPath: path))
        }
        var unnamed = Set(files.keys)
        var drafts: [FormDraft] = []
        for path in form {
            let bytes = try Files.read(path, limit: 1 << 20)
            let named = Self.attachments(in: .object(try CanonicalJSON.readText(bytes)))
            drafts.append(FormDraft(document: bytes, attachments: files.filter { named.contains($0.key) }))
            unnamed.subtract(named)
        }
        if let name = unnamed.min() {
            throw CommandFailure(
                .dataError, code: "attachment", "no form names the attachment \(name)",
                cure: "Write attach:\(name) into the field that it belongs to.")
        }
        return drafts
    }

    /// Names that a form's values give as `attach:NAME`.
    private static func attachments(in value: JSONValue) -> Set<String> {
        switch value {
        case .string(let text): text.hasPrefix("attach:") ? [String(text.dropFirst(7))] : []
        case .array(let values): values.reduce(into: []) { $0.formUnion(attachments(in: $1)) }
        case .object(let fields): fields.values.reduce(into: []) { $0.formUnion(attachments(in: $1)) }
        case .integer, .bool: []
        }
    }
}
