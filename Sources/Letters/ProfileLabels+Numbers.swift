// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// What people count.
public enum CountedUnit: String, Hashable, Sendable, CaseIterable { case minute, hour, day, week, month, entry, letter }

/// Numbers and dates as the language writes them. Nothing here knows a language: digits, plurals and months are labels.
extension ProfileLabels {
    /// The digits 0–9 of a text in the language's own; everything else stays.
    public func digits(_ text: String) -> String {
        let own = words.digits
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isDigit = (0x30...0x39).contains(scalar.value)
            result.append(isDigit ? own[Int(scalar.value - 0x30)] : scalar)
        }
        return String(result)
    }

    /// A whole number, without grouping.
    public func number(_ number: Int64) -> String { digits(String(number)) }

    /// `1 day`, `5 days`.
    public func count(_ number: Int64, _ unit: CountedUnit) -> String {
        let form = words.singular.contains(number) ? "one" : "other"
        return LabelTemplate.fill(
            words.texts["count.\(unit.rawValue).\(form)"] ?? "", ["count": self.number(number)])
    }

    /// How long, in one unit: `1 minute`, `5 hours`, `12 days`.
    public func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<7_200: count(max(1, seconds / 60), .minute)
        case ..<172_800: count(seconds / 3_600, .hour)
        default: count(seconds / 86_400, .day)
        }
    }

    /// A date as exactly as it is known: `2026`, `2026-03` or `2026-03-05`; `nil` for anything else.
    public func date(_ text: String) -> String? {
        let pieces = text.utf8.split(separator: 0x2D).map { String(decoding: $0, as: UTF8.self) }
        guard (1...3).contains(pieces.count), CivilDate(text + ["-01-01", "-01", ""][pieces.count - 1]) != nil else {
            return nil
        }
        let numbers = pieces.compactMap { Int64($0) }
        let year = digits(pieces[0])
        guard numbers.count > 1 else { return year }
        let month = name("month", String(numbers[1]))
        guard numbers.count > 2 else { return sentence(.month, ["month": month, "year": year]) }
        return sentence(.day, ["day": number(numbers[2]), "month": month, "year": year])
    }

    /// Day and clock time, 24 hours.
    ///
    /// - Parameter offset: of the place whose clock is shown, in seconds east of Greenwich.
    public func moment(_ instant: Instant, offset: Int64) -> String {
        let local = instant.seconds + offset
        let days = local >= 0 ? local / 86_400 : -((86_399 - local) / 86_400)
        let minutes = (local - days * 86_400) / 60
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : String(number) }
        let day = CivilDate(days: days).description
        return sentence(
            .moment, ["day": date(day) ?? digits(day), "time": digits("\(two(minutes / 60)):\(two(minutes % 60))")])
    }
}
