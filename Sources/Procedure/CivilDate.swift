// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A day of the Gregorian calendar: `2026-03-01`.
///
/// Foundation's formatters differ between machines; two judges must not.
public struct CivilDate: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Days since 1970-01-01.
    public let days: Int64

    public init(days: Int64) { self.days = days }

    /// - Parameter text: exactly `YYYY-MM-DD`, a day that exists, from year 1900 on; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == 0x2D, bytes[7] == 0x2D else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), year >= 1900,
            (1...12).contains(month), day >= 1, day <= Self.length(of: month, in: year)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// - Precondition: a day that exists.
    private init(year: Int64, month: Int64, day: Int64) {
        // Days from the civil calendar, counted in eras of 400 years from 1 March.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The day of a moment, `offset` seconds east of Greenwich.
    public init(at instant: Instant, offset: Int64) {
        let seconds = instant.seconds + offset
        days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    }

    /// Monday 0 to Sunday 6.
    public var weekday: Int64 { ((days + 3) % 7 + 7) % 7 }

    /// The same day of a later month, or the last one of a month that is too short.
    public func adding(months: Int64) -> CivilDate {
        let pieces = description.split(separator: "-").compactMap { Int64($0) }
        guard pieces.count == 3 else { return self }
        let month = pieces[0] * 12 + pieces[1] - 1 + months
        let (year, ofYear) = (month / 12, month % 12 + 1)
        return CivilDate(year: year, month: ofYear, day: min(pieces[2], Self.length(of: ofYear, in: year)))
    }

    /// When the day begins, `offset` seconds east of Greenwich.
    public func start(offset: Int64) -> Instant { Instant(seconds: days * 86_400 - offset) }

    /// When the day is over: 24:00.
    public func end(offset: Int64) -> Instant { start(offset: offset) + 86_400 }

    public var description: String {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func pad(_ number: Int64, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))"
    }

    public static func < (left: Self, right: Self) -> Bool { left.days < right.days }

    private static func length(of month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}
