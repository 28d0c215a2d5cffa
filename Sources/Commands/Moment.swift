// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Procedure

/// Times as people and programs write them on the command line: RFC 3339, a date, or so long ago.
enum Moment {
    /// The machine's clock: the one place of the command line that asks it.
    static func now() -> Instant { Instant(seconds: Int64(Date().timeIntervalSince1970.rounded(.down))) }

    /// - Parameter text: `2026-11-21T10:00:00Z`, `2026-11-21T15:30:00+05:30`, `2026-11-21` (its start, UTC), POSIX seconds,
    ///   or `-90m`, `-36h`, `-12d` before `now`.
    static func read(_ text: String, now: Instant) -> Instant? {
        if let seconds = Int64(text), seconds >= 0, text.utf8.count > 4 { return Instant(seconds: seconds) }
        if text.hasPrefix("-"), let unit = text.last, let count = Int64(text.dropFirst().dropLast()), count >= 0,
            count < 100_000
        {
            let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
            return seconds[unit].map { now + -(count * $0) }
        }
        let text = text.utf8.count == 10 ? text + "T00:00:00Z" : text
        guard let date = try? Date.ISO8601FormatStyle(timeZone: .gmt).parse(text), date.timeIntervalSince1970 >= 0
        else {
            return nil
        }
        return Instant(seconds: Int64(date.timeIntervalSince1970))
    }

    /// RFC 3339 in UTC, whole seconds.
    static func text(_ instant: Instant) -> String {
        Date(timeIntervalSince1970: TimeInterval(instant.seconds)).formatted(Date.ISO8601FormatStyle(timeZone: .gmt))
    }

    /// Short, for a table: `21 Nov 10:42`.
    static func short(_ instant: Instant) -> String {
        let text = text(instant)  // 2026-11-21T10:42:00Z
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(separator: "T")
        let day = parts[0].split(separator: "-")
        guard parts.count == 2, day.count == 3, let month = Int(day[1]), (1...12).contains(month) else { return text }
        return "\(day[2]) \(months[month - 1]) \(parts[1].prefix(5))"
    }

    /// How long ago, in one unit: `3 h`, `12 d`.
    static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(max(0, seconds)) s"
        case ..<7_200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}
