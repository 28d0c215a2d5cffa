// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A guard that is red, taken apart for people.
public struct RedGuard: Hashable, Sendable {
    public var event: String
    /// As the event lists it.
    public var guardName: String
    /// The guard's text in the profile.
    public var text: String
    /// The comparisons in it, and in the guards it names, that make it red, each with what stands there instead.
    public var terms: [String]
}

extension CaseHistory {
    /// Which guards of the letter's events are red against its ancestors: of the first event that a guard refuses, or of
    /// every fact that one flags. Empty where the verdict rests on something else.
    public func redGuards(of step: Step) -> [RedGuard] {
        var admission = Admission(version(before: step), step)
        admission.isExplained = true
        _ = admission.verdict()
        return admission.redGuards
    }
}

extension GuardEvaluation {
    /// The guard at this index of the profile's tables, taken apart.
    func explain(_ index: Int, event: String) -> RedGuard {
        let name = tables.guardNames[index]
        return RedGuard(
            event: event, guardName: name, text: tables.definition.guards[name] ?? "",
            terms: terms(tables.guards[index], wanted: .yes))
    }

    /// The comparisons that keep an expression from what is wanted.
    private func terms(_ expression: ProfileTables.Expression, wanted: Truth) -> [String] {
        guard evaluate(expression) == !wanted else { return [] }
        switch expression {
        case .named(let index): return terms(tables.guards[index], wanted: wanted)
        case .all(let list), .any(let list): return list.flatMap { terms($0, wanted: wanted) }
        case .not(let inner): return terms(inner, wanted: !wanted)
        case .equals(let name, _), .isIn(let name, _), .age(let name, _, _), .until(let name, _), .passed(let name):
            let text = wanted == .yes ? tables.text(expression) : "not \(tables.text(expression))"
            return ["\(text), but \(tables.text(name)) is \(words(for: name))"]
        }
    }
}
