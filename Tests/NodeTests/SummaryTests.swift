// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Foundation
import Letters
import Procedure
import Sealing
import TestSupport
import Testing

@testable import Node

/// What lists show without replay is what replay says.
@Suite struct SummaryTests {
    /// Each case of a member's lists beside its replay.
    private func check(_ nodes: PracticeNodes, _ lists: [MemberID: CaseDesk], _ place: Comment) throws {
        for (member, desk) in lists {
            let now = nodes.now(member)
            // In memory; from the rows alone, as a process that has just started reads them; and replayed.
            let held = try desk.list(at: now).cases
            let read = try nodes.desk(member).list(at: now).cases
            let replayed = try desk.store.read { transaction in
                try transaction.cases().map { try #require(try desk.replayed($0.caseID, transaction, at: now)).0 }
            }
            #expect(Set(held) == Set(replayed), place)
            #expect(Set(read) == Set(replayed), place)
            try checkTotals(desk, now, place)
            #expect(held.map(\.overview) == held.map(\.overview).sorted { $0.newest > $1.newest }, place)
        }
    }

    /// What pages ask about all cases is what their letters and summaries say, one by one.
    private func checkTotals(_ desk: CaseDesk, _ now: Instant, _ place: Comment) throws {
        let list = try desk.list(at: now)
        let sent = try desk.outbox().filter { $0.letter.type == .step }
        #expect(list.sent == Dictionary(grouping: sent, by: \.entry.state).mapValues(\.count), place)
        #expect(list.underWay.count == list.cases.map(\.underWay.count).reduce(0, +), place)
        let unacted = try desk.inbox().filter {
            $0.letter.type == .step && $0.entry.state == .judged && $0.entry.acted == nil
        }
        func came(_ lane: Lane) -> [Instant] { unacted.filter { $0.entry.lane == lane }.compactMap(\.entry.judged) }
        let ordinary = came(.normal) + list.ours.compactMap(\.ours?.since)
        // Before, at and after each moment at which something came.
        for moment in Set(came(.urgent) + ordinary) {
            for mark in [moment + -1, moment, moment + 1] {
                let news = list.news(after: mark)
                #expect(news.urgent == came(.urgent).filter { $0 > mark }.min(), place)
                #expect(news.ordinary == ordinary.filter { $0 > mark }.min(), place)
            }
        }
    }

    @Test func `through a whole case the lists of every node are those of replay, before and after each letter`()
        async throws
    {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        let lists = try Dictionary(uniqueKeysWithValues: PracticeNodes.everybody.map { ($0, try nodes.desk($0)) })
        try check(nodes, lists, "no case")
        for letter in ExampleCase.all {
            _ = try example.send(letter.number)
            try check(nodes, lists, "\(letter.number) sealed")
            try await nodes.settle()
            try check(nodes, lists, "\(letter.number) arrived")
        }
        let shelter = try #require(lists[PracticeNodes.shelter])
        // The control: something was counted, of both kinds.
        let totals = try lists.values.map { try $0.list(at: nodes.clock.now) }
        #expect(
            totals.contains { !$0.sent.isEmpty } && totals.contains { !$0.news(after: PracticeWorld.start).isEmpty })
        let ours = try #require(try shelter.inbox().last { $0.letter.type == .step && $0.entry.acted == nil })
        _ = try shelter.markActedOn(ours.letter.id, account: "caseworker", at: nodes.now(PracticeNodes.shelter))
        try check(nodes, lists, "dealt with")
        // Time alone: what is owed, and what has lapsed.
        for days: Int64 in [1, 7, 30, 90, 200, 400] {
            nodes.clock.advance(days * 86_400)
            try check(nodes, lists, "\(days) days later")
        }
    }

    @Test func `a row is used while nothing has changed, and not a moment longer`() async throws {
        let nodes = try PracticeNodes()
        var example = try ExampleCase(nodes)
        _ = try example.send("01")
        let now = nodes.now(PracticeNodes.shelter)
        let desk = try nodes.desk(PracticeNodes.shelter)
        let caseID = try #require(example.caseID)
        let before = try #require(try desk.list(at: now).cases.first)
        let basis = Digest.sha256(desk.network.profiles.map(\.digest).sorted().flatMap(\.bytes))
        let turn = try #require(try desk.store.read { try $0.touched(after: 0) }.first).turn
        #expect(before.underWay.count == 1 && before.isAnswered)
        // The row itself is read: what it says is shown, right or wrong.
        var other = before
        other.overview.unread = 7
        try desk.store.write {
            try $0.putSummary(other.record, of: caseID, turn: turn, basis: basis, holdsUntil: nil)
        }
        #expect(try nodes.desk(PracticeNodes.shelter).list(at: now).cases == [other])
        // Of another basis, or that has passed its time, it is not.
        try desk.store.write {
            try $0.putSummary(other.record, of: caseID, turn: turn, basis: .sha256([1]), holdsUntil: nil)
        }
        #expect(try nodes.desk(PracticeNodes.shelter).list(at: now).cases == [before])
        try desk.store.write {
            try $0.putSummary(other.record, of: caseID, turn: turn, basis: basis, holdsUntil: now)
        }
        #expect(try nodes.desk(PracticeNodes.shelter).list(at: now).cases == [before])
        // A letter's way gives the case a new turn, and a row of the old one is not even written.
        try await nodes.settle()
        let newer = try #require(try desk.store.read { try $0.touched(after: turn) }.first).turn
        #expect(newer > turn)
        try desk.store.write {
            try $0.putSummary(other.record, of: caseID, turn: turn, basis: basis, holdsUntil: nil)
        }
        #expect(try desk.store.read { try $0.summary(of: caseID, turn: newer, basis: basis) } == nil)
        #expect(try desk.list(at: now).cases.first?.underWay == [])
        // A receipt alone is a change, although it is written as one that may be there already; the same again is none.
        let letter = try #require(before.underWay.first)
        for expected in [1, 0] {
            let last = try #require(try desk.store.read { try $0.touched(after: 0) }.last).turn
            try desk.store.write {
                try $0.add(
                    ReceiptRecord(
                        id: .sha256([2]), letter: letter, sender: PracticeNodes.investigator, state: .valid, code: nil,
                        at: now))
            }
            #expect(try desk.store.read { try $0.touched(after: last) }.count == expected)
        }
        // Nothing of it lies in the clear.
        let file = try Data(contentsOf: nodes.home(PracticeNodes.shelter).appendingPathComponent("node.sqlite-wal"))
        #expect(file.range(of: Data("isAnswered".utf8)) == nil && file.range(of: Data("\"lifecycle\"".utf8)) == nil)
    }
}
