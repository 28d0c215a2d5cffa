// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
import Letters

/// The records of a file that another system wrote: JSON (one object, or a list of them) or CSV (RFC 4180, names in the first line).
enum ImportFile {
    /// What stands in a field.
    enum Value: Hashable, Sendable {
        case text(String)
        case several([String])
        /// An object, or a list of more than texts: nothing that an answer could be.
        case other
    }

    /// - Throws: ``ImportError`` `.notReadable`, `.tooMuch`, `.twice`.
    static func read(_ file: [UInt8]) throws(ImportError) -> [[String: Value]] {
        guard file.count <= ImportLimits.fileBytes else { throw ImportError(.tooMuch) }
        let bytes = file.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(file.dropFirst(3)) : file
        let first = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let records = first == 0x7B || first == 0x5B ? try json(bytes) : try csv(bytes)
        guard !records.isEmpty else { throw ImportError(.notReadable) }
        guard records.count <= ImportLimits.records else { throw ImportError(.tooMuch) }
        return records
    }

    // MARK: JSON

    private static func json(_ bytes: [UInt8]) throws(ImportError) -> [[String: Value]] {
        let limits = JSONLimits(
            bytes: ImportLimits.fileBytes, depth: ImportLimits.depth,
            values: ImportLimits.records * ImportLimits.fields, stringBytes: 65_536, keyBytes: 256)
        guard let value = try? CanonicalJSON.readForeign(bytes, limits: limits) else { throw ImportError(.notReadable) }
        let elements = if case .array(let elements) = value { elements } else { [value] }
        var records: [[String: Value]] = []
        for (index, element) in elements.enumerated() {
            guard case .object(let fields) = element else { throw ImportError(.notReadable, record: index + 1) }
            guard fields.count <= ImportLimits.fields else { throw ImportError(.tooMuch, record: index + 1) }
            records.append(fields.mapValues(Self.value))
        }
        return records
    }

    private static func value(_ value: JSONValue) -> Value {
        switch value {
        case .string(let text): return .text(clean(text))
        case .integer(let number): return .text(String(number))
        case .bool(let flag): return .text(flag ? "true" : "false")
        case .object: return .other
        case .array(let elements):
            var texts: [String] = []
            for element in elements {
                guard case .text(let text) = Self.value(element) else { return .other }
                texts.append(text)
            }
            return .several(texts)
        }
    }

    // MARK: CSV

    private static func csv(_ bytes: [UInt8]) throws(ImportError) -> [[String: Value]] {
        var rows = try rows(bytes)
        guard !rows.isEmpty else { return [] }
        let names = rows.removeFirst()
        guard names.count <= ImportLimits.fields else { throw ImportError(.tooMuch) }
        let named = names.filter { !$0.isEmpty }
        guard Set(named).count == named.count else { throw ImportError(.twice) }
        var records: [[String: Value]] = []
        for (index, row) in rows.enumerated() {
            guard row.count == names.count else { throw ImportError(.notReadable, record: index + 1) }
            records.append(
                Dictionary(uniqueKeysWithValues: zip(names, row).filter { !$0.0.isEmpty }.map { ($0, .text($1)) }))
        }
        return records
    }

    /// Cells, row by row; an empty line is none.
    private static func rows(_ bytes: [UInt8]) throws(ImportError) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var cell: [UInt8] = []
        var position = 0
        func ended(_ cell: [UInt8]) throws(ImportError) -> String {
            guard let text = String(validating: cell, as: UTF8.self) else {
                throw ImportError(.notReadable, record: rows.count)
            }
            return clean(text)
        }
        while position < bytes.count {
            if bytes[position] == 0x22 {
                // A quote opens a cell, and only a comma, a line's end or the file's may follow its end.
                guard cell.isEmpty else { throw ImportError(.notReadable, record: rows.count) }
                position += 1
                while true {
                    guard position < bytes.count else { throw ImportError(.notReadable, record: rows.count) }
                    if bytes[position] == 0x22 {
                        position += 1
                        guard position < bytes.count, bytes[position] == 0x22 else { break }
                    }
                    cell.append(bytes[position])
                    position += 1
                }
                guard position == bytes.count || [0x2C, 0x0A, 0x0D].contains(bytes[position]) else {
                    throw ImportError(.notReadable, record: rows.count)
                }
            }
            guard position < bytes.count else { break }
            switch bytes[position] {
            case 0x2C:
                row.append(try ended(cell))
                cell = []
            case 0x0A, 0x0D:
                if bytes[position] == 0x0D, position + 1 < bytes.count, bytes[position + 1] == 0x0A { position += 1 }
                row.append(try ended(cell))
                cell = []
                if row != [""] { rows.append(row) }
                row = []
                guard rows.count <= ImportLimits.records + 1 else { throw ImportError(.tooMuch) }
            default: cell.append(bytes[position])
            }
            position += 1
        }
        row.append(try ended(cell))
        if row != [""] { rows.append(row) }
        return rows
    }

    /// Without white space at both ends, in normal form C, lines ended by LF: as people's text stands here. What is not permitted in
    /// it stays, to be found at its field.
    private static func clean(_ text: String) -> String {
        let text = TextRules.normalised(text) ?? text
        return text.trimmingCharacters(in: .whitespacesAndNewlines).replacingOccurrences(of: "\r\n", with: "\n")
            .replacingOccurrences(of: "\r", with: "\n")
    }
}
