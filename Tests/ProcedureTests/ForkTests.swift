// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure
import Testing

/// A sender that leaves out what it has sent or opened before. Protocols/Procedure.md §6.4, R10.
@Suite struct ForkTests {
    /// A case up to the dossier, and two letters of the shelter after it that do not know of each other.
    private static func fork() throws -> (history: CaseHistory, one: Step, other: Step) {
        let letters = Stories.letters("main-path-adult")
        var history = CaseHistory(profile: .repatriation)
        for letter in letters {
            history.insert(letter.step)
            if letter.name == "dossier" { break }
        }
        func beside(_ name: String) throws -> Step {
            var step = try #require(letters.first { $0.name == name }?.step)
            (step.parents, step.previous) = ([.named("dossier")], .named("dossier"))
            return step
        }
        return (history, try beside("family"), try beside("mission"))
    }

    @Test func `what a letter is said to be does not depend on what else its sender wrote, or when that came`() throws {
        let (history, one, other) = try Self.fork()
        var (first, second) = (history, history)
        for step in [one, other] {
            #expect(first.admit(step) == .admitted)
            first.insert(step)
        }
        for step in [other, one] {
            #expect(second.admit(step) == .admitted)
            second.insert(step)
        }
        #expect(first.state == second.state)
        // The one sent later leaves the other out: it has no effect, and both are marked.
        #expect(first.state.tracks["family_contact"] != history.state.tracks["family_contact"])
        #expect(first.state.tracks["mission_contact"] == history.state.tracks["mission_contact"])
        let marked = first.state.events.filter { $0.flags.contains(.unaware) }.map(\.letter)
        #expect(Set(marked) == [one.id, other.id])
        #expect(first.forgotten(by: one) == other.id && first.forgotten(by: other) == one.id)
    }

    @Test func `a letter that a signed paper ended is nobody's to know, and who knows all is marked by nothing`() throws
    {
        var (history, one, other) = try Self.fork()
        one.isVoid = true
        history.insert(one)
        history.insert(other)
        #expect(history.forgotten(by: other) == nil)
        #expect(history.state.tracks["mission_contact"] == ["given"])
        #expect(history.state.events.allSatisfy { !$0.flags.contains(.unaware) })
    }
}
