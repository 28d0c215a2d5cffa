// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

extension CaseHistory {
    /// Every step of this case that somebody owes, the one due first in front.
    ///
    /// Each end asks with its own letters: what it cannot read runs no deadline here, and may leave one open that is met.
    ///
    /// - Parameters:
    ///   - now: for conditions that depend on the time.
    ///   - answers: dates and instants from the newest forms that this end can read, by `form.field`. Without them the
    ///     deadlines that run from, or are met by, an answer alone are left out.
    /// - SeeAlso: Protocols/Procedure.md, "Time".
    public func dueSteps(at now: Instant, answers: [String: FormAnswer]? = nil) -> [DueStep] {
        let clock = Clock(self, now: now, answers: answers)
        return profile.definition.deadlines.compactMap { clock.dueStep($0.key, $0.value) }
            .sorted { ($0.due, $0.deadline) < ($1.due, $1.deadline) }
    }

    /// The first moment after `now` at which ``dueSteps(at:answers:)`` may answer otherwise although no letter came; `nil`: none.
    public func dueStepsHold(from now: Instant) -> Instant? {
        let clock = Clock(self, now: now, answers: nil)
        return profile.definition.deadlines.values.compactMap(\.when).flatMap(clock.turningPoints)
            .filter { $0 > now.seconds }.min().map(Instant.init(seconds:))
    }

    /// The events of a state that stand, in the order of replay.
    public func standing(in state: CaseState) -> [CaseState.Standing] {
        state.events.filter { standing in
            switch standing.effect {
            case .effective, .noted, .filed: true
            // A fact happened, wherever it led.
            case .overtaken: profile.event(standing.event)?.kind == .fact
            case .void, .retracted, .unknown: false
            }
        }
    }

    /// What a letter tells: its own events; of one that only brings forms, those of the letters that it requires.
    ///
    /// Empty as far as this end cannot read them and no slip shows them.
    public func told(by step: Step) -> [Event] {
        func events(_ step: Step) -> [Event] {
            if case .opened(let events) = step.sealed { events } else { step.shown }
        }
        let own = events(step)
        return own.isEmpty ? step.requires.compactMap { self.step($0) }.flatMap(events) : own
    }

    /// Whether an end that received this letter may still keep its forms: none of its events names a guard that is red by now.
    ///
    /// - Returns: with the first moment after `now` at which that may change although no letter came; `nil`: none.
    /// - SeeAlso: Protocols/Procedure.md, "Fields", `kept`.
    public func keeping(of letter: Digest, at now: Instant) -> (isKept: Bool, holdsUntil: Instant?) {
        let clock = Clock(self, now: now, answers: nil)
        let guards = step(letter).map { profile.keepingGuards(of: told(by: $0)) } ?? []
        return (
            guards.allSatisfy { clock.truth($0, at: now.seconds) != .no },
            guards.flatMap(clock.turningPoints).filter { $0 > now.seconds }.min().map(Instant.init(seconds:))
        )
    }

    /// Where each checkpoint of the profile stands, sorted by name: a settled state counts only while its guard is green.
    ///
    /// - SeeAlso: Protocols/Procedure.md, "Time".
    public func checkpoints(at now: Instant) -> [Checkpoint] {
        let clock = Clock(self, now: now, answers: nil)
        return profile.definition.tracks.filter { $0.value.group == .checkpoint }.sorted { $0.key < $1.key }
            .map { clock.checkpoint($0.key, $0.value) }
    }
}

/// One look at a case's clocks.
private struct Clock {
    private let history: CaseHistory
    private let now: Instant
    private let answers: [String: FormAnswer]?
    private let state: CaseState
    /// Events that stand, in the order of replay.
    private let standing: [CaseState.Standing]
    private let states: [States]
    private let newest: [Situation.Newest]
    private let parties: [String: Set<MemberID>]

    private struct Beginning {
        /// Place among the standing events.
        var place: Int
        var letter: Digest
        var value: FactValue
        var isAnswer = false
    }

    private var definition: ProfileDefinition { history.profile.definition }
    private var tables: ProfileTables { history.profile.tables }

    init(_ history: CaseHistory, now: Instant, answers: [String: FormAnswer]?) {
        self.history = history
        self.now = now
        self.answers = answers
        state = history.state
        standing = history.standing(in: state)
        let situation = history.situation
        states = history.states(of: situation)
        newest = situation.newest
        parties = history.parties
    }

    // MARK: what is owed

    func dueStep(_ name: String, _ deadline: ProfileDefinition.Deadline) -> DueStep? {
        // Without a holder it is a limit that guards and keepers read, not a step that somebody owes.
        guard deadline.isMaximum, let holder = deadline.holder, let beginning = beginning(deadline),
            isOpen(deadline, beginning),
            deadline.when.map({ truth($0, at: now.seconds) != .no }) ?? true
        else { return nil }
        let (role, holders) = self.holders(holder, deadline, beginning)
        let country = definition.roles[role]?.country ?? holders.first?.country
        let zone = country.flatMap { definition.zones[$0] } ?? 0
        guard let since = moment(beginning.value, zone: zone) else { return nil }
        return DueStep(
            deadline: name, kind: deadline.kind, steps: deadline.to, role: role, holders: holders,
            letter: beginning.letter, since: since,
            due: deadline.end(from: since, zone: zone, weekend: country.flatMap { definition.weekends[$0] } ?? []))
    }

    /// The newest step or answer that it runs from; if it repeats, the newest that met it.
    private func beginning(_ deadline: ProfileDefinition.Deadline) -> Beginning? {
        var result: Beginning?
        for name in deadline.from {
            let pieces = name.split(separator: ".", maxSplits: 1).map(String.init)
            if definition.events[pieces[0]] != nil {
                guard let place = standing.lastIndex(where: { $0.event == pieces[0] }), place > result?.place ?? -1,
                    let value = pieces.count == 1 ? time(of: standing[place]) : fact(pieces[1], of: standing[place])
                else { continue }
                result = Beginning(place: place, letter: standing[place].letter, value: value)
            } else if result == nil, let answer = answers?[name] {
                let place = standing.lastIndex { $0.letter == answer.letter } ?? -1
                result = Beginning(place: place, letter: answer.letter, value: answer.value, isAnswer: true)
            }
        }
        guard deadline.repeats, let first = result,
            let last = standing.lastIndex(where: { deadline.to.contains($0.event) }), last > first.place,
            let value = time(of: standing[last])
        else { return result }
        return Beginning(place: last, letter: standing[last].letter, value: value)
    }

    private func isOpen(_ deadline: ProfileDefinition.Deadline, _ beginning: Beginning) -> Bool {
        // What an answer tells of began before its form was written.
        let start = beginning.isAnswer ? moment(beginning.value, zone: 0) : nil
        let later = standing.enumerated().filter { place, event in
            if place > beginning.place { return true }
            guard let start, let time = time(of: event).flatMap({ moment($0, zone: 0) }) else { return false }
            return time >= start
        }.map(\.element.event)
        if later.contains(where: deadline.unless.contains) { return false }
        if !deadline.repeats, later.filter(deadline.to.contains).count >= deadline.nth { return false }
        let fields = deadline.to.filter { definition.events[$0] == nil }
        if let answers, fields.contains(where: { answers[$0] != nil }) { return false }
        let events = deadline.to.compactMap { tables.eventIndex[$0] }
        if events.isEmpty { return answers != nil && !fields.isEmpty }
        if beginning.isAnswer { return state.hasEnded != true }
        // Over where the case has moved on to a state from which no such step leads.
        return events.contains { event in
            let table = tables.events[event]
            return table.home < 0 || !states[table.home].areAll(among: ~table.leading)
        }
    }

    private func holders(
        _ holder: String, _ deadline: ProfileDefinition.Deadline, _ beginning: Beginning
    ) -> (role: String, members: [MemberID]) {
        guard holder == ProfileDefinition.Deadline.sender || holder == ProfileDefinition.Deadline.addressee,
            let step = history.step(beginning.letter)
        else { return (holder, (parties[holder] ?? []).sorted()) }
        let members = holder == ProfileDefinition.Deadline.sender ? [step.from] : step.to.filter { $0 != step.from }
        let roles = deadline.to.flatMap { definition.events[$0]?.by ?? [] } + parties.keys.sorted()
        let role = roles.first { role in members.contains { parties[role]?.contains($0) == true } }
        return (role ?? holder, members.sorted())
    }

    // MARK: checkpoints

    func checkpoint(_ name: String, _ track: ProfileDefinition.Track) -> Checkpoint {
        let states = state.tracks[name] ?? []
        let last = standing.last { definition.events[$0.event]?.home == name }
        var result = Checkpoint(
            track: name, states: states, letter: last?.letter,
            since: last.flatMap(time).flatMap { moment($0, zone: 0) },
            standing: .open, until: nil)
        let settled = states.filter(track.green.contains)
        guard !settled.isEmpty else { return result }
        guard settled.count == states.count else {
            result.standing = .unknown
            return result
        }
        guard let live = track.guardName else {
            result.standing = .green
            return result
        }
        switch truth(live, at: now.seconds) {
        case .no: result.standing = .lapsed
        case .unknown: result.standing = .unknown
        case .yes:
            result.standing = .green
            result.until = turningPoints(live).first { $0 > now.seconds && truth(live, at: $0) == .no }
                .map(Instant.init(seconds:))
        }
        return result
    }

    // MARK: guards and times

    private func evaluation(at now: Int64) -> GuardEvaluation? {
        guard let root = history.root.flatMap(history.step) else { return nil }
        // The guards of clocks read nothing of the judged event; the profile's checker sees to it.
        let this = JudgedEvent(
            event: nil, isFull: false, by: nil, from: root.from, recipients: nil, person: nil, at: nil)
        return GuardEvaluation(history: history, judged: nil, states: states, newest: newest, this: this, now: now)
    }

    func truth(_ guardName: String, at now: Int64) -> Truth {
        guard let index = tables.guardIndex[guardName], let evaluation = evaluation(at: now) else { return .unknown }
        return evaluation.evaluate(index)
    }

    func turningPoints(_ guardName: String) -> [Int64] {
        guard let index = tables.guardIndex[guardName] else { return [] }
        return evaluation(at: now.seconds)?.turningPoints(of: index).sorted() ?? []
    }

    private func time(of standing: CaseState.Standing) -> FactValue? {
        (standing.at ?? history.step(standing.letter)?.at).map { .integer($0.seconds) }
    }

    private func fact(_ name: String, of standing: CaseState.Standing) -> FactValue? {
        guard let step = history.step(standing.letter), case .opened(let events) = step.sealed else { return nil }
        return events.last { $0.code == standing.event }?.facts[name]
    }

    private func moment(_ value: FactValue, zone: Int64) -> Instant? {
        switch value {
        case .integer(let seconds): Instant(seconds: seconds)
        case .text(let text): CivilDate(text).map { $0.start(offset: zone) }
        }
    }
}

extension ProfileDefinition.Deadline {
    /// The last moment of it.
    ///
    /// Months are those of the calendar, shortened to the end of a month that is too short; working days leave out the
    /// weekend of the holder's country. Holidays are not known here, and a journey that the law leaves out is not either.
    fileprivate func end(from since: Instant, zone: Int64, weekend: Set<Int64>) -> Instant {
        var day = CivilDate(at: since, offset: zone)
        let ofDay = since - day.start(offset: zone)
        if months != 0 { day = day.adding(months: months) }
        if count == .working, weekend.count < 7 {
            var left = seconds / 86_400
            while left > 0 {
                day = CivilDate(days: day.days + 1)
                if !weekend.contains(day.weekday) { left -= 1 }
            }
            return day.start(offset: zone) + ofDay
        }
        return day.start(offset: zone) + ofDay + seconds
    }
}
