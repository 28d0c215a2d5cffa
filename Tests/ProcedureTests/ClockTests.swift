// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

/// What is owed, by whom, since when; and what has grown old. All of it from letters and one moment: no clock of its own.
@Suite struct ClockTests {
    private static func at(_ text: String) -> Instant {
        guard let day = CivilDate(text.prefix(10)) else { fatalError(text) }
        let hours = Int64(text.dropFirst(11).prefix(2)) ?? 0
        return day.start(offset: 0) + hours * 3_600
    }

    private static func due(
        _ name: String, upTo letter: String, story: String = "main-path-adult", at now: String,
        answers: [String: FormAnswer]? = nil
    ) throws -> DueStep? {
        try history(upTo: letter, story: story).dueSteps(at: at(now), answers: answers).first { $0.deadline == name }
    }

    @Test
    func
        `an offer that was not answered is owed by the receiver, since it was sent, and overdue after five working days`()
        throws
    {
        // Sunday 1 March, 06:00 UTC; the receiver's weekend is Friday and Saturday.
        let step = try #require(try Self.due("D02", upTo: "offer", at: "2026-03-01 07"))
        #expect(step.role == "BD_NGO" && step.holders.map(\.text) == ["bd:practice-ngo"])
        #expect(step.steps.contains("REFERRAL_ACCEPTED") && step.kind == .default)
        #expect(step.since == Self.at("2026-03-01 06"))
        #expect(step.due == Self.at("2026-03-08 06"))
        #expect(!step.isOverdue(at: step.due) && step.isOverdue(at: step.due + 1))
        #expect(try Self.due("D02", upTo: "accept", at: "2026-04-01 00") == nil)
    }

    @Test func `what was withdrawn is owed no longer`() throws {
        #expect(try Self.due("D03", upTo: "accept", at: "2026-03-02 07")?.role == "IN_SHELTER")
        #expect(try Self.due("D03", upTo: "drops", story: "receiver-drops-out", at: "2026-03-20 00") == nil)
        #expect(try Self.due("D02", upTo: "revoke", story: "offer-expired", at: "2026-03-20 00") == nil)
    }

    @Test func `an office without a node holds its step, and the step names the office`() throws {
        let step = try #require(try Self.due("D08a", upTo: "review", at: "2026-05-01 00"))
        #expect(step.role == "BD_MINISTRY" && step.holders == [])
        #expect(step.since == Self.at("2026-03-08 06") && step.due == Self.at("2026-04-22 06"))
        #expect(try Self.due("D08a", upTo: "confirmed", at: "2026-05-01 00") == nil)
        #expect(try Self.due("D08a", upTo: "refused", story: "nationality-refused", at: "2026-05-01 00") == nil)
        // New evidence starts it again.
        #expect(
            try Self.due("D08a", upTo: "evidence", story: "nationality-refused", at: "2026-05-01 00")?.since
                == Self.at("2026-04-12 06"))
    }

    @Test func `whoever was told of a threat owes an answer within two hours, not whoever told it`() throws {
        let step = try #require(try Self.due("D31", upTo: "threat", story: "threat-answered", at: "2026-03-05 07"))
        #expect(step.holders.map(\.text) == ["in:practice-shelter"] && step.role == "IN_SHELTER")
        #expect(step.due - step.since == 7_200)
        #expect(try Self.due("D31", upTo: "answer", story: "threat-answered", at: "2026-03-05 09") == nil)
    }

    @Test func `who disclosed in an emergency owes the review`() throws {
        let step = try #require(try Self.due("D17", upTo: "two", story: "emergency-disclosure", at: "2026-03-04 00"))
        #expect(step.holders.map(\.text) == ["in:practice-shelter"] && step.role == "IN_SHELTER")
        #expect(try Self.due("D17", upTo: "review", story: "emergency-disclosure", at: "2026-03-06 00") == nil)
    }

    @Test func `follow-ups are owed one after the other, and a quarterly check from the last one`() throws {
        let first = try history(upTo: "placed-home").dueSteps(at: Self.at("2026-06-01 00")).filter {
            $0.deadline.hasPrefix("D16")
        }
        #expect(first.map(\.deadline) == ["D16a", "D16b", "D16e", "D16c", "D16d"])
        #expect(
            first.map(\.due)
                == ["2026-06-06", "2026-07-30", "2026-08-30", "2026-11-30", "2027-05-30"].map { Self.at($0 + " 06") })
        let second = try history(upTo: "follow-up").dueSteps(at: Self.at("2026-06-07 00")).filter {
            $0.deadline.hasPrefix("D16")
        }
        #expect(second.map(\.deadline) == ["D16b", "D16e", "D16c", "D16d"])
        #expect(second[1].due == Self.at("2026-09-06 06"))
        #expect(
            try history(upTo: "closed").dueSteps(at: Self.at("2027-06-07 00")).filter { $0.deadline.hasPrefix("D16") }
                == [])
    }

    @Test func `a month that is too short ends a deadline at its end`() {
        let day = CivilDate("2026-12-31")
        #expect(day?.adding(months: 2).description == "2027-02-28")
        #expect(day?.adding(months: 14).description == "2028-02-29")
        #expect(CivilDate("2026-03-01")?.weekday == 6 && CivilDate("1969-12-31")?.weekday == 2)
        #expect(CivilDate(at: Instant(seconds: -1), offset: 0).description == "1969-12-31")
        #expect(CivilDate(at: Instant(seconds: 86_399 - 19_800), offset: 19_800).description == "1970-01-01")
    }

    @Test func `a hold is reviewed until it is lifted, and a case that stands still is taken up again`() throws {
        let hold = try #require(try Self.due("D24", upTo: "hold", story: "relocated-in-danger", at: "2026-05-20 00"))
        #expect(hold.isOverdue(at: Self.at("2026-05-20 00")) && hold.role == "IN_SHELTER")
        let still = try #require(
            try Self.due("D38", upTo: "no", story: "return-withdrawn-and-given-again", at: "2026-12-01 00"))
        #expect(still.isOverdue(at: Self.at("2026-12-01 00")))
    }

    @Test func `dates of a form run the deadlines of law, for a child only those of a child`() throws {
        let letter = Digest.named("dossier")
        let answers = [
            "dossier.found_on": FormAnswer(.text("2026-02-20"), letter: letter),
            "dossier.produced_on": FormAnswer(.text("2026-02-21"), letter: letter),
        ]
        let order = try #require(
            try Self.due("D06", upTo: "review", story: "main-path-child", at: "2026-04-01 00", answers: answers))
        #expect(order.role == "IN_CWC" && order.kind == .law)
        // 0:00 in India, four months later.
        #expect(order.due == CivilDate("2026-06-21")?.start(offset: 19_800))
        #expect(
            try Self.due("D06", upTo: "order", story: "main-path-child", at: "2026-04-01 00", answers: answers) == nil)
        #expect(try Self.due("D06", upTo: "review", at: "2026-04-01 00", answers: answers) == nil)
        #expect(try Self.due("D04", upTo: "review", story: "main-path-child", at: "2026-04-01 00") == nil)
        #expect(
            try Self.due("D05", upTo: "review", story: "main-path-child", at: "2026-04-01 00", answers: answers) != nil)
        let written = answers.merging(["dossier.social_report_on": FormAnswer(.text("2026-03-02"), letter: letter)]) {
            $1
        }
        #expect(
            try Self.due("D05", upTo: "review", story: "main-path-child", at: "2026-04-01 00", answers: written) == nil)
    }

    @Test func `each step of the profile that is owed can be told to whoever oversees, without name or text`() throws {
        var told: Set<String> = []
        for file in ReplayVectorTests.files {
            let bytes = try Protocols.bytes("Vectors/procedure/\(file)")
            let shipped = ShippedProfile.named(try ReplayDocument.profile(of: bytes))
            let script = try ReplayDocument.read(bytes, profile: shipped.profile)
            for step in script.run(profile: shipped.profile).history.dueSteps(at: Instant(seconds: 4_000_000_000)) {
                guard let form = shipped.profile.escalation(of: step) else { continue }
                #expect(shipped.catalogue.validate(form, isChild: true) == [], "\(file): \(step)")
                #expect(shipped.catalogue.forms[form.name]?.tier(of: form) == .t0)
                told.insert(step.deadline)
            }
        }
        #expect(told.count >= 10, "\(told.sorted())")
    }

    // MARK: freshness

    private static func checkpoint(_ track: String, upTo letter: String, at now: String) throws -> Checkpoint {
        try #require(try history(upTo: letter).checkpoints(at: at(now)).first { $0.track == track })
    }

    @Test func `a home report that is 90 days old falls back, and it says beforehand when`() throws {
        #expect(try Self.checkpoint("home", upTo: "report", at: "2026-03-21 07").standing == .open)
        let fresh = try Self.checkpoint("home", upTo: "review", at: "2026-03-22 07")
        #expect(fresh.standing == .green && fresh.states == ["suitable"])
        #expect(fresh.since == Self.at("2026-03-22 06") && fresh.letter == .named("review"))
        let until = try #require(fresh.until)
        // 90 days after 0:00 of 20 March in Bangladesh, and one second.
        #expect(until == (try #require(CivilDate("2026-03-20"))).start(offset: 21_600) + (90 * 86_400 + 1))
        #expect(
            try history(upTo: "review").checkpoints(at: until + -1).first { $0.track == "home" }?.standing == .green)
        #expect(try history(upTo: "review").checkpoints(at: until).first { $0.track == "home" }?.standing == .lapsed)
    }

    @Test func `a fitness note falls back after seven days, papers when they pass`() throws {
        #expect(try Self.checkpoint("medical", upTo: "ready", at: "2026-05-20 00").standing == .green)
        #expect(try Self.checkpoint("medical", upTo: "ready", at: "2026-05-25 00").standing == .lapsed)
        let papers = try Self.checkpoint("travel", upTo: "ready", at: "2026-05-20 00")
        #expect(papers.standing == .green && papers.until == CivilDate("2026-05-20")?.end(offset: 19_800))
        #expect(try Self.checkpoint("travel", upTo: "ready", at: "2026-05-21 00").standing == .lapsed)
        // The permit passes before the day of the journey.
        #expect(
            try history(upTo: "exit", story: "permit-lapsed").checkpoints(at: Self.at("2026-06-10 00"))
                .first { $0.track == "travel" }?.standing == .lapsed)
    }

    @Test func `consents lapse with their date`() throws {
        let share = try Self.checkpoint("share_consent", upTo: "dossier", at: "2026-03-05 00")
        #expect(share.standing == .green && share.until == CivilDate("2026-08-18")?.end(offset: 19_800))
        #expect(try Self.checkpoint("share_consent", upTo: "dossier", at: "2026-08-19 00").standing == .lapsed)
    }

    @Test func `who cannot read enough says unknown, not green`() throws {
        let blind = try history(upTo: "review", sight: .broker)
        #expect(blind.checkpoints(at: Self.at("2026-03-22 07")).first { $0.track == "home" }?.standing == .unknown)
    }

    @Test func `there are nine checkpoints, and all of them are open at the beginning`() throws {
        let board = try history(upTo: "offer").checkpoints(at: Self.at("2026-03-01 07"))
        #expect(
            board.map(\.track) == [
                "authority", "home", "medical", "nationality", "proceedings", "reception", "return_consent",
                "share_consent", "travel",
            ])
        #expect(board.allSatisfy { $0.standing == .open })
    }

    /// Every story, years later: steps are overdue, checkpoints have lapsed, and every state is where it was.
    @Test(arguments: ReplayVectorTests.files)
    func `nothing ever advances by silence`(file: String) throws {
        let bytes = try Protocols.bytes("Vectors/procedure/\(file)")
        let profile = ShippedProfile.named(try ReplayDocument.profile(of: bytes)).profile
        let history = try ReplayDocument.read(bytes, profile: profile).run(profile: profile).history
        let before = history.state
        let (soon, late) = (Instant(seconds: 1_780_000_000), Instant(seconds: 4_000_000_000))
        let (first, last) = (history.checkpoints(at: soon), history.checkpoints(at: late))
        #expect(first.map(\.states) == last.map(\.states) && first.map(\.since) == last.map(\.since))
        #expect(
            zip(first, last).allSatisfy {
                $1.standing == $0.standing || ($0.standing == .green && $1.standing == .lapsed)
            })
        #expect(history.dueSteps(at: soon) == history.dueSteps(at: late))
        #expect(history.state == before)
    }
}
