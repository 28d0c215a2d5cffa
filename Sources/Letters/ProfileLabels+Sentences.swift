// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Words for what the program finds, in the reader's language. Never a value of a form.
extension ProfileLabels {
    /// A sentence, filled in.
    ///
    /// - Parameter values: one for each of ``Sentence/placeholders``; a hole without its value shows as `…`.
    public func sentence(_ sentence: Sentence, _ values: [String: String] = [:]) -> String {
        LabelTemplate.fill(words.texts[sentence.key] ?? "", values)
    }

    /// The label of a name, or the bare name where the profile does not define it: a form may name any field.
    public func name(_ kind: String, _ name: String) -> String { label(kind, name) ?? name }

    /// An answer of a field. Codes that a field uses in a sense of its own have a label of their own
    /// (`value.relation.child`); codes may also be names of events or roles.
    public func value(_ code: String, of field: String) -> String {
        label("value", "\(field).\(code)") ?? label("value", code) ?? label("event", code) ?? name("role", code)
    }

    /// Help on a field, of its own form before that for all fields of the name; `nil` where it needs none.
    ///
    /// - Parameter path: as in ``FormViolation/field``: `carers.1.willing`.
    public func help(_ path: String, in form: String) -> String? {
        let names = Self.segments(path).map(\.name)
        return label("help", ([form] + names).joined(separator: ".")) ?? names.last.flatMap { label("help", $0) }
    }

    /// What is wrong with a field, and what would be right.
    ///
    /// - Parameter form: `nil` for one that the catalogue does not have.
    public func sentence(for violation: FormViolation, in form: FormSchema?) -> String {
        let words = bareSentence(for: violation, in: form)
        guard let section = violation.section else { return words }
        return sentence(.inSection, ["section": section, "name": name("section", section), "sentence": words])
    }

    private func bareSentence(for violation: FormViolation, in form: FormSchema?) -> String {
        let segments = Self.segments(violation.field)
        var fields = form?.fields ?? []
        var found: FormSchema.Field?
        var words = ""
        for segment in segments.reversed() {
            let label = name("field", segment.name)
            words =
                words.isEmpty
                ? label
                : sentence(.inList, ["list": label, "number": number(segment.element ?? 0), "field": words])
        }
        for segment in segments {
            found = fields.first { $0.name == segment.name }
            if case .list(let inner)? = found?.kind { fields = inner } else { fields = [] }
        }
        func say(_ kind: Sentence, _ values: [String: String] = [:]) -> String {
            sentence(kind, values.merging(["field": words]) { own, _ in own })
        }
        func needsRight() -> String {
            guard let found else { return say(.unknownField) }
            return say(.wrongType, ["right": name("type", found.kind.name)])
        }
        switch violation.rule {
        case .missing: return say(.missing)
        case .unknownField: return say(.unknownField)
        case .wrongType: return needsRight()
        case .unknownCode:
            switch found?.kind {
            case .code, .codes: return say(.unknownCode)
            default: return needsRight()
            }
        case .tooMuch:
            switch found?.kind {
            case .text: return say(.tooLong)
            case .integer: return say(.tooGreat, ["limit": number(found?.maximum ?? 0)])
            default: return say(.tooMany, ["limit": count(found?.maximum ?? 0, .entry)])
            }
        case .tooLittle:
            switch found?.kind {
            case .text: return say(.blank)
            case .integer: return say(.tooSmall, ["limit": number(found?.minimum ?? 0)])
            default: return say(.tooFew, ["limit": count(found?.minimum ?? 0, .entry)])
            }
        case .differsFromFact: return say(.differsFromFact)
        case .rule(let rule): return say(.rule, ["rule": name("rule", rule)])
        case .wrongForm: return sentence(.wrongForm, ["form": name("form", violation.field)])
        }
    }

    /// What the procedure says of an event.
    public func sentence(for verdict: Verdict, of event: String) -> String {
        switch verdict {
        case .admitted: return sentence(.admitted, ["event": name("event", event)])
        case .refused(let refusal): return sentence(for: refusal)
        case .flagged(let flags):
            return sentence(
                .flagged,
                [
                    "event": name("event", event),
                    "flags": flags.map(\.rawValue).sorted().map { name("flag", $0) }.joined(separator: "; "),
                ])
        case .waiting(let letters): return sentence(.waiting, ["letters": count(Int64(letters.count), .letter)])
        }
    }

    /// Why a step is not admitted.
    public func sentence(for refusal: Refusal) -> String {
        let reason = self.reason(of: refusal)
        guard let event = refusal.event else { return sentence(.letterRefused, ["reason": reason]) }
        return sentence(.refused, ["event": name("event", event), "reason": reason])
    }

    /// The reason alone, as it stands in a delivery state.
    public func reason(of refusal: Refusal) -> String {
        let reason = name("refusal", refusal.reason.rawValue)
        switch refusal.reason {
        case .guardRed:
            guard let guardName = refusal.guardName else { return reason }
            guard let whole = refusal.detail.flatMap({ label("guard", $0) }) else { return name("guard", guardName) }
            return sentence(.within, ["whole": whole, "reason": name("guard", guardName)])
        case .badBasis:
            guard let guardName = refusal.guardName else { return reason }
            return sentence(.within, ["whole": reason, "reason": name("guard", guardName)])
        case .badFact:
            guard let fact = refusal.detail.flatMap({ label("fact", $0) ?? label("field", $0) }) else { return reason }
            return sentence(.about, ["reason": reason, "name": fact])
        default: return reason
        }
    }

    /// `carers.1.willing`: `carers` with its element 1, `willing`.
    private static func segments(_ path: String) -> [(name: String, element: Int64?)] {
        var result: [(name: String, element: Int64?)] = []
        for piece in path.split(separator: ".") {
            if let element = Int64(piece), let last = result.indices.last {
                result[last].element = element
            } else {
                result.append((String(piece), nil))
            }
        }
        return result
    }
}

extension FormSchema.Field.Kind {
    /// The type's name in a catalogue.
    var name: String {
        switch self {
        case .code: "code"
        case .codes: "codes"
        case .region: "region"
        case .language: "language"
        case .date: "date"
        case .partialDate: "partial_date"
        case .instant: "instant"
        case .integer: "int"
        case .money: "money"
        case .text: "text"
        case .id: "id"
        case .digest: "digest"
        case .member: "member"
        case .file: "file"
        case .list: "list"
        }
    }

    static let names = [
        "code", "codes", "region", "language", "date", "partial_date", "instant", "int", "money", "text", "id",
        "digest",
        "member", "file", "list",
    ]
}
