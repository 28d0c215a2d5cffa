// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Reads one guard. Errors name the position in bytes from 0.
struct GuardParser {
    private enum Token: Hashable {
        case word(String)
        case symbol(String)
        case end
    }

    private let place: String
    private var tokens: [(token: Token, position: Int)] = []
    private var index = 0

    static func parse(_ text: String, place: String) throws(ProfileError) -> Guard {
        var parser = try GuardParser(text, place: place)
        let expression = try parser.expression(depth: 0)
        guard parser.current == .end else { throw parser.fault("something stands after the expression") }
        return expression
    }

    private init(_ text: String, place: String) throws(ProfileError) {
        self.place = place
        let bytes = Array(text.utf8)
        var position = 0
        func isWord(_ byte: UInt8) -> Bool {
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
                || byte == 0x2E
                || byte == 0x2D
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x20 {
                position += 1
            } else if isWord(byte) {
                let start = position
                while position < bytes.count, isWord(bytes[position]) { position += 1 }
                tokens.append((.word(String(decoding: bytes[start..<position], as: UTF8.self)), start))
            } else if [0x28, 0x29, 0x7B, 0x7D, 0x2C].contains(byte) {
                tokens.append((.symbol(String(UnicodeScalar(byte))), position))
                position += 1
            } else if [0x3D, 0x3C, 0x3E].contains(byte), position + 1 < bytes.count, bytes[position + 1] == 0x3D {
                tokens.append((.symbol(String(UnicodeScalar(byte)) + "="), position))
                position += 2
            } else {
                throw ProfileError(.guardSyntax, place, "a character outside the language (byte \(position))")
            }
        }
        tokens.append((.end, bytes.count))
    }

    private var current: Token { tokens[index].token }

    private func fault(_ rule: String) -> ProfileError {
        ProfileError(.guardSyntax, place, "\(rule) (byte \(tokens[index].position))")
    }

    private mutating func take(_ token: Token) -> Bool {
        guard current == token else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(ProfileError) {
        guard take(.symbol(symbol)) else { throw fault("'\(symbol)' is expected") }
    }

    private mutating func expression(depth: Int) throws(ProfileError) -> Guard {
        var terms = [try term(depth: depth)]
        while take(.word("or")) { terms.append(try term(depth: depth)) }
        return terms.count == 1 ? terms[0] : .any(terms)
    }

    private mutating func term(depth: Int) throws(ProfileError) -> Guard {
        var factors = [try factor(depth: depth)]
        while take(.word("and")) { factors.append(try factor(depth: depth)) }
        return factors.count == 1 ? factors[0] : .all(factors)
    }

    private mutating func factor(depth: Int) throws(ProfileError) -> Guard {
        guard depth < ProcedureLimits.guardDepth else { throw fault("deeper than \(ProcedureLimits.guardDepth)") }
        if take(.word("not")) { return .not(try factor(depth: depth + 1)) }
        if take(.symbol("(")) {
            let inner = try expression(depth: depth + 1)
            try expect(")")
            return inner
        }
        return try atom()
    }

    private mutating func word(_ what: String) throws(ProfileError) -> String {
        guard case .word(let word) = current else { throw fault("\(what) is expected") }
        index += 1
        return word
    }

    private mutating func atom() throws(ProfileError) -> Guard {
        let first = try word("a guard, name or function")
        if current == .symbol("(") {
            guard ["age", "until", "passed"].contains(first) else { throw fault("no function of the language") }
            try expect("(")
            let name = try name(try word("a name"), inTime: true)
            try expect(")")
            switch first {
            case "passed": return .passed(name)
            case "until":
                try expect("<=")
                return .until(name, deadline: try word("a deadline"))
            default:
                let comparison: GuardComparison
                if take(.symbol("<=")) {
                    comparison = .atMost
                } else {
                    try expect(">=")
                    comparison = .atLeast
                }
                return .age(name, comparison, deadline: try word("a deadline"))
            }
        }
        if first.hasPrefix("G_") { return .named(first) }
        let name = try name(first, inTime: false)
        if take(.symbol("==")) {
            let value = try word("a code or name")
            return .equals(name, value.utf8.contains(0x2E) ? .name(try self.name(value, inTime: false)) : .code(value))
        }
        guard take(.word("in")) else { throw fault("'==' or 'in' is expected") }
        try expect("{")
        var codes = [try word("a code")]
        while take(.symbol(",")) { codes.append(try word("a code")) }
        try expect("}")
        return .isIn(name, codes)
    }

    /// `age(EVENT)` is short for `age(EVENT.at)`.
    private func name(_ text: String, inTime: Bool) throws(ProfileError) -> GuardName {
        let pieces = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let isEvent = pieces[0].utf8.first.map { (0x41...0x5A).contains($0) } ?? false
        switch pieces.count {
        case 1 where isEvent && inTime: return .eventFact(event: pieces[0], fact: "at")
        case 1 where !isEvent && !inTime && !pieces[0].isEmpty: return .state(pieces[0])
        case 2 where !pieces[0].isEmpty && !pieces[1].isEmpty:
            if pieces[0] == "this" { return .this(pieces[1]) }
            return isEvent
                ? .eventFact(event: pieces[0], fact: pieces[1]) : .trackFact(track: pieces[0], fact: pieces[1])
        default: throw fault("no name of the language before this")
        }
    }
}
