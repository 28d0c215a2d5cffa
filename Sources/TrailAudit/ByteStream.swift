// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Bytes of one file, forward only, by way of a buffer of 1 MiB. One owner; closes what it opened.
final class ByteStream {
    private let descriptor: Int32
    private let isOwned: Bool
    private var buffer: [UInt8]
    private var range = 0..<0

    private static let bufferBytes = 1 << 20

    /// - Parameter path: a regular file or a pipe; `-` for standard input.
    convenience init(_ path: String) throws(TrailFault) {
        if path == "-" {
            self.init(descriptor: STDIN_FILENO, isOwned: false)
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TrailFault(rule: "the bundle cannot be opened") }
        self.init(descriptor: descriptor, isOwned: true)
    }

    init(descriptor: Int32, isOwned: Bool, bufferBytes: Int = ByteStream.bufferBytes) {
        self.descriptor = descriptor
        self.isOwned = isOwned
        buffer = Array(repeating: 0, count: bufferBytes)
    }

    deinit { if isOwned { close(descriptor) } }

    /// - Throws: ``TrailFault`` where fewer bytes are left.
    func read(_ count: Int) throws(TrailFault) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        try skip(count) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Gives `count` bytes piece by piece.
    func skip(_ count: Int, _ take: (ArraySlice<UInt8>) throws(TrailFault) -> Void) throws(TrailFault) {
        var left = count
        while left > 0 {
            guard try fill() else { throw TrailFault(rule: "cut short") }
            let piece = min(left, range.count)
            try take(buffer[range.lowerBound..<(range.lowerBound + piece)])
            range = (range.lowerBound + piece)..<range.upperBound
            left -= piece
        }
    }

    func isAtEnd() throws(TrailFault) -> Bool { try !fill() }

    /// - Returns: whether there is a byte.
    private func fill() throws(TrailFault) -> Bool {
        guard range.isEmpty else { return true }
        while true {
            let count = buffer.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw TrailFault(rule: "the bundle cannot be read") }
            range = 0..<count
            return count > 0
        }
    }
}
