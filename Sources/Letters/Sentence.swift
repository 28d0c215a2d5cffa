// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A sentence of the program. Every file of words has each, under `sentence.` and the raw value, with these placeholders
/// and no others.
///
/// - SeeAlso: Protocols/Procedure.md, "Words of the program".
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

    // Where a case stands, and who waits on whom.
    case or
    case care
    case checkpointOpen = "checkpoint-open"
    case checkpointGreen = "checkpoint-green"
    case checkpointLapsed = "checkpoint-lapsed"
    case checkpointUnknown = "checkpoint-unknown"
    case owed
    case overdue
    case notWithBroker = "not-with-broker"
    case notOpened = "not-opened"
    case notJudged = "not-judged"
    case toActOn = "to-act-on"
    case formAwaited = "form-awaited"
    case formsGone = "forms-gone"

    // Why a case is kept, and how long.
    case keptBy = "kept-by"
    case keptOpen = "kept-open"
    case keptContent = "kept-content"
    case keptTrail = "kept-trail"
    case formNamed = "form-named"
    case unread
    case waitingHere = "waiting-here"
    case noCases = "no-cases"
    case noLetters = "no-letters"

    // What became of a letter, seen from here.
    case void
    case sealedHere = "sealed-here"
    case carried
    case brokerFull = "broker-full"
    case brokerLater = "broker-later"
    case partClosed = "part-closed"
    case formWrong = "form-wrong"
    case inOrder = "in-order"
    case against
    case dealtWith = "dealt-with"
    case notAdmitted = "not-admitted"
    case recorded
    case known
    case queued

    // Why the node did not do what was asked.
    case cannotSeal = "cannot-seal"
    /// The node cannot read whether a consent still lives.
    case consentUnread = "consent-unread"
    case formMistakes = "form-mistakes"
    case formUnreadable = "form-unreadable"
    case unknownCase = "unknown-case"
    case unknownLetter = "unknown-letter"
    case unknownAccount = "unknown-account"
    case unknownMember = "unknown-member"
    case mixedLanes = "mixed-lanes"
    case noRecipient = "no-recipient"
    case badAttachment = "bad-attachment"
    case fileNotTaken = "file-not-taken"
    case incomplete
    case noProfile = "no-profile"
    case directoryEnded = "directory-ended"
    case alreadyOpen = "already-open"
    case signatureTyped = "signature-typed"
    case notApproved = "not-approved"
    case nothingToApprove = "nothing-to-approve"
    case notOverdue = "not-overdue"
    case nothingToSend = "nothing-to-send"

    /// All that a notice says. Protocols/Notices.md.
    case somethingWaits = "something-waits"

    // Dates.
    case day
    case month
    case moment

    /// Its key in a file of words.
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
        case .expired, .formsGone: ["date"]
        case .held: ["name"]
        case .or: ["one", "other"]
        case .care: ["holder"]
        case .owed, .overdue: ["holder", "time", "events"]
        case .notWithBroker, .notJudged, .toActOn: ["letters", "span"]
        case .notOpened: ["holder", "letters", "span"]
        case .formAwaited: ["holder", "form", "event"]
        case .keptBy: ["track", "state", "holder", "time"]
        case .keptTrail: ["time"]
        case .keptOpen, .keptContent: []
        case .unread, .waitingHere: ["letters"]
        case .void: ["reason"]
        case .brokerLater: ["code"]
        case .cannotSeal: ["form", "reason"]
        case .consentUnread: ["form", "names"]
        case .formMistakes, .formNamed: ["form"]
        case .day: ["day", "month", "year"]
        case .month: ["month", "year"]
        case .moment: ["day", "time"]
        case .drafted, .relayed, .opened, .valid, .marked, .actedOn, .withheld, .recalled, .gone, .nextContact, .noLine,
            .brokerUnreachable, .earlierLetter, .noProgress, .consentEnded, .recipientSuspended, .certificateEnded,
            .keyChanged, .tooLarge, .diskFull, .clockWrong, .aboutToOpen, .waitsForProfile, .waitsForForms,
            .waitsForDirectory, .waitsForClock, .waitsForLetters, .unreadable, .partUnopened, .formNotTaken,
            .checkpointOpen, .checkpointGreen, .checkpointLapsed, .checkpointUnknown, .noCases, .noLetters, .sealedHere,
            .carried, .brokerFull, .partClosed, .formWrong, .inOrder, .against, .dealtWith, .notAdmitted, .recorded,
            .known, .queued, .somethingWaits, .formUnreadable, .unknownCase, .unknownLetter, .unknownAccount,
            .unknownMember,
            .mixedLanes, .noRecipient, .badAttachment, .fileNotTaken, .incomplete, .noProfile, .directoryEnded,
            .alreadyOpen,
            .signatureTyped, .notApproved, .nothingToApprove, .notOverdue, .nothingToSend:
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
    /// The texts of a file of labels or words, by key.
    ///
    /// - Parameter placeholders: of the keys that have any.
    static func texts(
        _ fields: inout FieldReader, _ name: String, placeholders: [String: Set<String>]
    ) throws(LetterError) -> [String: String] {
        guard case .object(let object) = try fields.value(name) else { throw fields.fault(name, "not an object") }
        var texts: [String: String] = [:]
        for (key, value) in object.sorted(by: { $0.key < $1.key }) {
            guard LabelPatterns.key.matches(key) else { throw fields.fault(name, "a key that no name can have") }
            guard case .string(let text) = value, text.utf8.contains(where: { $0 > 0x20 }) else {
                throw fields.fault(key, "not a text")
            }
            guard self.placeholders(of: text) == placeholders[key] ?? [] else {
                throw fields.fault(key, "not the placeholders of this label")
            }
            texts[key] = text
        }
        return texts
    }

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
