// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import CQREncode

/// A QR code (ISO/IEC 18004, error correction M), made on this machine: what it says is seen by nobody else.
public struct QRCode: Sendable {
    /// Modules in a row, without the quiet zone.
    let side: Int
    /// Row by row; dark is true.
    private let modules: [Bool]
    /// Four light modules around it, or scanners do not find it.
    private static let quiet = 4

    /// - Returns: `nil` for what is empty or too long: over 2,331 bytes.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let code = QRcode_encodeData(Int32(bytes.count), bytes, 0, QR_ECLEVEL_M) else { return nil }
        defer { QRcode_free(code) }
        side = Int(code.pointee.width)
        guard let data = code.pointee.data else { return nil }
        // The lowest bit of a module is its colour; the others say what it is for.
        modules = UnsafeBufferPointer(start: data, count: side * side).map { $0 & 1 == 1 }
    }

    func isDark(_ column: Int, _ row: Int) -> Bool {
        (0..<side).contains(column) && (0..<side).contains(row) && modules[row * side + column]
    }

    /// For a page. One path, a piece for each run of dark modules.
    func picture(_ label: String) -> HTML {
        var path = ""
        for row in 0..<side {
            var column = 0
            while column < side {
                let start = column
                while isDark(column, row) { column += 1 }
                if column > start { path += "M\(start) \(row)h\(column - start)v1H\(start)z" }
                column += 1
            }
        }
        let width = side + 2 * Self.quiet
        return E(
            "svg",
            [
                "class": "qr", "role": "img", "aria-label": label, "shape-rendering": "crispEdges",
                "viewBox": "-\(Self.quiet) -\(Self.quiet) \(width) \(width)",
            ]
        ) { E("path", ["d": path]) { "" } }
    }

    /// For a terminal: two rows a line, light on dark, as most terminals are.
    public var terminalText: String {
        let range = -Self.quiet..<side + Self.quiet
        return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
            range.map { column in
                switch (isDark(column, row), isDark(column, row + 1)) {
                case (false, false): "█"
                case (false, true): "▀"
                case (true, false): "▄"
                case (true, true): " "
                }
            }.joined()
        }.joined(separator: "\n")
    }
}
