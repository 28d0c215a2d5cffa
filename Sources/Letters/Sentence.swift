// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A sentence of the program. Every file of labels words each, under `sentence.` and the raw value, with these
/// placeholders and no others.
///
/// - SeeAlso: Protocols/Procedure.md, "Sentences".
public enum Sentence: String, Hashable, Sendable, CaseIterable {
    // What is wrong with a form: ``ProfileLabels/sentence(for:in:)-(FormViolation,_)``.
    case missing
    case unknownField = "unknown-field"
    case wrongType = "wrong-type"
    case unknownCode = "unknown-code"
    case tooLong = "too-long"
    case blank
    case tooGreat = "too-great"
    case tooSmall = "too-small"
    case tooMany = "too-many"
    case tooFew = "too-few"
    case differsFromFact = "differs-from-fact"
    case rule
    case wrongForm = "wrong-form"
    /// A field of one element of a list.
    case inList = "in-list"
    case inSection = "in-section"

    // What the procedure says of a step.
    case admitted
    case refused
    /// A refusal that no single event is the reason of.
    case letterRefused = "letter-refused"
    /// A reason that is part of a wider one.
    case within
    /// A reason with the answer that it is about.
    case about
    case flagged
    case waiting

    // How far a letter has come, one word for each proof.
    case drafted
    case approved
    case sealed
    case relayed
    case opened
    case valid
    /// Valid, and flagged.
    case marked
    case actedOn = "acted-on"
    case notTaken = "not-taken"
    case deliveryRefused = "delivery-refused"
    case rejected
    case withheld
    case recalled
    case expired
    case gone

    // Why it has not gone yet.
    case nextContact = "next-contact"
    case noLine = "no-line"
    case brokerUnreachable = "broker-unreachable"
    case earlierLetter = "earlier-letter"
    case noProgress = "no-progress"
    case consentEnded = "consent-ended"
    case recipientSuspended = "recipient-suspended"
    case certificateEnded = "certificate-ended"
    case keyChanged = "key-changed"
    case tooLarge = "too-large"
    case diskFull = "disk-full"
    case clockWrong = "clock-wrong"
    case held

    // What has come, and waits.
    case aboutToOpen = "about-to-open"
    case waitsForProfile = "waits-for-profile"
    case waitsForForms = "waits-for-forms"
    case waitsForDirectory = "waits-for-directory"
    case waitsForClock = "waits-for-clock"
    case waitsForLetters = "waits-for-letters"
    case unreadable
    case partUnopened = "part-unopened"
    case formNotTaken = "form-not-taken"

    // Dates.
    case day
    case month
    case moment

    /// Its key in a file of labels.
    public var key: String { "sentence.\(rawValue)" }

    /// What a caller fills in.
    public var placeholders: Set<String> {
        switch self {
        case .missing, .unknownField, .unknownCode, .tooLong, .blank, .differsFromFact: ["field"]
        case .wrongType: ["field", "right"]
        case .tooGreat, .tooSmall, .tooMany, .tooFew: ["field", "limit"]
        case .rule: ["field", "rule"]
        case .wrongForm: ["form"]
        case .inList: ["list", "number", "field"]
        case .inSection: ["section", "name", "sentence"]
        case .admitted: ["event"]
        case .refused: ["event", "reason"]
        case .letterRefused, .notTaken, .deliveryRefused, .rejected: ["reason"]
        case .within: ["whole", "reason"]
        case .about: ["reason", "name"]
        case .flagged: ["event", "flags"]
        case .waiting: ["letters"]
        case .approved: ["names"]
        case .sealed: ["reason", "time"]
        case .expired: ["date"]
        case .held: ["name"]
        case .day: ["day", "month", "year"]
        case .month: ["month", "year"]
        case .moment: ["day", "time"]
        case .drafted, .relayed, .opened, .valid, .marked, .actedOn, .withheld, .recalled, .gone, .nextContact, .noLine,
            .brokerUnreachable, .earlierLetter, .noProgress, .consentEnded, .recipientSuspended, .certificateEnded,
            .keyChanged, .tooLarge, .diskFull, .clockWrong, .aboutToOpen, .waitsForProfile, .waitsForForms,
            .waitsForDirectory, .waitsForClock, .waitsForLetters, .unreadable, .partUnopened, .formNotTaken:
            []
        }
    }
}

extension Sentence {
    /// What a receipt proves.
    public init(_ receipt: About.State) {
        switch receipt {
        case .valid: self = .valid
        case .flagged: self = .marked
        case .invalid: self = .notTaken
        case .acted: self = .actedOn
        }
    }

    /// What a broker's notice proves.
    public init(_ notice: NoticeCode) {
        switch notice {
        case .expired: self = .expired
        case .withheld: self = .withheld
        case .seenPossibly: self = .recalled
        case .gone: self = .gone
        }
    }
}

/// A text with named holes: `Waits for {letters}`.
enum LabelTemplate {
    /// The names in braces; `nil` where braces do not stand in pairs around a name.
    static func placeholders(of text: String) -> Set<String>? {
        var result: Set<String> = []
        let isWhole = walk(text) { _ in
        } hole: {
            result.insert($0)
        }
        return isWhole ? result : nil
    }

    /// Fills the holes. What is filled in is not looked at again: a brace in it stays a brace.
    static func fill(_ text: String, _ values: [String: String]) -> String {
        var result = ""
        _ = walk(text) {
            result += $0
        } hole: {
            result += values[$0] ?? "…"
        }
        return result
    }

    /// Byte by byte: as characters, a brace that a combining mark follows would not be one.
    private static func walk(_ text: String, plain: (String) -> Void, hole: (String) -> Void) -> Bool {
        var rest = text.utf8[...]
        while let open = rest.firstIndex(where: { $0 == 0x7B || $0 == 0x7D }) {
            plain(String(decoding: rest[..<open], as: UTF8.self))
            let inner = rest[rest.index(after: open)...]
            guard rest[open] == 0x7B, let close = inner.firstIndex(of: 0x7D), close > inner.startIndex,
                inner[..<close].allSatisfy({ (0x61...0x7A).contains($0) })
            else { return false }
            hole(String(decoding: inner[..<close], as: UTF8.self))
            rest = inner[inner.index(after: close)...]
        }
        plain(String(decoding: rest, as: UTF8.self))
        return true
    }
}
