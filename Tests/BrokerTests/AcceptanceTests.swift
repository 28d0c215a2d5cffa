// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Letters
import MessageStore
import Procedure
import Sealing
import TestSupport
import Testing

extension PushOutcome {
    var relayed: [UInt8]? { if case .stored(let relayed) = self { relayed } else { nil } }
    var code: String? {
        switch self {
        case .refused(let code, _, _), .rejected(let code), .later(let code, _): code
        case .stored, .awaitingParts, .waiting: nil
        }
    }
    var isStored: Bool { relayed != nil }
}

extension BrokerConnection {
    func push(_ letter: PracticeLetter) async throws -> PushOutcome { try await push([letter.bundle], context: [])[0] }
}

/// Taking letters in. Protocols/Queue.md, "Acceptance".
@Suite struct AcceptanceTests {
    @Test func `an offer goes from the shelter over both brokers to the NGO, and its receipt comes back`() async throws {
        let brokers = try PracticeBrokers()
        var one = PracticeCase(brokers)
        let offer = try one.offer()
        let outcome = try await brokers.connection(PracticeCase.shelter).push(offer)
        let relayed = try #require(outcome.relayed, "\(outcome)")
        let acknowledgement = try RelayedAcknowledgement.read(
            relayed, certificates: [brokers.world.party(PracticeBrokers.inBroker).signing.certificate])
        #expect(acknowledgement.letter == offer.id)
        #expect(acknowledgement.slip == Digest.sha256(offer.bundle.slip))
        #expect(acknowledgement.broker == PracticeBrokers.inBroker)
        try await brokers.exchange()
        let inbox = try await brokers.fetch(PracticeCase.ngo)
        #expect(inbox.map(\.letter) == [offer.bundle], "bit by bit what was sent")
        let receipt = try one.receipt(from: PracticeCase.ngo, about: offer)
        #expect(try await brokers.connection(PracticeCase.ngo).push(receipt).isStored)
        try await brokers.exchange()
        #expect(try await brokers.fetch(PracticeCase.shelter).map(\.letter) == [receipt.bundle])
        #expect(try await brokers.fetch(PracticeCase.ngo).isEmpty)
    }
}
