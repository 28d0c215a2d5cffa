// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure
import TransparencyLog

/// When a log's leaves were logged: after what its witnesses saw, before what was time-stamped. Protocols/Trail.md §4.
struct TrailTimes {
    /// A cosignature that its witness says it gave by stick.
    struct Stick: Hashable {
        let origin: String
        let size: Int64
        let time: Instant
    }

    /// Each time stamp, with the size of its checkpoint.
    var stamps: [(size: Int64, time: Instant)]
    /// Checkpoints with the latest time at which the quorum had cosigned this or a smaller one; ascending.
    private var brackets: [(size: Int64, after: Instant)]
    /// Checkpoints with the earliest time stamp over this or a larger one; ascending.
    private var limits: [(size: Int64, before: Instant)] = []

    init(since: TrailState.Log?) {
        stamps = since?.stamps.map { ($0.size, $0.time) } ?? []
        brackets = since?.checkpoints.compactMap { mark in mark.after.map { (mark.size, $0) } } ?? []
    }

    /// Once all checkpoints and time stamps are there.
    ///
    /// - Returns: sizes whose time stamp is later than that of a larger one.
    mutating func settle(_ notes: [TrailLog.Note], of origin: String, sticks: Set<Stick>) -> [Int64] {
        var falls: [Int64] = []
        var earliest: Instant?
        for stamp in stamps.sorted(by: { ($0.size, $0.time) > ($1.size, $1.time) }) {
            if let earliest, stamp.time > earliest { falls.append(stamp.size) }
            earliest = min(earliest ?? stamp.time, stamp.time)
            limits.append((stamp.size, earliest ?? stamp.time))
        }
        limits.reverse()
        var latest = brackets.last?.after
        for note in notes.sorted(by: { $0.head.size < $1.head.size }) {
            guard let time = note.quorumTime,
                !note.cosigned.contains(where: {
                    sticks.contains(Stick(origin: origin, size: note.head.size, time: $0))
                })
            else { continue }
            latest = max(latest ?? time, time)
            brackets.append((note.head.size, latest ?? time))
        }
        return falls
    }

    /// The latest quorum time of a checkpoint of at most this many leaves.
    func after(_ size: Int64) -> Instant? {
        let place = Self.place(in: brackets) { $0.size > size }
        return place == 0 ? nil : brackets[place - 1].after
    }

    /// The earliest time stamp over a checkpoint of more leaves.
    func before(_ index: Int64) -> Instant? {
        let place = Self.place(in: limits) { $0.size > index }
        return place < limits.count ? limits[place].before : nil
    }

    /// The size at which a witness saw the log at some time or later: what lies above was logged after that.
    func size(from time: Instant) -> Int64? { brackets.first { $0.after >= time }?.size }

    /// Leaves below this have a time stamp.
    var stampedSize: Int64 { limits.last?.size ?? 0 }

    /// The first of a list for which something holds that holds for all behind it; the list's end if for none.
    private static func place<Element>(in list: [Element], where holds: (Element) -> Bool) -> Int {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if holds(list[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
