// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Membership
import Node
import Procedure
import TestSupport
import Testing

@testable import WebInterface

@Suite struct MemberTests {
    @Test func `a safety number is the same at both ends, and another for every other pair`() throws {
        let directories = try Office().desk.network.directories
        let (shelter, ngo) = (PracticeWorld.shelter, PracticeWorld.ngo)
        let now = PracticeWorld.start + 3_600
        let number = try #require(directories.pairNumber(shelter, ngo, at: now))
        #expect(directories.pairNumber(ngo, shelter, at: now) == number)
        let others = directories.members.map(\.id).filter { $0 != ngo && $0 != shelter }
        #expect(others.allSatisfy { directories.pairNumber(shelter, $0, at: now) != number })
        // With no valid key there is none.
        #expect(directories.pairNumber(shelter, ngo, at: now + 20 * 365 * 86_400) == nil)
    }

    @Test func `two people compare a number, each once, and only the number that they saw`() async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let meera = try await office.person("meera", .supervisor)
        let ngo = PracticeWorld.ngo
        let number = try #require(
            office.desk.network.directories.pairNumber(PracticeWorld.shelter, ngo, at: office.now))
        let page = await asha.get("/members")
        #expect(page.text.contains(SafetyNumber.text(of: number)))
        #expect(
            await asha.post("/members", ["member": ngo.text, "number": String(repeating: "0", count: 64)]).status == 400
        )
        for person in [asha, asha, meera] {
            _ = await person.get("/members")
            #expect(await person.post("/members", ["member": ngo.text, "number": number.hex]).status == 303)
        }
        let compared = try office.desk.store.read { try $0.comparisons(with: ngo) }
        #expect(compared.map(\.account) == ["asha", "meera"] && compared.allSatisfy { $0.number == number })
        #expect(await asha.get("/members").text.contains("asha") == true)
        // Numbers of earlier keys are no longer those of now: the page asks for them again.
        try office.desk.store.write {
            try $0.note(comparing: number, with: PracticeWorld.investigator, by: "asha", at: office.now)
        }
        #expect(await meera.get("/members").text.contains(HTML(Words.of("en").say(.keyChanged)).text))
    }
}
