// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure
import Testing

@testable import WebInterface

/// What an account's role admits, whichever door it comes through.
@Suite struct RoleTests {
    /// Whether the desk takes it from this account; what else it says against it does not matter here.
    private func takes(_ body: () throws -> Void) throws -> Bool {
        do { try body() } catch let error as DeskError { return error.code != .unknownAccount }
        return true
    }

    @Test(arguments: Account.Role.allCases)
    func `by command a role acts in cases as at the page, and in no other way`(role: Account.Role) async throws {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let caseID = try await office.opened(by: asha)
        let draft = try await office.opening(by: asha)
        try office.signIn.add("somebody", role: role, at: office.now)
        let (desk, may) = (office.desk, Access.casework.admits(role))
        var act = try office.work(draft).act()
        act.account = "somebody"
        let (letters, opening) = (try office.rows("letter"), try office.work(draft).caseID)
        #expect(try takes { _ = try desk.rehearse(act, in: opening, opens: true, at: office.now) } == may)
        #expect(try takes { _ = try desk.openCase(act, at: office.now) } == may)
        let other = Act(events: [Event(code: "SHARE_CONSENT_FULL")], account: "somebody")
        #expect(try takes { _ = try desk.perform(other, in: caseID, at: office.now) } == may)
        #expect(try takes { try desk.approve(other, in: caseID, at: office.now) } == may)
        let letter = try #require(try desk.outbox().first).letter.id
        #expect(try takes { _ = try desk.markActedOn(letter, account: "somebody", at: office.now) } == may)
        #expect(try takes { _ = try desk.erase(by: letter, account: "somebody", at: office.now) } == may)
        #expect(try takes { _ = try desk.orderErasure([], account: "somebody", at: office.now) } == may)
        #expect(try (office.rows("letter") > letters) == may)
        // Who sees where cases stand may record a stop, and nothing beside it.
        let stop = Event(code: "SHARE_CONSENT_WITHDRAWN")
        let more = Act(events: [stop, Event(code: "SHARE_CONSENT_FULL")], account: "somebody")
        #expect(try takes { _ = try desk.perform(more, in: caseID, at: office.now) } == may)
        let before = try office.rows("letter")
        let stopped = try takes {
            _ = try desk.perform(Act(events: [stop], account: "somebody"), in: caseID, at: office.now)
        }
        #expect(stopped == Access.sight.admits(role))
        #expect(try office.rows("letter") == before + (stopped ? 1 : 0))
    }
}
