// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

/// The properties of the shipped profiles, and small ways to break them.
enum Checked {
    /// By profile.
    static let all: [String: [ProcedureProperty]] = {
        do {
            return try Dictionary(
                uniqueKeysWithValues: ShippedProfile.all.map { shipped in
                    let bytes = try Protocols.bytes("Profiles/\(shipped.id)/properties.json")
                    return (shipped.id, try PropertiesDocument.read(bytes, profile: shipped.id))
                })
        } catch {
            fatalError("\(error)")
        }
    }()
    static let properties = all[Profile.repatriation.id] ?? []

    static func check(_ definition: ProfileDefinition, _ ids: [String], late: Int = 1) throws -> ProcedureCheck {
        let properties = all[definition.id, default: []].filter { ids.contains($0.id) }
        return try ProcedureCheck(definition, properties: properties, late: late)
    }

    /// What these say, those that hold of any profile among them.
    static func results(_ definition: ProfileDefinition, _ ids: [String], late: Int = 1) throws -> [CheckedProperty] {
        let check = try check(definition, ids, late: late)
        return check.always(ids.filter(ProcedureCheck.alwaysChecked.contains)) + check.properties.map(check.check)
    }
}

@Suite struct ProcedureCheckTests {
    /// Those that follow two and more long machines take a release build: `kheya procedure check` proves them all.
    private static let long = ["L2.", "L3."]

    @Test(arguments: ShippedProfile.all)
    func `everything that a shipped profile promises is proved of it`(shipped: ShippedProfile) throws {
        let all = Checked.all[shipped.id, default: []].map(\.id)
        let ids = all.filter { id in
            shipped.id != Profile.repatriation.id || !Self.long.contains(where: id.hasPrefix) || id == "L3.legal_hold"
        }
        #expect(ids.count > 40)
        for result in try Checked.results(shipped.profile.definition, ids + ProcedureCheck.alwaysChecked) {
            #expect(result.outcome == .proved, "\(result.id): \(result.says): \(result.story) \(result.fault)")
        }
    }

    @Test func `whoever writes without having heard finds nothing that must not be`() throws {
        for result in try Checked.results(Profile.repatriation.definition, ["S9.return"], late: 2) {
            #expect(result.outcome == .proved, "\(result.id): \(result.story) \(result.fault)")
        }
    }

    @Test func `a counterexample is the shortest one, and tells who does what`() throws {
        var definition = Profile.repatriation.definition
        definition.events["ASSESSMENT_COMPLETE"]?.guards.removeAll { $0 == "G_RETURN_CONSENT" }
        definition.lifecycle.transitions = definition.lifecycle.transitions.map { rule in
            var rule = rule
            if rule.id == "E03" { rule.from.removeAll { $0 == "assessing" } }
            return rule
        }
        let result = try #require(try Checked.results(definition, ["S9.return"]).first)
        #expect(result.outcome == .refuted)
        // Offer, acceptance, dossier, her no, and the step on.
        #expect(result.story.count == 5)
        #expect(result.story.filter { $0.event == "RETURN_CONSENT_WITHDRAWN" }.count == 1)
        #expect(result.story.last?.event == "ASSESSMENT_COMPLETE")
        let text = result.text { kind, name in kind == "event" ? "<\(name)>" : nil }
        #expect(
            text.contains {
                $0.contains("IN_SHELTER") && $0.contains("<ASSESSMENT_COMPLETE>") && $0.contains("planning")
            })
    }

    @Test func `what only crossing letters bring about is found by ends that hear late, and only by them`() throws {
        // A hold that is no stop, and may be placed only before clearance: one after the other nothing goes wrong.
        var definition = Profile.repatriation.definition
        definition.guards["G_NOT_CLEARED"] = "lifecycle in {assessing, planning, proposed}"
        definition.events["HOLD_IN"]?.kind = .progress
        definition.events["HOLD_IN"]?.lanes = [.normal]
        definition.events["HOLD_IN"]?.guards = ["G_NOT_CLEARED"]
        definition.lifecycle.transitions = definition.lifecycle.transitions.map { rule in
            var rule = rule
            if rule.id == "E05" { rule.from.removeAll { $0 == "cleared" } }
            return rule
        }
        #expect(try Checked.results(definition, ["S9.hold"], late: 1).map(\.outcome) == [.proved])
        let late = try #require(try Checked.results(definition, ["S9.hold"], late: 2).first)
        #expect(late.outcome == .refuted)
        #expect(late.story.contains { $0.isUnaware })
    }

    @Test func `a property that names nothing of the profile is refused by its id`() throws {
        func error(_ form: ProcedureProperty.Form) -> ProfileError? {
            do {
                _ = try ProcedureCheck(
                    Profile.repatriation.definition, properties: [ProcedureProperty(id: "X1", says: "", form: form)])
                return nil
            } catch {
                return error
            }
        }
        #expect(error(.never(guardText: "nowhere == x"))?.place == "properties.X1")
        #expect(error(.never(guardText: "lifecycle == "))?.code == .guardSyntax)
        #expect(
            error(.requires(.init(into: ["lifecycle.nowhere"]), guardText: "G_ADULT"))?.reason == "lifecycle.nowhere")
        #expect(error(.visible(tracks: ["nothing"]))?.reason == "nothing")
        #expect(error(.only(.init(events: ["NOTHING"]), events: [], by: []))?.code == .unknownName)
        #expect(error(.never(guardText: "age_branch == adult")) == nil)
    }
}
