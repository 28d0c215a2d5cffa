// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Tables for other programs: RFC 4180 in UTF-8 with a mark at the beginning, without which Excel shows Bangla as rubbish.
enum CSV {
    static func file(_ rows: [[String]]) -> [UInt8] {
        var bytes: [UInt8] = [0xEF, 0xBB, 0xBF]
        for row in rows {
            for (place, cell) in row.enumerated() {
                if place > 0 { bytes.append(0x2C) }
                append(cell, to: &bytes)
            }
            bytes += [0x0D, 0x0A]
        }
        return bytes
    }

    /// Every cell in quotes. What a spreadsheet would take for a formula gets an apostrophe before it.
    private static func append(_ cell: String, to bytes: inout [UInt8]) {
        bytes.append(0x22)
        if let first = cell.utf8.first, [0x3D, 0x2B, 0x2D, 0x40, 0x09, 0x0D].contains(first) { bytes.append(0x27) }
        for byte in cell.utf8 {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }
}
