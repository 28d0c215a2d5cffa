// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure
import TestSupport
import Testing

@testable import WebInterface

/// What she decides, and takes back.
@Suite struct ConsentTests {
    @Test func `a decision taken back looks like no other, is no longer offered to be stopped, and can be given again`()
        async throws
    {
        let office = try Office()
        let asha = try await office.person("asha", .caseworker)
        let place = "/cases/\(CaseReference.text(try await office.opened(by: asha)))"
        let before = await asha.get("\(place)/consents")
        #expect(before.text.contains("value=\"SHARE_CONSENT_WITHDRAWN\"") && !before.text.contains("mark bad"))
        let night = try await office.person("night", .readOnly)
        #expect(await night.get("\(place)/consents").status == 200)
        #expect(await night.post("\(place)/stop", ["what": "SHARE_CONSENT_WITHDRAWN"]).status == 200)
        for page in ["/consents", "/board"] {
            #expect(await asha.get(place + page).text.contains("mark bad"), "\(page)")
        }
        #expect(await asha.get("\(place)/stop").text.contains(HTML(Words.of("en").say(.stopNothing)).text))
        #expect(!(await asha.get("\(place)/consents").text.contains("value=\"SHARE_CONSENT_WITHDRAWN\"")))
    }

    @Test func `what only stops lead to is drawn as stopped, and nothing else is`() throws {
        let profile = try #require(try Office().desk.network.profileInForce)
        #expect(profile.stoppedStates(of: "share_consent") == ["withdrawn"])
        #expect(profile.stoppedStates(of: "family_contact") == ["withdrawn"])
        #expect(profile.stoppedStates(of: "hold_in") == ["held"])
        #expect(profile.stoppedStates(of: "age_branch").isEmpty && profile.stoppedStates(of: "no such").isEmpty)
        #expect(TrackMark(["withdrawn"], of: "family_contact", in: profile) == .stopped)
        #expect(TrackMark(["none"], of: "family_contact", in: profile) == .open)
        #expect(TrackMark(["given"], of: "family_contact", in: profile) == .settled)
        #expect(TrackMark(["given", "withdrawn"], of: "family_contact", in: profile) == .unknown)
    }
}
