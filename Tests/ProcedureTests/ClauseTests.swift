// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import Testing

/// One clause of a guard, and the guard without it.
struct Clause: Sendable, CustomTestStringConvertible {
    let guardName: String
    let text: String
    let without: String

    var testDescription: String { "\(guardName): \(text)" }

    /// Every clause of every guard that a step or a disclosure asks. What only a track asks, so that people see what has
    /// grown old, ``ClockTests`` looks at.
    static func all(of definition: ProfileDefinition) -> [Clause] {
        let asked =
            definition.events.values.flatMap(\.guards) + definition.consents.values.map(\.live)
            + definition.partRules.map(\.guardName)
        return inside(Set(asked), in: definition).sorted().flatMap { name in
            cut(definition.guards[name] ?? "").map { Clause(guardName: name, text: $0.clause, without: $0.without) }
        }
    }

    /// These guards and all that they name.
    static func inside(_ names: Set<String>, in definition: ProfileDefinition) -> Set<String> {
        let named = names.reduce(into: names) { result, name in
            result.formUnion(words(definition.guards[name] ?? "").filter { $0.hasPrefix("G_") })
        }
        return named == names ? names : inside(named, in: definition)
    }

    /// Names and codes of a guard's text.
    static func words(_ text: String) -> Set<String> {
        Set(text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
            .subtracting(["and", "or", "not", "in"])
    }

    /// What is left of a guard when one member of an `and`, at any depth, is taken out.
    static func cut(_ text: String) -> [(clause: String, without: String)] {
        let terms = split(text, " or ")
        return terms.indices.flatMap { term -> [(String, String)] in
            let factors = split(terms[term], " and ")
            func whole(_ factors: [String]) -> String {
                var terms = terms
                terms[term] = factors.joined(separator: " and ")
                return terms.joined(separator: " or ")
            }
            return factors.indices.flatMap { index -> [(String, String)] in
                let factor = factors[index]
                var result: [(String, String)] = []
                if factors.count > 1 {
                    var rest = factors
                    rest.remove(at: index)
                    result.append((factor, whole(rest)))
                }
                guard factor.hasPrefix("("), factor.hasSuffix(")") else { return result }
                return result
                    + cut(String(factor.dropFirst().dropLast())).map { inner in
                        var rest = factors
                        rest[index] = "(\(inner.without))"
                        return (inner.clause, whole(rest))
                    }
            }
        }
    }

    /// At the word, outside parentheses.
    private static func split(_ text: String, _ word: String) -> [String] {
        var pieces = [""]
        var depth = 0
        var rest = Substring(text)
        while let character = rest.first {
            if depth == 0, rest.hasPrefix(word) {
                pieces.append("")
                rest = rest.dropFirst(word.count)
                continue
            }
            depth += character == "(" ? 1 : character == ")" ? -1 : 0
            pieces[pieces.count - 1].append(character)
            rest = rest.dropFirst()
        }
        return pieces
    }
}

/// No clause of a guard can be dropped unnoticed: a story ends in another way, or a property is refuted.
@Suite struct ClauseTests {
    private static let definition = Profile.repatriation.definition

    /// By guard, the stories that it refuses something in, or flags a fact: alone, inside another or around one.
    private static let stories: [String: [ReplayScript]] = {
        var result: [String: [ReplayScript]] = [:]
        do {
            for file in ReplayVectorTests.files {
                let bytes = try Protocols.bytes("Vectors/procedure/\(file)")
                guard try ReplayDocument.profile(of: bytes) == definition.id else { continue }
                let script = try ReplayDocument.read(bytes, profile: .repatriation)
                let red = Set(script.letters.flatMap(red))
                let below = Clause.inside(red, in: definition)
                for name in definition.guards.keys
                where below.contains(name) || !red.isDisjoint(with: Clause.inside([name], in: definition)) {
                    result[name, default: []].append(script)
                }
            }
        } catch {
            fatalError("\(error)")
        }
        return result
    }()

    /// The guards that the file says are red at this letter; of a flagged fact any of its own.
    private static func red(_ letter: ReplayScript.Letter) -> [String] {
        (letter.expected ?? []).flatMap { verdict -> [String] in
            if verdict.hasPrefix("refused G_") { return [String(verdict.dropFirst(8))] }
            guard verdict.contains("out_of_procedure") else { return [] }
            let events = if case .opened(let all) = letter.step.sealed { all } else { letter.step.shown }
            return events.flatMap { definition.events[$0.code]?.guards ?? [] }
        }
    }

    @Test func `clauses are found at every depth`() {
        #expect(
            Clause.cut("a == b and (c == d or (e == f and G_X))").map(\.without) == [
                "(c == d or (e == f and G_X))", "a == b", "a == b and (c == d or (G_X))",
                "a == b and (c == d or (e == f))",
            ])
        #expect(Clause.all(of: Self.definition).count > 100)
    }

    /// Every second one; `make simulate` asks of all.
    private static let asked: [Clause] = {
        let all = Clause.all(of: definition)
        let step = ProcessInfo.processInfo.environment["KHEYA_SEEDS"] == nil ? 2 : 1
        return stride(from: 0, to: all.count, by: step).map { all[$0] }
    }()

    @Test(arguments: asked)
    func `a clause that is dropped is missed`(clause: Clause) throws {
        var definition = Self.definition
        definition.guards[clause.guardName] = clause.without
        let profile = try Profile(definition, digest: Profile.repatriation.digest)
        let stories = (Self.stories[clause.guardName] ?? []).sorted { $0.letters.count < $1.letters.count }
        if stories.contains(where: { !$0.run(profile: profile).differences.isEmpty }) { return }
        // Those that speak most of the same first.
        let words = Clause.inside(Clause.words(clause.text), in: definition)
            .reduce(into: Clause.words(clause.text)) { $0.formUnion(Clause.words(definition.guards[$1] ?? "")) }
        let ranked = Checked.properties.compactMap { property -> (property: ProcedureProperty, shared: Int)? in
            switch property.form {
            case .requires(_, let text), .discloses(_, _, _, _, let text):
                let shared = words.intersection(Clause.words(text)).count
                return shared > 0 ? (property, shared) : nil
            default: return nil
            }
        }
        #expect(
            try ranked.sorted { $0.shared > $1.shared }.contains {
                let check = try ProcedureCheck(definition, properties: [$0.property], late: 1)
                return check.properties.map(check.check).contains { $0.outcome != .proved }
            })
    }
}
