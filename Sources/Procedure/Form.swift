// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What somebody filled in. Always sealed.
public struct Form: Hashable, Sendable {
    public indirect enum Value: Hashable, Sendable {
        /// A code, date, id, digest, member, sum of money, or people's own text.
        case text(String)
        case integer(Int64)
        case list([Value])
        case item([String: Value])
    }

    /// The event that it belongs to.
    public var event: String
    /// Its name in the catalogue: `home-report`.
    public var name: String
    public var fields: [String: Value]

    public init(event: String, name: String, fields: [String: Value]) {
        self.event = event
        self.name = name
        self.fields = fields
    }

    /// Those facts of its event that the form answers by the same name.
    public func facts(of profile: Profile) -> [String: FactValue] {
        var result: [String: FactValue] = [:]
        for name in profile.compulsoryFacts(of: event) {
            switch fields[name] {
            case .text(let text): result[name] = .text(text)
            case .integer(let number): result[name] = .integer(number)
            default: break
            }
        }
        return result
    }
}

/// What is wrong with one field. The reason for a person is made of the field's label and the rule, in her language.
public struct FormViolation: Hashable, Sendable {
    public enum Rule: Hashable, Sendable {
        /// Compulsory and not answered.
        case missing
        /// The form has no such field.
        case unknownField
        /// Not of the field's type.
        case wrongType
        /// Not one of the field's codes. Codes are never mapped to a neighbour.
        case unknownCode
        /// Longer, more or greater than allowed.
        case tooMuch
        /// Fewer or smaller than required.
        case tooLittle
        /// The step says otherwise.
        case differsFromFact
        /// A rule of the form over several fields, by its name.
        case rule(String)
        /// Another form, or one of another event.
        case wrongForm
    }

    /// The path of the field: `members.2.relation`, counted from 1.
    public var field: String
    /// The section of the form that it stands in.
    public var section: String?
    public var rule: Rule

    public init(field: String, section: String? = nil, rule: Rule) {
        self.field = field
        self.section = section
        self.rule = rule
    }
}
