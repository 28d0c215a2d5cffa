// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Procedure

/// Two different hours of the day, 0 to 23; over midnight where the second comes before the first.
public struct QuietHours: Sendable, Hashable {
    public let from: Int
    public let to: Int

    /// - Returns: `nil` for what is no hour, or twice the same.
    public init?(from: Int, to: Int) {
        guard (0...23).contains(from), (0...23).contains(to), from != to else { return nil }
        self.from = from
        self.to = to
    }

    /// - Parameter minute: of the day.
    func contains(_ minute: Int) -> Bool {
        let (start, end) = (from * 60, to * 60)
        return start < end ? (start..<end).contains(minute) : minute >= start || minute < end
    }
}

/// When somebody is told of what came. Protocols/Notices.md section 4.
public struct NoticeSchedule: Sendable {
    /// Minutes of the day, ascending; `nil` where she is told at once.
    public var digest: [Int]?
    public var quiet: QuietHours?
    /// Of her clock, seconds east of Greenwich.
    public var offset: Int64

    public init(digest: [Int]?, quiet: QuietHours?, offset: Int64) {
        self.digest = digest
        self.quiet = quiet
        self.offset = offset
    }

    /// The first moment, not before `came`, at which what is not urgent may be told.
    ///
    /// - Parameter jitter: seconds by which a digest comes later, for the day that it belongs to.
    public func moment(for came: Instant, jitter: (_ day: Int64) -> Int64) -> Instant {
        guard let times = digest?.filter({ quiet?.contains($0) != true }), !times.isEmpty else {
            return afterQuiet(came)
        }
        let today = (came.seconds + offset).flooredDay
        for day in today...(today + 1) {
            for time in times {
                let slot = Instant(seconds: day * 86_400 + Int64(time) * 60 - offset)
                if slot >= came { return slot + jitter(day) }
            }
        }
        return afterQuiet(came)
    }

    /// Whether she is left alone at this moment: what was late, or could not be told before, waits for the end of the quiet hours.
    public func isQuiet(at now: Instant) -> Bool { quiet?.contains(minute(of: now)) ?? false }

    private func minute(of moment: Instant) -> Int {
        let local = moment.seconds + offset
        return Int((local - local.flooredDay * 86_400) / 60)
    }

    private func afterQuiet(_ came: Instant) -> Instant {
        let local = came.seconds + offset
        let minute = minute(of: came)
        guard let quiet, quiet.contains(minute) else { return came }
        let end = Int64(quiet.to) * 3_600
        let day = minute < quiet.to * 60 ? local.flooredDay : local.flooredDay + 1
        return Instant(seconds: day * 86_400 + end - offset)
    }
}

extension Int64 {
    /// Days since 1970, downwards.
    fileprivate var flooredDay: Int64 { self >= 0 ? self / 86_400 : (self - 86_399) / 86_400 }
}
