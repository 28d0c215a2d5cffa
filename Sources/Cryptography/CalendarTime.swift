// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// UTCTime and GeneralizedTime, RFC 5280 §4.1.2.5: seconds since 1970 in the one spelling that DER allows.
enum CalendarTime {
    /// The years that can be written: 1950 … 2049 as UTCTime, later ones as GeneralizedTime.
    static let range: ClosedRange<Int64> = -631_152_000...253_402_300_799

    /// A whole TLV.
    static func write(_ seconds: Int64) throws(CryptographyError) -> [UInt8] {
        guard range.contains(seconds) else { throw CryptographyError(.unsupported, "a time outside 1950 … 9999") }
        let day = seconds >= 0 ? seconds / 86_400 : -((86_399 - seconds) / 86_400)
        let second = seconds - day * 86_400
        let (year, month, date) = civil(day)
        func digits(_ number: Int64, _ count: Int) -> [UInt8] {
            var out = [UInt8](repeating: 0x30, count: count)
            var rest = number
            for index in stride(from: count - 1, through: 0, by: -1) {
                out[index] += UInt8(rest % 10)
                rest /= 10
            }
            return out
        }
        let tail =
            digits(month, 2) + digits(date, 2) + digits(second / 3_600, 2) + digits(second / 60 % 60, 2)
            + digits(second % 60, 2) + [0x5A]
        return year < 2050 ? DER.tlv(0x17, digits(year % 100, 2) + tail) : DER.tlv(0x18, digits(year, 4) + tail)
    }

    /// Reads what ``write(_:)`` can have written; anything else gives `nil`.
    static func read(_ tag: UInt8, _ text: ArraySlice<UInt8>) -> Int64? {
        let characters = Array(text)
        let yearDigits = tag == 0x17 ? 2 : 4
        guard tag == 0x17 || tag == 0x18, characters.count == yearDigits + 11, characters.last == 0x5A,
            characters.dropLast().allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        func number(_ start: Int, _ count: Int) -> Int64 {
            characters[start..<start + count].reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        var year = number(0, yearDigits)
        if tag == 0x17 { year += year < 50 ? 2000 : 1900 }
        guard tag == 0x17 || year >= 2050 else { return nil }
        let rest = (0..<5).map { number(yearDigits + 2 * $0, 2) }
        guard (1...12).contains(rest[0]), (1...31).contains(rest[1]), rest[2] < 24, rest[3] < 60, rest[4] < 60 else {
            return nil
        }
        let day = days(year, rest[0], rest[1])
        guard civil(day) == (year, rest[0], rest[1]) else { return nil }
        return day * 86_400 + rest[2] * 3_600 + rest[3] * 60 + rest[4]
    }

    /// Days since 1970-01-01 in the Gregorian calendar. Years begin in March, so that a leap day comes last.
    private static func days(_ year: Int64, _ month: Int64, _ date: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + date - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ day: Int64) -> (year: Int64, month: Int64, date: Int64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
