// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

/// A mistake that somebody could make in the profile, and who must find it.
struct Mutant: Sendable, CustomTestStringConvertible {
    enum Finder: Sendable {
        case property(String)
        /// The reader refuses the file: at this place.
        case reader(ProfileError.Code, String)
    }

    let testDescription: String
    let profile: String
    let finder: Finder
    let change: @Sendable (inout ProfileDefinition) -> Void

    init(
        _ name: String, in profile: String = "in-bd-repatriation", _ property: String,
        _ change: @escaping @Sendable (inout ProfileDefinition) -> Void
    ) {
        (testDescription, self.profile, finder, self.change) = (name, profile, .property(property), change)
    }

    init(
        _ name: String, _ code: ProfileError.Code, at place: String,
        _ change: @escaping @Sendable (inout ProfileDefinition) -> Void
    ) {
        (testDescription, profile, finder, self.change) = (name, "in-bd-repatriation", .reader(code, place), change)
    }

    private static func unguard(_ event: String, _ name: String) -> @Sendable (inout ProfileDefinition) -> Void {
        { $0.events[event]?.guards.removeAll { $0 == name } }
    }

    private static func cut(_ name: String, _ clause: String) -> @Sendable (inout ProfileDefinition) -> Void {
        { definition in
            guard let text = definition.guards[name], text.contains(clause) else { return }
            definition.guards[name] = text.replacing(clause, with: "", maxReplacements: 1)
        }
    }

    private static func redirect(_ track: String, _ event: String, to: String)
        -> @Sendable (inout ProfileDefinition) -> Void
    {
        { definition in
            let edges = definition.tracks[track]?.edges ?? []
            definition.tracks[track]?.edges = edges.map {
                $0.event == event ? .init(from: $0.from, event: event, to: to) : $0
            }
        }
    }

    private static func drop(_ state: String, from id: String) -> @Sendable (inout ProfileDefinition) -> Void {
        { definition in
            for index in definition.lifecycle.transitions.indices where definition.lifecycle.transitions[index].id == id
            {
                definition.lifecycle.transitions[index].from.removeAll { $0 == state }
            }
        }
    }

    static let all: [Mutant] = [
        // guards removed from steps
        Mutant("clearance is proposed unchecked", "S1.nationality", unguard("CLEARANCE_PROPOSED", "G_CHECKPOINTS")),
        Mutant(
            "clearance is countersigned unchecked", "S1.nationality",
            unguard("CLEARANCE_COUNTERSIGNED", "G_CHECKPOINTS")),
        Mutant("nobody asks her again", "S2.asked-again", unguard("DEPARTED", "G_RECONFIRMED")),
        Mutant("she leaves without escort", "S2.escort", unguard("DEPARTED", "G_ESCORT")),
        Mutant("the receiver need not be ready", "S2.receiver", unguard("DEPARTED", "G_RECEIVER_READY")),
        Mutant(
            "an order without best interests", "S3.best-interests", unguard("RESTORATION_ORDER", "G_BEST_INTERESTS")),
        Mutant("a child's visit is waived", "S3.waiver", unguard("HOME_NOT_WANTED", "G_ADULT")),
        Mutant("no time to think", "S4.informed", unguard("RETURN_CONSENT", "G_INFORMED")),
        Mutant("the visitor reviews herself", "S5.four-eyes", unguard("HOME_REVIEW_SUITABLE", "G_FOUR_EYES")),
        Mutant("a visit without her consent", "S6.visit", unguard("HOME_INV_REPORT", "G_FAMILY_CONTACT")),
        Mutant("the mission is told anyway", "S6.mission", unguard("NATIONALITY_REQUESTED", "G_MISSION_CONTACT")),
        Mutant("a dossier without full consent", "S7.dossier-step", unguard("DOSSIER", "G_SHARE_FULL")),
        Mutant("the receiver consents for itself", "S7.not-own", unguard("SHARE_CONSENT_FULL", "G_NOT_OWN")),
        Mutant("narrowing names somebody new", "S7.narrowed", unguard("SHARE_CONSENT_NARROWED", "G_NARROWED")),
        Mutant("resumed although a side holds", "S17.resume", unguard("RESUME", "G_HOLDS_FREE")),
        Mutant("closed with an open testimony", "S17.closed", unguard("CLOSED_REINTEGRATED", "G_NO_LEGAL_HOLD")),
        Mutant("given up after a day", "S17.lost", unguard("CLOSED_LOST", "G_MISSING_LONG")),
        // clauses removed from guards
        Mutant("return is no checkpoint", "S1.return", cut("G_CHECKPOINTS", " and G_RETURN_CONSENT")),
        Mutant("the order is no checkpoint", "S1.order", cut("G_CHECKPOINTS", " and G_RELEASE")),
        Mutant("the home is no checkpoint", "S1.home", cut("G_CHECKPOINTS", " and G_HOME_REVIEWED")),
        Mutant("the other side's hold does not count", "S1.holds", cut("G_HOLDS_FREE", " and hold_bd == free")),
        Mutant(
            "traffickers near by need no answer", "S5.traffickers",
            cut("G_HOME_COMPLETE", " and HOME_INV_REPORT.traffickers_near in {none_known, known}")),
        Mutant(
            "a complicit family may take her", "S4.place",
            cut("G_HOME_OK", " and HOME_INV_REPORT.family_complicity == none_seen")),
        Mutant(
            "another home was visited", "S4.place",
            cut("G_HOME_OK", " and HOME_INV_REPORT.place_ref == RETURN_CONSENT.place_ref")),
        Mutant(
            "an adult goes where nobody explained the risk", "S1.risk-explained",
            cut("G_HOME_OK", " and RETURN_CONSENT.risk_explained == yes")),
        Mutant(
            "her entitlements are forgotten", "S1.entitlements", unguard("CLEARANCE_PROPOSED", "G_ENTITLEMENTS")),
        Mutant("a fitness note never grows old", "S2.fit", cut("G_FIT", " and age(medical.issued_on) <= D11b")),
        Mutant(
            "visitors are told after its time", "S6.visitors-receiver",
            cut("G_C3_LIVE", " and not passed(family_contact.valid_until)")),
        // withdrawals
        Mutant("the receiver cannot record her no", "profile.withdrawals") {
            $0.events["SHARE_CONSENT_WITHDRAWN"]?.by = ["IN_SHELTER"]
        },
        Mutant("a consent that nothing withdraws", "profile.withdrawals") { definition in
            definition.events["NEWS_CONSENT_WITHDRAWN"] = nil
            definition.tracks["news"]?.edges.removeAll { $0.from == "withdrawn" || $0.to == "withdrawn" }
            definition.guards["G_NEWS"] = "news == given and not passed(news.valid_until)"
        },
        Mutant("her no comes too late once she was asked again", "S8.return") {
            $0.tracks["return_consent"]?.edges.removeAll {
                $0.from == "reconfirmed" && $0.event == "RETURN_CONSENT_WITHDRAWN"
            }
        },
        Mutant("her no does not leave the cleared path", "S8.return-leaves", drop("cleared", from: "E03")),
        Mutant("a withdrawn case may stay cleared", "S9.share", drop("cleared", from: "E02")),
        Mutant("a withdrawal asks for a reason", .contradiction, at: "events.SHARE_CONSENT_WITHDRAWN") {
            $0.events["SHARE_CONSENT_WITHDRAWN"]?.facts = ["step_reason"]
        },
        // states and edges
        Mutant("an appeal that never ends", "L3.proceedings") { definition in
            definition.tracks["proceedings"]?.edges.removeAll { $0.from == "noc_appealed" }
            for event in ["NOC_APPEAL_ALLOWED", "NOC_APPEAL_DISMISSED"] {
                definition.events[event] = nil
                definition.deadlines = definition.deadlines.filter { !$0.value.to.contains(event) }
            }
        },
        Mutant("missing leads nowhere", .unreachable, at: "lifecycle") {
            for index in $0.lifecycle.transitions.indices {
                $0.lifecycle.transitions[index].from.removeAll { $0 == "missing" }
            }
            $0.lifecycle.transitions.removeAll { $0.from.isEmpty && $0.event != "CLOSED_LOST" }
        },
        Mutant("assessed is cleared", "S1.one-way-cleared") { definition in
            for index in definition.lifecycle.transitions.indices
            where definition.lifecycle.transitions[index].id == "T07" {
                definition.lifecycle.transitions[index].to = "cleared"
            }
            definition.lifecycle.transitions.append(
                .init(id: "T07b", from: ["cleared"], event: "REASSESS", to: "planning"))
            definition.lifecycle.transitions.removeAll { $0.id == "T11" }
        },
        Mutant(
            "refused means confirmed", .unreachable, at: "tracks.nationality",
            redirect("nationality", "NATIONALITY_REFUSED", to: "confirmed")),
        Mutant("inconclusive means confirmed", "S16.codes") {
            $0.tracks["nationality"]?.edges.append(
                .init(from: "requested", event: "NATIONALITY_INCONCLUSIVE", to: "confirmed"))
        },
        Mutant("asked counts as settled", "S16.codes") { $0.tracks["nationality"]?.green.append("requested") },
        Mutant("a receipt is not needed for care", "S14.care") {
            $0.events["FOUND_IN_BANGLADESH"]?.by.append("IN_SHELTER")
        },
        Mutant("one party signs twice", "S1.one-way-cleared") {
            $0.events["CLEARANCE_COUNTERSIGNED"]?.by = ["IN_SHELTER"]
        },
        Mutant("the visitor's role may review", "S5.reviewer") {
            $0.events["HOME_REVIEW_SUITABLE"]?.by.append("BD_INVESTIGATOR")
        },
        // disclosure and sight
        Mutant("a dossier that no consent covers", "profile.forms") { $0.events["DOSSIER"]?.consents = [] },
        Mutant("India hears of her without her consent", "S7.news") { $0.events["CLOSED_REINTEGRATED"]?.consents = [] },
        Mutant("the dossier may go to another", "S7.dossier") { $0.partRules.removeAll { $0.tier == .t3 } },
        Mutant("an order is vacated unseen", "S16.codes") { $0.events["ORDER_VACATED"]?.shownAs = nil },
        Mutant("one code for settled and unsettled", "S16.codes") {
            $0.events["ORDER_VACATED"]?.shownAs = "RELEASE_CLEARED"
        },
        Mutant("a dossier overtakes her no", .contradiction, at: "events.DOSSIER") {
            $0.events["DOSSIER"]?.lanes = [.urgent]
        },
        Mutant("a hold that does not stop", .contradiction, at: "events.HOLD_IN") {
            $0.events["HOLD_IN"]?.kind = .progress
        },
        // guards that mean nothing
        Mutant("an unknown guard", .unknownName, at: "events.RESUME") {
            $0.events["RESUME"]?.guards.append("G_NOWHERE")
        },
        Mutant("a step that can never be in order", "profile.events") {
            $0.guards["G_NEW_RECEIVER"] = "this.new_receiver == accepted and this.new_receiver == open"
        },
        Mutant("a guard that nothing asks", "profile.guards") { $0.guards["G_FORGOTTEN"] = "age_branch == adult" },
        Mutant("silence closes the case", "profile.silence") {
            $0.guards["G_MISSING_LONG"] = "passed(MISSING_REPORTED.at)"
        },
        Mutant("a legal hold never ends once the case is over", "L3.legal_hold") {
            $0.events["LEGAL_HOLD_ENDED"]?.kind = .progress
            $0.events["LEGAL_HOLD_ENDED"]?.lanes = [.normal]
            $0.factOrder.removeAll { $0 == "LEGAL_HOLD_ENDED" }
        },
        // the other profiles
        Mutant("care without her consent", in: "bd-opened", "O1.care", unguard("CARE_AGREED", "G_CARE")),
        Mutant(
            "a child's authority hears nothing", in: "bd-opened", "O1.child-told",
            unguard("CARE_AGREED", "G_CHILD_TOLD")),
        Mutant("India is asked anyway", in: "bd-opened", "O7.asked", unguard("RECORDS_REQUEST", "G_ASK_INDIA")),
        Mutant("India is told anyway", in: "bd-opened", "O7.partner") { $0.partRules = [] },
        Mutant(
            "visitors are told after its time", in: "bd-opened", "O7.visitors",
            cut("G_C3_LIVE", " and not passed(family_contact.valid_until)")),
        Mutant(
            "her no to care does not end the case", in: "bd-opened", "O8.care-leaves",
            drop("reintegration", from: "T17")),
        Mutant(
            "the visitor reviews herself there", in: "bd-opened", "S5.four-eyes",
            unguard("HOME_REVIEW_SUITABLE", "G_FOUR_EYES")),
        Mutant("nobody who was missing comes back", in: "bd-opened", "L3.closing") { definition in
            definition.lifecycle.transitions.removeAll { $0.event == "FOUND_IN_BANGLADESH" }
            definition.events["FOUND_IN_BANGLADESH"] = nil
            definition.factOrder.removeAll { $0 == "FOUND_IN_BANGLADESH" }
        },
        Mutant("a home is settled unseen", in: "bd-opened", "O16.codes") { $0.events["NEW_RISK"]?.shownAs = nil },
        Mutant(
            "narrowing names somebody new there", in: "in-np-minimal", "S7.narrowed",
            unguard("SHARE_CONSENT_NARROWED", "G_NARROWED")),
        Mutant(
            "cleared unchecked there", in: "in-np-minimal", "S1.return", unguard("CLEARANCE_PROPOSED", "G_CHECKPOINTS")),
        Mutant(
            "her no does not leave the cleared path there", in: "in-np-minimal", "S8.return-leaves",
            drop("cleared", from: "T17")),
        Mutant(
            "a withdrawn case may stay cleared there", in: "in-np-minimal", "S9.share", drop("cleared", from: "T16")),
        Mutant(
            "nobody need be handed over in order", in: "in-np-minimal", "S2.handover",
            unguard("HANDOVER_RECEIPT", "G_CHECKPOINTS")),
        Mutant(
            "a child's visit is waived there", in: "in-np-minimal", "S3.waiver", unguard("HOME_NOT_WANTED", "G_ADULT")),
        Mutant("a hold leads nowhere", in: "in-np-minimal", "L3.share_consent") { definition in
            definition.lifecycle.transitions.removeAll { $0.event == "RESUME" }
            definition.events["RESUME"] = nil
            definition.deadlines = definition.deadlines.filter { !$0.value.to.contains("RESUME") }
        },
    ]
}

@Suite struct MutationTests {
    @Test(arguments: Mutant.all) func `each mistake is found by what must find it`(mutant: Mutant) throws {
        let definition = ShippedProfile.named(mutant.profile).profile.definition
        var changed = definition
        mutant.change(&changed)
        try #require(changed != definition, "the mistake changes nothing")
        switch mutant.finder {
        case .reader(let code, let place):
            #expect { try Profile(changed, digest: .named("mutant")) } throws: { error in
                (error as? ProfileError)?.code == code && (error as? ProfileError)?.place == place
            }
        case .property(let id):
            let results = try Checked.results(changed, [id])
            #expect(results.map(\.outcome) == [.refuted], "\(results)")
            #expect(results.allSatisfy { !$0.fault.isEmpty || !$0.story.isEmpty })
        }
    }

    /// The others are proved of the unchanged profile in ``ProcedureCheckTests``.
    @Test func `an appeal that ends is no trap`() throws {
        #expect(try Checked.results(Profile.repatriation.definition, ["L3.proceedings"]).map(\.outcome) == [.proved])
    }
}
