// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

/// What a broker, who reads no sealed step, still knows for certain before clearance.
@Suite struct BrokerCertaintyTests {
    /// The main path without some letters, as a broker judges it; parents run on from letter to letter.
    private static func verdicts(without left: Set<String>, adding extra: (after: String, code: String)? = nil) throws
        -> [String: String]
    {
        let script = try ReplayDocument.read(
            Protocols.bytes("Vectors/procedure/main-path-adult.json"), profile: .repatriation)
        var history = CaseHistory(profile: .repatriation)
        var result: [String: String] = [:]
        var last: Digest?
        var lastOf: [MemberID: Digest] = [:]
        func take(_ step: Step, _ name: String) {
            var step = step
            step.parents = [last].compactMap { $0 }
            step.previous = lastOf[step.from]
            if case .opened = step.sealed { step.sealed = .unknown }
            step.requires = []
            let verdict = history.admit(step)
            result[name] = ReplayScript.describe(verdict)
            if case .refused = verdict { step.isVoid = true }
            history.insert(step)
            last = step.id
            lastOf[step.from] = step.id
        }
        for letter in script.letters where !left.contains(letter.name) {
            take(letter.step, letter.name)
            guard let extra, extra.after == letter.name else { continue }
            var stop = letter.step
            stop.id = .named("stop")
            stop.from = script.letters[0].step.from
            stop.roles = script.letters[0].step.roles
            stop.to = script.letters[0].step.to
            stop.lane = .urgent
            stop.shown = [Event(code: extra.code)]
            stop.parts = []
            take(stop, "stop")
        }
        return result
    }

    @Test(arguments: [
        ("full", "dossier", "G_SHARE_FULL"), ("accept", "dossier", "G_SHARE_FULL"),
        ("decision", "assessed", "G_RETURN_CONSENT"),
        ("review", "assessed", "G_HOME_REVIEWED"), ("dossier", "assessed", "G_DOSSIER_SENT"),
        ("order", "propose", "G_RELEASE"),
        ("confirmed", "propose", "G_NATIONALITY"), ("statement", "propose", "G_PROCEEDINGS"),
        ("propose", "clear", "no-edge"),
    ])
    func `without a visible step the broker refuses what rests on it, and names the guard`(
        left: String, step: String, code: String
    ) throws {
        #expect(try Self.verdicts(without: [left])[step] == "refused \(code)")
    }

    @Test(arguments: [
        ("RELEASE_NOT_CLEARED", "G_RELEASE"), ("PROCEEDINGS_NOT_CLEARED", "G_PROCEEDINGS"),
        ("NATIONALITY_NOT_CLEARED", "G_NATIONALITY"),
        ("HOME_UNSETTLED", "G_HOME_REVIEWED"), ("HOLD", "G_HOLDS_FREE"),
        ("RETURN_CONSENT_WITHDRAWN", "G_RETURN_CONSENT"),
        ("SHARE_CONSENT_WITHDRAWN", "G_SHARE_FULL"),
    ])
    func `after a visible step that unsettles a checkpoint the broker refuses clearance`(code: String, red: String)
        throws
    {
        let verdicts = try Self.verdicts(without: [], adding: ("confirmed", code))
        #expect(verdicts["stop"] == "admitted")
        #expect(verdicts["propose"] == "refused \(red)")
        #expect(verdicts["clear"] == "refused \(red)")
    }

    @Test func `with everything there the broker refuses nothing`() throws {
        #expect(try Self.verdicts(without: []).values.allSatisfy { $0 == "admitted" })
    }
}
