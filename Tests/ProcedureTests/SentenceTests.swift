// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

/// What the program finds, told to a reader of each language.
@Suite struct SentenceTests {
    static let languages: ProfileLanguages = {
        do { return try WordedProfile.repatriation().languages() } catch { fatalError("\(error)") }
    }()

    private func say(_ violation: FormViolation, _ form: String) throws -> [String] {
        let schema = try #require(FormCatalogue.repatriation.forms[form])
        return try ["en", "bn", "hi"].map { try Self.languages.labels(in: $0).sentence(for: violation, in: schema) }
    }

    @Test func `a missing answer is told by the field's name and its section`() throws {
        #expect(
            try say(FormViolation(field: "traffickers_near", section: "F", rule: .missing), "home-report") == [
                "Section F, Traffickers. “Traffickers near by” has no answer yet.",
                "অংশ F, পাচারকারী। “কাছাকাছি পাচারকারী”: এখনও উত্তর দেওয়া হয়নি।",
                "भाग F, तस्कर। “आस-पास तस्कर”: अभी उत्तर नहीं दिया गया है।",
            ])
    }

    @Test func `a field in a list is told with its place, in the reader's digits`() throws {
        #expect(
            try say(FormViolation(field: "carers.12.willing", rule: .missing), "home-report") == [
                "“Carers, no. 12: Willing” has no answer yet.",
                "“দেখাশোনা করবেন যাঁরা, নং ১২: রাজি”: এখনও উত্তর দেওয়া হয়নি।",
                "“देखभाल करने वाले, क्रमांक 12: राज़ी”: अभी उत्तर नहीं दिया गया है।",
            ])
    }

    @Test func `a wrong answer is told with what would be right`() throws {
        #expect(
            try say(FormViolation(field: "birth", rule: .wrongType), "dossier") == [
                "“Birth” needs a date as exactly as it is known: the year alone, month and year, or the day.",
                "“জন্ম”: এখানে দরকার যতটুকু জানা আছে সেই তারিখ: শুধু বছর, মাস ও বছর, বা পুরো তারিখ।",
                "“जन्म”: यहाँ चाहिए जितनी पता हो उतनी तारीख़: केवल वर्ष, महीना और वर्ष, या पूरी तारीख़।",
            ])
        #expect(
            try say(FormViolation(field: "district", rule: .unknownCode), "dossier")[1]
                == "“জেলা”: এখানে দরকার তালিকার একটি জেলা বা রাজ্য।")
        #expect(
            try say(FormViolation(field: "decision", rule: .unknownCode), "return-decision")[2]
                == "“निर्णय”: यह उत्तर सूची में नहीं है।")
    }

    @Test func `bounds are told by kind: long, great, many`() throws {
        #expect(
            try say(FormViolation(field: "number", rule: .tooMuch), "attested-paper")[0]
                == "“Number” is too long. Please shorten it.")
        #expect(try say(FormViolation(field: "her_wish", rule: .tooLittle), "return-decision")[1] == "“তাঁর ইচ্ছা”: ঘরটি ফাঁকা।")
        #expect(try say(FormViolation(field: "valid_days", rule: .tooMuch), "fitness")[1] == "“কত দিন বৈধ”: সর্বোচ্চ ৭ হতে পারে।")
        #expect(
            try say(FormViolation(field: "explained_options", rule: .tooLittle), "return-decision") == [
                "“Options that were explained” must have 2 entries at least.", "“যে বিকল্পগুলো বোঝানো হয়েছে”: অন্তত ২টি সারি থাকতে হবে।",
                "“जो विकल्प समझाए गए”: कम से कम 2 प्रविष्टियाँ ज़रूरी।",
            ])
        #expect(
            try say(FormViolation(field: "needs", rule: .tooLittle), "preview")[0]
                == "“Needs” must have 1 entry at least.")
    }

    @Test func `a rule of a form is told by its own words`() throws {
        #expect(
            try say(FormViolation(field: "finding", section: "J", rule: .rule("willing_is_not_safe")), "home-report")[1]
                == "অংশ J, সিদ্ধান্ত। “যা পাওয়া গেছে”: পরিবার রাজি হলেই বাড়ি নিরাপদ হয় না: E, F ও G অংশ দেখুন।")
    }

    @Test func `a field that no profile knows is shown by its bare name, braces and all`() throws {
        #expect(
            try say(FormViolation(field: "{field}", rule: .unknownField), "age")[0]
                == "“{field}” is no field of this form.")
    }

    /// Every violation that validation can find in any form, in every language: it names the field, and no hole is left.
    @Test(arguments: WordedProfile.all)
    func `every violation of every form is worded in every language`(worded: WordedProfile) throws {
        let languages = try worded.languages()
        var rules: Set<String> = []
        for schema in worded.forms.forms.values {
            func found(_ value: Form.Value?) -> [FormViolation] {
                var values: [String: Form.Value] = value == nil ? [:] : ["no_such_field": .text("x")]
                var facts: [String: FactValue] = [:]
                if let value {
                    for field in schema.fields {
                        values[field.name] = value
                        facts[field.name] = .text("another")
                    }
                }
                return [true, false].flatMap { schema.validate(values, facts: facts, isChild: $0) }
            }
            let much = String(repeating: "ক", count: 5_000)
            let found =
                found(nil) + found(.text(" ")) + found(.text(much)) + found(.text("declined")) + found(.integer(-1))
                + found(.integer(.max)) + found(.list([])) + found(.list([.item([:])])) + found(.list([.text("x")]))
                + found(.list(Array(repeating: .item([:]), count: 300)))
            // Of 300 elements alike, the first says it.
            for violation in Set(found)
            where !violation.field.split(separator: ".").contains(where: { Int($0) ?? 1 > 1 }) {
                rules.insert("\(violation.rule)".prefix { $0 != "(" }.description)
                for language in languages.languages {
                    let labels = try languages.labels(in: language)
                    let text = labels.sentence(for: violation, in: schema)
                    let field = try #require(violation.field.split(separator: ".").last { Int($0) == nil }).description
                    #expect(text.contains(labels.name("field", field)), "\(language) \(violation): \(text)")
                    #expect(!text.contains("{") && !text.contains("…"), "\(language) \(violation): \(text)")
                }
            }
        }
        #expect(
            rules.isSuperset(of: [
                "missing", "unknownField", "wrongType", "unknownCode", "tooMuch", "tooLittle", "differsFromFact",
            ])
        )
    }

    @Test func `a form of another step is told by the form's name`() throws {
        #expect(
            try say(FormViolation(field: "dossier", rule: .wrongForm), "age") == [
                "“Dossier” is not the form of this step.", "“পূর্ণ নথি”: এটি এই ধাপের ফর্ম নয়।",
                "“पूरी फ़ाइल”: यह इस क़दम का फ़ॉर्म नहीं है।",
            ])
    }

    // MARK: verdicts

    private func say(_ verdict: Verdict, of event: String) throws -> [String] {
        try ["en", "bn", "hi"].map { try Self.languages.labels(in: $0).sentence(for: verdict, of: event) }
    }

    @Test func `a red guard is told by what is not so, and by what it is part of`() throws {
        #expect(
            try say(.refused(Refusal(.guardRed, guard: "G_SHARE_FULL", event: "DOSSIER")), of: "DOSSIER") == [
                "“Dossier sent” is not accepted: No consent to share the dossier with the organisation that accepted, or it is over.",
                "“পূর্ণ নথি পাঠানো হয়েছে” গৃহীত হয়নি: যে সংস্থা গ্রহণ করেছে তাকে পূর্ণ নথি দিতে সম্মতি নেই, বা মেয়াদ শেষ।",
                "“पूरी फ़ाइल भेजी गई” स्वीकार नहीं हुआ: जिस संस्था ने स्वीकार किया उसे पूरी फ़ाइल देने की सहमति नहीं, या अवधि बीत गई।",
            ])
        let inner = Refusal(.guardRed, guard: "G_RELEASE", event: "CLEARANCE_PROPOSED", detail: "G_CHECKPOINTS")
        #expect(
            try say(.refused(inner), of: "CLEARANCE_PROPOSED")[0]
                == "“Clearance signed by the shelter” is not accepted: Not every checkpoint is settled. No order that lets her go."
        )
    }

    @Test func `a bad answer is told with the answer's name, and a letter without event as a letter`() throws {
        #expect(
            try say(.refused(Refusal(.badFact, event: "FIT", detail: "valid_until")), of: "FIT")[2]
                == "“यात्रा के लिए स्वस्थ” स्वीकार नहीं हुआ: एक उत्तर नहीं है, या सही प्रकार का नहीं है (“कब तक मान्य”)।")
        #expect(try say(.refused(Refusal(.noParty, detail: "from")), of: "FIT")[1] == "চিঠিটি গৃহীত হয়নি: এই কেসের কোনো পক্ষ নয়।")
        #expect(
            try say(.refused(Refusal(.badBasis, guard: "G_C2_LIVE", event: "DOSSIER", detail: "T3")), of: "DOSSIER")[0]
                .hasSuffix(
                    "No consent or other ground covers this. Her consent to share the dossier does not name this organisation, or is over."
                ))
    }

    @Test func `flags and waiting are told, counted as the language counts`() throws {
        #expect(
            try say(.flagged([.outOfProcedure, .gap]), of: "BORDER_CROSSED")[1]
                == "“সীমান্ত পার হয়েছেন” নথিভুক্ত হয়েছে, চিহ্নসহ: এর আগের কিছু এখনও পৌঁছায়নি; প্রক্রিয়ার বাইরে।")
        let digest = Digest.named("one")
        #expect(
            try say(.waiting([digest]), of: "FIT") == [
                "Waits for 1 letter that must come before.", "অপেক্ষায়: এর আগে ১টি চিঠি আসতে হবে।",
                "प्रतीक्षा में: पहले 1 पत्र आना बाकी।",
            ])
        #expect(try say(.waiting([digest, digest]), of: "FIT")[0] == "Waits for 2 letters that must come before.")
    }

    @Test(arguments: WordedProfile.all)
    func `every reason, guard and flag is told in every language`(worded: WordedProfile) throws {
        let languages = try worded.languages()
        for language in languages.languages {
            let labels = try languages.labels(in: language)
            for reason in Refusal.Reason.allCases {
                #expect(labels.reason(of: Refusal(reason)) == labels.label("refusal", reason.rawValue))
            }
            for name in worded.definition.guards.keys {
                #expect(labels.reason(of: Refusal(.guardRed, guard: name)) == labels.label("guard", name))
            }
            for flag in Flag.allCases {
                let words = try #require(labels.label("flag", flag.rawValue))
                #expect(labels.sentence(for: .flagged([flag]), of: "DOSSIER").contains(words))
            }
            // No two proofs of delivery have one word.
            let states: [Sentence] = [
                .drafted, .approved, .sealed, .relayed, .opened, .valid, .marked, .actedOn, .notTaken, .deliveryRefused,
                .rejected, .withheld, .recalled, .expired, .gone,
            ]
            #expect(Set(states.map { labels.sentence($0) }).count == states.count)
        }
    }

    @Test func `a receipt and a notice say no more than they prove`() {
        #expect(About.State.allCases.map { Sentence($0) } == [.valid, .marked, .notTaken, .actedOn])
        #expect(NoticeCode.allCases.map { Sentence($0) } == [.expired, .withheld, .recalled, .gone])
    }

    // MARK: names, help

    @Test func `a code means what it means at its field`() throws {
        let labels = try Self.languages.labels(in: "bn")
        #expect(labels.value("child", of: "relation") == "ছেলে বা মেয়ে")
        #expect(labels.value("child", of: "child_branch") == "শিশু")
        #expect(labels.value("DOSSIER", of: "step") == labels.label("event", "DOSSIER"))
        #expect(labels.value("XX", of: "step") == "XX")
    }

    @Test func `help of a form comes before help of a name`() throws {
        let labels = try Self.languages.labels(in: "en")
        #expect(labels.help("second_person", in: "home-report") == "Whether two workers made the visit.")
        #expect(labels.help("second_person", in: "emergency")?.hasPrefix("Two people decide") == true)
        #expect(labels.help("items.3.source", in: "care-plan") == "Whether she chose it or staff proposed it.")
        #expect(labels.help("kind", in: "claim") == nil)
    }

    // MARK: numbers and dates

    @Test func `numbers, dates and counts are written as the language writes them`() throws {
        let (en, bn, hi) = (
            try Self.languages.labels(in: "en"), try Self.languages.labels(in: "bn"),
            try Self.languages.labels(in: "hi")
        )
        #expect([en, bn, hi].map { $0.number(-1_234_567_890) } == ["-1234567890", "-১২৩৪৫৬৭৮৯০", "-1234567890"])
        #expect([en, bn, hi].map { $0.date("2026-03-05") } == ["5 March 2026", "৫ মার্চ ২০২৬", "5 मार्च 2026"])
        #expect([en, bn, hi].map { $0.date("2026-12") } == ["December 2026", "ডিসেম্বর ২০২৬", "दिसंबर 2026"])
        #expect(bn.date("2026") == "২০২৬")
        for text in [
            "2026-02-30", "2026-13", "26", "", "2026-03-05-01", "soon", "2026-3-5", "2026-", "2026--05", "+026",
        ] {
            #expect(en.date(text) == nil, "\(text)")
        }
        #expect([en, bn, hi].map { $0.count(1, .hour) } == ["1 hour", "১ ঘণ্টা", "1 घंटा"])
        #expect([en, bn, hi].map { $0.count(5, .hour) } == ["5 hours", "৫ ঘণ্টা", "5 घंटे"])
        #expect([en, hi].map { $0.count(0, .week) } == ["0 weeks", "0 हफ़्ता"])
        // 2026-03-01 20:05 UTC is the next day in Dhaka.
        let instant = Instant(seconds: 1_772_395_500)
        #expect(bn.moment(instant, offset: 6 * 3_600) == "২ মার্চ ২০২৬, ০২:০৫")
        #expect(en.moment(instant, offset: 19_800) == "2 March 2026, 01:35")
        #expect(en.moment(Instant(seconds: -60), offset: 0) == "31 December 1969, 23:59")
    }

    @Test func `what is filled into a sentence is not filled again`() throws {
        let labels = try Self.languages.labels(in: "en")
        #expect(
            labels.sentence(.sealed, ["reason": "{time}", "time": "{reason}"])
                == "Waiting to go: {time}. Next try: {reason}")
        #expect(labels.sentence(.sealed, ["time": "11:05"]) == "Waiting to go: …. Next try: 11:05")
    }
}
