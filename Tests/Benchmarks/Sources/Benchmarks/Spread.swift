// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Several measurements of one thing: the middle one, and how far they lie apart.
struct Spread: Sendable, Encodable {
    let median: Double
    let low: Double
    let high: Double

    /// - Parameter values: at least one; an even count gives the mean of the two in the middle.
    init(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else {
            preconditionFailure("a spread of nothing: whoever measured must have failed before")
        }
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        low = first
        high = last
    }

    /// The value below which `share` of the sorted values lie (nearest rank).
    static func percentile(_ share: Double, of values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}
