// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A case told as a file: letters in the order of their arrival, what each judge should say, and where the case should
/// stand.
///
/// - SeeAlso: Protocols/Procedure.md, "Replay files".
public struct ReplayScript: Hashable, Sendable {
    /// Whose eyes the letters are judged with.
    public enum Sight: Hashable, Sendable {
        /// Everything is readable.
        case full
        /// Only what slips show.
        case broker
        /// What slips show, and the sealed steps of its own letters.
        case member(MemberID)
    }

    public struct Letter: Hashable, Sendable {
        public var name: String
        /// With full sight.
        public var step: Step
        /// Who can open the sealed steps.
        public var readers: Set<MemberID>
        /// The verdicts in the order they are reached, as ``describe(_:)`` writes them; absent: not said.
        public var expected: [String]?
        public var expectedOfBroker: [String]?

        public init(name: String, step: Step, readers: Set<MemberID>, expected: [String]?, expectedOfBroker: [String]?)
        {
            self.name = name
            self.step = step
            self.readers = readers
            self.expected = expected
            self.expectedOfBroker = expectedOfBroker
        }
    }

    /// Expected states, for the lifecycle and any tracks.
    public struct Expectation: Hashable, Sendable {
        public var lifecycle: [String]?
        public var tracks: [String: [String]]
        public init(lifecycle: [String]?, tracks: [String: [String]]) {
            self.lifecycle = lifecycle
            self.tracks = tracks
        }
    }

    public struct Report: Sendable {
        /// One line a verdict: a letter that waited has two.
        public struct Line: Hashable, Sendable {
            public var name: String
            public var verdict: Verdict
            /// The guards that were red, taken apart.
            public var redGuards: [RedGuard] = []
        }

        public var lines: [Line]
        public var history: CaseHistory
        /// What differs from what the file expects, a sentence each.
        public var differences: [String]
    }

    /// What the file shows, for people.
    public var about: String
    /// Digests of later versions of the profile, in their order; none of them changes anything.
    public var successors: [Digest]
    public var letters: [Letter]
    public var expectation: Expectation?
    public var expectationOfBroker: Expectation?

    public init(
        about: String, successors: [Digest], letters: [Letter], expectation: Expectation?,
        expectationOfBroker: Expectation?
    ) {
        self.about = about
        self.successors = successors
        self.letters = letters
        self.expectation = expectation
        self.expectationOfBroker = expectationOfBroker
    }

    /// Judges the letters one after the other, as a node or broker would: what is refused stays in the graph as void,
    /// what waits is judged again when the letter it waits for has come.
    public func run(profile: Profile, sight: Sight = .full) -> Report {
        var versions: [Digest: Profile] = [:]
        for digest in successors { versions[digest] = profile.successor(digest, of: Array(versions.keys)) }
        var history = CaseHistory(profile: profile, versions: versions)
        var lines: [Report.Line] = []
        var waiting: [(name: String, step: Step)] = []
        for letter in letters {
            var arrived = [(letter.name, Self.step(letter, sight))]
            while !arrived.isEmpty {
                let (name, step) = arrived.removeFirst()
                let verdict = history.admit(step)
                var line = Report.Line(name: name, verdict: verdict)
                switch verdict {
                case .refused, .flagged: line.redGuards = history.redGuards(of: step)
                case .admitted, .waiting: break
                }
                lines.append(line)
                if case .waiting = verdict {
                    waiting.append((name, step))
                    continue
                }
                var counted = step
                if case .refused = verdict { counted.isVoid = true }
                history.insert(counted)
                arrived += waiting.filter { history.missingAncestors(of: $0.step).isEmpty }
                waiting.removeAll { history.missingAncestors(of: $0.step).isEmpty }
            }
        }
        return Report(lines: lines, history: history, differences: differences(lines, history.state, sight))
    }

    private static func step(_ letter: Letter, _ sight: Sight) -> Step {
        var step = letter.step
        guard case .opened = step.sealed else { return step }
        switch sight {
        case .full: break
        case .member(let member) where letter.readers.contains(member): break
        case .broker, .member:
            step.sealed = .unknown
            step.requires = []
        }
        return step
    }

    private func differences(_ lines: [Report.Line], _ state: CaseState, _ sight: Sight) -> [String] {
        var result: [String] = []
        let isBroker = sight == .broker
        guard isBroker || sight == .full else { return [] }
        func compare(_ name: String, _ expected: [String], _ found: [String], _ separator: String) {
            guard expected != found else { return }
            let (expected, found) = (expected.joined(separator: separator), found.joined(separator: separator))
            result.append("\(name): expected \(expected), found \(found)")
        }
        for letter in letters {
            guard let expected = isBroker ? letter.expectedOfBroker : letter.expected else { continue }
            let found = lines.filter { $0.name == letter.name }.map { Self.describe($0.verdict) }
            compare(letter.name, expected, found, ", then ")
        }
        guard let expectation = isBroker ? expectationOfBroker : expectation else { return result }
        if let lifecycle = expectation.lifecycle { compare("lifecycle", lifecycle, state.lifecycle, "|") }
        for (track, states) in expectation.tracks.sorted(by: { $0.key < $1.key }) {
            compare(track, states, state.tracks[track] ?? [], "|")
        }
        return result
    }

    /// `admitted`, `refused G_SHARE_FULL`, `refused no-edge`, `flagged gap+unaware`, `waiting`.
    public static func describe(_ verdict: Verdict) -> String {
        switch verdict {
        case .admitted: "admitted"
        case .refused(let refusal): "refused \(refusal.code)"
        case .flagged(let flags): "flagged \(flags.map(\.rawValue).sorted().joined(separator: "+"))"
        case .waiting: "waiting"
        }
    }

    /// The id that a letter has in such a file: its name in bytes, then zeros. A real letter's is a hash.
    public static func id(of name: String) -> Digest? {
        let bytes = Array(name.utf8)
        return bytes.count <= 32 ? Digest(bytes + Array(repeating: 0, count: 32 - bytes.count)) : nil
    }
}
