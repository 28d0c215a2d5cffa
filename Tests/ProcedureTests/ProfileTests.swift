// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

@Suite struct ProfileTests {
    private static func changed(_ change: (inout ProfileDefinition) -> Void) throws -> ProfileError? {
        var definition = Profile.repatriation.definition
        change(&definition)
        do {
            _ = try Profile(definition, digest: .named("changed"))
            return nil
        } catch {
            return error
        }
    }

    @Test func `the shipped profile agrees with itself and says that it is a reconstruction`() throws {
        #expect(Profile.repatriation.status == "reconstruction")
        #expect(try Self.changed { _ in } == nil)
    }

    @Test func `source and canonical spelling give the same profile`() throws {
        let source = try Protocols.bytes("Profiles/in-bd-repatriation/profile.json")
        let canonical = try ProfileDocument.canonicalBytes(ofSource: source)
        #expect(canonical.count < source.count)
        #expect(try ProfileDocument.canonicalBytes(ofSource: canonical) == canonical)
        #expect(try ProfileDocument.read(canonical, digest: Profile.repatriation.digest) == .repatriation)
    }

    @Test func `an unknown key is refused by its name`() throws {
        let source = String(decoding: try Protocols.bytes("Profiles/in-bd-repatriation/profile.json"), as: UTF8.self)
        let changed = source.replacing(
            "\"class\": \"fact\"", with: "\"class\": \"fact\", \"clazz\": \"fact\"", maxReplacements: 1)
        #expect { try ProfileDocument.read(Array(changed.utf8), digest: .named("changed")) } throws: { error in
            (error as? LetterError)?.code == .profileInvalid && "\(error)".contains("clazz")
        }
    }

    @Test func `an unknown guard is refused, naming the event`() throws {
        let error = try Self.changed { $0.events["DOSSIER"]?.guards.append("G_NOWHERE") }
        #expect(error?.code == .unknownName && error?.place == "events.DOSSIER" && error?.reason == "G_NOWHERE")
    }

    @Test(arguments: [
        ("share_consent = full", "(byte 14)"), ("share_consent == full and", "(byte 25)"),
        ("(share_consent == full", "(byte 22)"),
        ("later(x) <= D01", "(byte 5)"), ("share_consent == full; DROP", "(byte 21)"),
        ("age(DOSSIER) < D01", "(byte 13)"),
        ("G_ADULT G_CHILD", "(byte 8)"), ("home in {suitable, }", "(byte 19)"),
    ])
    func `a guard outside the language is refused with the position`(text: String, position: String) throws {
        let error = try Self.changed { $0.guards["G_ADULT"] = text }
        #expect(error?.code == .guardSyntax && error?.place == "guards.G_ADULT")
        #expect(error?.reason.contains(position) == true, "\(error?.reason ?? "accepted")")
    }

    @Test(arguments: [
        "nowhere == adult", "age_branch == grown", "this.nothing == yes", "DOSSIER.placement == family",
        "NOTHING.at == x", "G_NOTHING",
        "home.place == x", "age(DOSSIER) <= D99", "this.by == KING", "medical.issued_by == x",
    ])
    func `every name in a guard must be known`(text: String) throws {
        #expect(try Self.changed { $0.guards["G_HOLDS_FREE"] = text }?.code == .unknownName)
    }

    @Test func `guards that run in a circle are refused`() throws {
        let error = try Self.changed {
            $0.guards["G_ADULT"] = "G_CHILD"
            $0.guards["G_CHILD"] = "not G_ADULT"
        }
        #expect(error?.code == .circularGuard)
    }

    @Test func `not over a fact that may be missing is refused, because silence would mean yes`() throws {
        let error = try Self.changed {
            $0.guards["G_HOLDS_FREE"] = "not HOME_INV_REPORT.family_violence == established"
        }
        #expect(error?.code == .contradiction)
        #expect(error?.reason.contains("missing") == true)
    }

    @Test func `guards that double at each step are refused before they are evaluated`() throws {
        let error = try Self.changed {
            $0.guards["G_ADULT"] = "age_branch == adult and age_branch == adult"
            for level in 1...40 {
                let below = level == 1 ? "G_ADULT" : "G_L\(level - 1)"
                $0.guards["G_L\(level)"] = "\(below) and \(below)"
            }
        }
        #expect(error?.code == .contradiction && error?.reason.contains("comparisons") == true)
        let nested = String(repeating: "not ", count: 200) + "age_branch == adult"
        #expect(try Self.changed { $0.guards["G_ADULT"] = nested }?.code == .guardSyntax)
        let parenthesised =
            String(repeating: "(", count: 200) + "age_branch == adult" + String(repeating: ")", count: 200)
        #expect(try Self.changed { $0.guards["G_ADULT"] = parenthesised }?.code == .guardSyntax)
    }

    @Test func `a deadline in months cannot stand in a guard`() throws {
        #expect(
            try Self.changed { $0.guards["G_MISSING_LONG"] = "age(MISSING_REPORTED) >= D06" }?.code == .contradiction)
    }

    @Test func `a state that no path reaches or leaves is refused by its name`() throws {
        let lost = try Self.changed { $0.lifecycle.transitions.removeAll { $0.to == "crisis" } }
        #expect(lost?.code == .unreachable && lost?.reason == "crisis")
        let trapped = try Self.changed {
            $0.lifecycle.transitions = $0.lifecycle.transitions.map { rule in
                var rule = rule
                rule.from.removeAll { $0 == "local_solution" }
                return rule
            }.filter { !$0.from.isEmpty }
        }
        #expect(trapped?.code == .unreachable && trapped?.reason.contains("local_solution") == true)
        #expect(
            try Self.changed {
                $0.tracks["travel"]?.edges.append(.init(from: "lost", event: "PERMIT_ISSUED", to: "permit"))
            }?.code == .unreachable)
    }

    @Test(arguments: ["guard", "fact", "form"])
    func `nothing may be asked of a withdrawal`(what: String) throws {
        let error = try Self.changed {
            switch what {
            case "guard": $0.events["SHARE_CONSENT_WITHDRAWN"]?.guards = ["G_ADULT"]
            case "fact": $0.events["SHARE_CONSENT_WITHDRAWN"]?.facts = ["step_reason"]
            default: $0.events["SHARE_CONSENT_WITHDRAWN"]?.form = "closure"
            }
        }
        #expect(error?.code == .contradiction && error?.place == "events.SHARE_CONSENT_WITHDRAWN")
    }

    @Test func `stops and facts are urgent, progress is not`() throws {
        #expect(try Self.changed { $0.events["HOLD_IN"]?.lanes = [.normal] }?.code == .contradiction)
        #expect(try Self.changed { $0.events["DOSSIER"]?.lanes = [.urgent] }?.code == .contradiction)
    }

    @Test func `a visible fact above T0 is refused`() throws {
        #expect(try Self.changed { $0.facts["recipient"]?.tier = .t1 }?.code == .contradiction)
    }

    @Test func `only law and emergency may be named beside consent`() throws {
        #expect(try Self.changed { $0.events["DOSSIER"]?.bases = [.custody] }?.code == .contradiction)
    }

    @Test func `every visible code hides the events that procedure says it does`() {
        let profile = Profile.repatriation
        let codes = Dictionary(
            grouping: profile.eventNames.filter { profile.event($0)?.shownAs != nil },
            by: { profile.event($0)?.shownAs ?? "" })
        #expect(codes["RELEASE_CLEARED"] == ["ADULT_RELEASE_ORDER", "NO_ORDER_NEEDED", "RESTORATION_ORDER"])
        #expect(codes["CASE_ENDED"]?.count == 7)
        for movement in ["DEPARTED", "BORDER_CROSSED", "HANDOVER_RECEIPT", "EXIT_PERMISSION", "RECEIVER_READY"] {
            #expect(profile.event(movement)?.shownAs == nil, "\(movement) would tell the day")
        }
    }
}

@Suite struct ClockRulesTests {
    private static func error(_ change: (inout ProfileDefinition) -> Void) throws -> ProfileError? {
        var definition = Profile.repatriation.definition
        change(&definition)
        do {
            _ = try Profile(definition, digest: .named("changed"))
            return nil
        } catch { return error }
    }

    @Test func `a deadline that names what the profile does not know is refused, and the place is named`() throws {
        #expect(try Self.error { $0.deadlines["D03"]?.holder = "KING" }?.reason == "KING")
        #expect(try Self.error { $0.deadlines["D03"]?.unless = ["NOTHING"] }?.reason == "NOTHING")
        #expect(try Self.error { $0.deadlines["D03"]?.to = ["DOSSIER.placement"] }?.place == "deadlines.D03")
        #expect(try Self.error { $0.deadlines["D03"]?.when = "G_NOWHERE" }?.reason == "G_NOWHERE")
        #expect(try Self.error { $0.deadlines["D03"]?.when = "G_TOLD" }?.code == .contradiction)
        #expect(try Self.error { $0.tracks["home"]?.guardName = "G_FOUR_EYES" }?.place == "tracks.home")
        #expect(try Self.error { $0.weekends["FR"] = [5] }?.place == "weekends")
        #expect(try Self.error { $0.escalation = "COVER" }?.place == "escalation")
        #expect(try Self.error { _ in } == nil)
    }

    @Test func `what is kept while a guard holds is a form, and the guard reads nothing of a step`() throws {
        #expect(try Self.error { $0.events["REFERRAL_OFFER"]?.kept = "G_NOWHERE" }?.reason == "G_NOWHERE")
        #expect(try Self.error { $0.events["REFERRAL_OFFER"]?.kept = "G_TOLD" }?.place == "events.REFERRAL_OFFER")
        #expect(try Self.error { $0.events["OFFER_REVOKED"]?.kept = "G_ADULT" }?.place == "events.OFFER_REVOKED")
        #expect(try Self.error { $0.events["REFERRAL_ACCEPTED"]?.kept = "G_ADULT" } == nil)
    }

    @Test func `an unknown day of the week or a number out of range is refused`() throws {
        let source = String(decoding: try Protocols.bytes("Profiles/in-bd-repatriation/profile.json"), as: UTF8.self)
        for (old, new) in [("[\"fri\", \"sat\"]", "[\"fri\", \"someday\"]"), ("\"nth\": 2", "\"nth\": 0")] {
            let changed = source.replacing(old, with: new, maxReplacements: 1)
            #expect(changed != source)
            #expect(throws: LetterError(.profileInvalid, "")) {
                try ProfileDocument.read(Array(changed.utf8), digest: .named("changed"))
            }
        }
    }
}

@Suite struct CivilDateTests {
    @Test(arguments: [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-03-01", 20_513), ("1999-12-31", 10_956)])
    func `days are counted from 1970 and written back`(text: String, days: Int64) {
        #expect(CivilDate(text)?.days == days)
        #expect(CivilDate(days: days).description == text)
    }

    @Test(arguments: [
        "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "2026-01-32", "0000-01-01", "2026-01-01 ", "２026-01-01",
        "",
    ])
    func `what is no day is refused`(text: String) { #expect(CivilDate(text) == nil) }

    @Test func `a day ends at midnight of its own zone`() throws {
        let day = try #require(CivilDate("2026-03-01"))
        #expect(day.end(offset: 19_800) - day.start(offset: 19_800) == 86_400)
        #expect(day.end(offset: 21_600) < day.end(offset: 19_800))
    }

    @Test func `every day of a century is counted on by one`() throws {
        var last = try #require(CivilDate("1999-12-31"))
        for days in (last.days + 1)...(last.days + 36_525) {
            let next = try #require(CivilDate(CivilDate(days: days).description))
            #expect(next.days == last.days + 1)
            last = next
        }
    }
}
