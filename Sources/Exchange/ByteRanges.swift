// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// `bytes 0-65535/1114112`: which bytes of a part file a body holds (RFC 9110 §14.4), in the one spelling that we write.
struct ContentRange: Hashable {
    /// The first byte.
    var offset: Int
    var count: Int
    /// Of the whole file.
    var size: Int

    init(offset: Int, count: Int, size: Int) {
        self.offset = offset
        self.count = count
        self.size = size
    }

    init?(_ text: String) {
        guard text.hasPrefix("bytes ") else { return nil }
        let halves = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let size = ExchangeRoute.number(halves[1], most: ExchangeLimits.partBytes) else {
            return nil
        }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = ExchangeRoute.number(ends[0], most: size),
            let last = ExchangeRoute.number(ends[1], most: size), first <= last, last < size
        else { return nil }
        self.init(offset: first, count: last - first + 1, size: size)
    }

    var text: String { "bytes \(offset)-\(offset + count - 1)/\(size)" }
}

/// `bytes=0-65535`: which bytes a client asks for (RFC 9110 §14.2); one range, both ends given.
struct RequestRange: Hashable {
    var offset: Int
    var count: Int

    init(offset: Int, count: Int) {
        self.offset = offset
        self.count = count
    }

    init?(_ text: String) {
        guard text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        let most = Int(Int32.max)
        guard ends.count == 2, let first = ExchangeRoute.number(ends[0], most: most),
            let last = ExchangeRoute.number(ends[1], most: most), first <= last, last - first < ExchangeLimits.partBytes
        else { return nil }
        self.init(offset: first, count: last - first + 1)
    }

    var text: String { "bytes=\(offset)-\(offset + count - 1)" }
}
