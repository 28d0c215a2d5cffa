// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// Looks for facts, times and states under which some guards are green and one is not.
///
/// The guards are evaluated by ``GuardEvaluation``, as in a case; only what nothing known decides is tried out: each
/// fact with codes takes each of its codes, or is missing where it may be; each other comparison is free.
struct GuardSearch {
    /// What is tried out.
    enum Variable: Hashable {
        case value(ProfileTables.Name)
        case truth(ProfileTables.Expression)
    }

    enum Value: Hashable {
        case code(String)
        case missing
        case truth(Bool)
    }

    private let profile: Profile
    private let states: [States]
    private let newest: [Situation.Newest]
    private let history: CaseHistory
    private let this: JudgedEvent
    private var chosen: [Variable: Value] = [:]
    /// Ways looked at.
    private(set) var tried = 0

    init(_ history: CaseHistory, states: [States], newest: [Situation.Newest], this: JudgedEvent) {
        profile = history.profile
        self.history = history
        self.states = states
        self.newest = newest
        self.this = this
    }

    private var evaluation: GuardEvaluation {
        var evaluation = GuardEvaluation(
            history: history, judged: nil, states: states, newest: newest, this: this, now: 0)
        let chosen = chosen
        evaluation.assumed = { Self.truth($0, chosen) }
        return evaluation
    }

    /// Whether all of `green` can be green while `red`, if there is one, is not. Then what was chosen, as text.
    mutating func find(green: [Int], red: Int?) -> [String]? {
        chosen = [:]
        guard search(green, red) else { return nil }
        return chosen.map { variable, value in Self.text(variable, value, profile) }.sorted()
    }

    private mutating func search(_ green: [Int], _ red: Int?) -> Bool {
        tried += 1
        let evaluation = evaluation
        var open: ProfileTables.Expression?
        if let red {
            let expression = profile.tables.guards[red]
            switch evaluation.evaluate(expression) {
            case .yes: return false
            case .no: break
            case .unknown: open = unknownLeaf(expression, evaluation)
            }
        }
        let wantsRed = open != nil
        for index in green {
            let expression = profile.tables.guards[index]
            switch evaluation.evaluate(expression) {
            case .no: return false
            case .yes: break
            case .unknown: open = open ?? unknownLeaf(expression, evaluation)
            }
        }
        guard let open else { return true }
        let (variable, domain) = variable(of: open, wantsRed: wantsRed)
        for value in domain {
            chosen[variable] = value
            if search(green, red) { return true }
        }
        chosen[variable] = nil
        return false
    }

    private func unknownLeaf(_ expression: ProfileTables.Expression, _ evaluation: GuardEvaluation)
        -> ProfileTables.Expression?
    {
        guard evaluation.evaluate(expression) == .unknown else { return nil }
        switch expression {
        case .named(let index): return unknownLeaf(profile.tables.guards[index], evaluation)
        case .not(let inner): return unknownLeaf(inner, evaluation)
        case .all(let list), .any(let list):
            for inner in list { if let leaf = unknownLeaf(inner, evaluation) { return leaf } }
            return nil
        default: return expression
        }
    }

    private func variable(of leaf: ProfileTables.Expression, wantsRed: Bool) -> (Variable, [Value]) {
        let name: ProfileTables.Name
        var wanted: Set<String> = []
        switch leaf {
        case .equals(let left, .code(let code)): (name, wanted) = (left, [code])
        case .isIn(let left, let codes): (name, wanted) = (left, codes)
        default: return (.truth(leaf), wantsRed ? [.truth(false), .truth(true)] : [.truth(true), .truth(false)])
        }
        var codes: [String]
        var mayBeMissing = true
        switch name {
        case .state(let machine):
            let names = profile.tables.machines[machine].states
            codes = states[machine].elements.map { names[$0] }
            mayBeMissing = false
        case .trackFact(_, let fact), .eventFact(_, let fact), .this(let fact):
            if fact == "by" {
                codes = profile.definition.roles.keys.sorted()
            } else if case .codes(let list) = profile.definition.facts[fact]?.kind {
                codes = list
            } else {
                return (.truth(leaf), [.truth(true), .truth(false)])
            }
            // Admission asks for every fact of the judged event.
            if case .this = name { mayBeMissing = false }
        }
        let (fitting, others) = (codes.filter(wanted.contains), codes.filter { !wanted.contains($0) })
        codes = wantsRed ? others + fitting : fitting + others
        return (.value(name), codes.map(Value.code) + (mayBeMissing ? [.missing] : []))
    }

    private static func truth(_ leaf: ProfileTables.Expression, _ chosen: [Variable: Value]) -> Truth? {
        func isIn(_ name: ProfileTables.Name, _ codes: Set<String>) -> Truth? {
            switch chosen[.value(name)] {
            case .code(let code): codes.contains(code) ? .yes : .no
            case .missing: .no
            default: nil
            }
        }
        let value: Truth? =
            switch leaf {
            case .equals(let name, .code(let code)): isIn(name, [code])
            case .isIn(let name, let codes): isIn(name, codes)
            default: nil
            }
        if let value { return value }
        if case .truth(let truth) = chosen[.truth(leaf)] { return truth ? .yes : .no }
        return nil
    }

    // MARK: words

    private static func text(_ variable: Variable, _ value: Value, _ profile: Profile) -> String {
        switch (variable, value) {
        case (.value(let name), .code(let code)): "\(profile.tables.text(name)) is \(code)"
        case (.value(let name), _): "\(profile.tables.text(name)) is missing"
        case (.truth(let leaf), .truth(true)): profile.tables.text(leaf)
        case (.truth(let leaf), _): "not (\(profile.tables.text(leaf)))"
        }
    }
}

extension ProfileTables {
    /// Every name that a guard reads, through the guards it names too.
    func names(in expression: Expression) -> [Name] {
        switch expression {
        case .named(let index): names(in: guards[index])
        case .not(let inner): names(in: inner)
        case .all(let list), .any(let list): list.flatMap(names)
        case .equals(let name, .name(let other)): [name, other]
        case .equals(let name, .code), .isIn(let name, _), .age(let name, _, _), .until(let name, _), .passed(let name):
            [name]
        }
    }

    /// A name as the guard language writes it.
    func text(_ name: Name) -> String {
        switch name {
        case .state(let machine): machines[machine].name
        case .trackFact(let machine, let fact): "\(machines[machine].name).\(fact)"
        case .eventFact(let place, let fact): "\(events[newestEvents[place]].name).\(fact)"
        case .this(let fact): "this.\(fact)"
        }
    }

    /// An expression as the guard language writes it; durations in seconds.
    func text(_ expression: Expression) -> String {
        func inner(_ expression: Expression) -> String {
            switch expression {
            case .any, .all: "(\(text(expression)))"
            default: text(expression)
            }
        }
        return switch expression {
        case .named(let index): guardNames[index]
        case .equals(let name, .code(let code)): "\(text(name)) == \(code)"
        case .equals(let name, .name(let other)): "\(text(name)) == \(text(other))"
        case .isIn(let name, let codes): "\(text(name)) in {\(codes.sorted().joined(separator: ", "))}"
        case .age(let name, .atMost, let seconds): "age(\(text(name))) <= \(Self.duration(seconds))"
        case .age(let name, .atLeast, let seconds): "age(\(text(name))) >= \(Self.duration(seconds))"
        case .until(let name, let seconds): "until(\(text(name))) <= \(Self.duration(seconds))"
        case .passed(let name): "passed(\(text(name)))"
        case .all(let list): list.map(inner).joined(separator: " and ")
        case .any(let list): list.map(inner).joined(separator: " or ")
        case .not(let negated): "not \(inner(negated))"
        }
    }

    private static func duration(_ seconds: Int64) -> String {
        seconds % 86_400 == 0 ? "\(seconds / 86_400) d" : seconds % 3_600 == 0 ? "\(seconds / 3_600) h" : "\(seconds) s"
    }
}
