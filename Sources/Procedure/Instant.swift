// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct Instant: Hashable, Comparable, Sendable {
    public let seconds: Int64

    public init(seconds: Int64) { self.seconds = seconds }

    public static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }
    public static func + (instant: Self, seconds: Int64) -> Self { Self(seconds: instant.seconds + seconds) }
    public static func - (left: Self, right: Self) -> Int64 { left.seconds - right.seconds }
}
