// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Cryptography
import Exchange
import Foundation
import Letters
import MessageStore
import Procedure
import SQLiteStore
import TestSupport
import Testing
import TrailAudit
import TransparencyLog

/// Cosigned checkpoints are stamped by the stock `openssl ts`, now and not before the real time. Protocols/Log.md §5.5.
@Suite struct TimeStampingTests {
    private struct Away: Error {}

    private let brokers: PracticeBrokers
    private let office: PracticeTimeAuthority
    private let authority: TimeStampAuthority

    init() throws {
        brokers = try PracticeBrokers(at: Instant(seconds: Int64(Date().timeIntervalSince1970) - 1_000))
        office = try PracticeTimeAuthority()
        authority = try TimeStampAuthority(pem: office.chain())
    }

    private func stamp(_ broker: MemberID = PracticeBrokers.inBroker) async throws -> Bool {
        try await brokers.core(broker).stampIfDue { [office, authority] digest in
            let query = try TimeStamp.Query(digest: digest)
            return try TimeStamp(reading: office.answer(query.bytes), over: digest, by: authority, answering: query)
        }
    }

    private func stamps() async throws -> [StoredStamp] {
        try await brokers.queue(PracticeBrokers.inBroker).read {
            try $0.stamps(of: try #require($0.logs().last).origin)
        }
    }

    private func letterAndCosignature() async throws {
        _ = try await StopTests.accepted(brokers)
        try await TrailTests.cosign(brokers)
    }

    @Test func `the newest cosigned checkpoint is stamped; not before it is cosigned, not twice, not all the time`()
        async throws
    {
        #expect(try await !stamp())
        try await letterAndCosignature()
        #expect(try await stamp())
        #expect(try await !stamp())
        brokers.clock.advance(60)
        try await letterAndCosignature()
        #expect(try await !stamp())
        brokers.clock.advance(900)
        #expect(try await stamp())
        let kept = try await stamps()
        #expect(kept.count == 2)
        let status = try await brokers.core(PracticeBrokers.inBroker).status()
        #expect(status.log?.stampedSize == kept[1].size && status.log?.cosignedSize == kept[1].size)
        // A tree that grew by cosignatures alone waits for an hour.
        brokers.clock.advance(1_000)
        try await TrailTests.cosign(brokers)
        #expect(try await !stamp())
        brokers.clock.advance(3_600)
        #expect(try await stamp())
    }

    @Test func `letters go on while the authority is away, and one token covers them all when it is back`() async throws
    {
        try await letterAndCosignature()
        let core = brokers.core(PracticeBrokers.inBroker)
        await #expect(throws: Away.self) { try await core.stampIfDue { _ in throw Away() } }
        brokers.clock.advance(30)
        try await letterAndCosignature()
        await #expect(throws: Away.self) { try await core.stampIfDue { _ in throw Away() } }
        #expect(try await stamps().isEmpty)
        #expect(try await stamp())
        let status = try await core.status()
        #expect(try await stamps().map(\.size) == [try #require(status.log?.cosignedSize)])
    }

    @Test func `a token goes into the bundle, and both verifiers judge it`() async throws {
        try await letterAndCosignature()
        for broker in [PracticeBrokers.inBroker, PracticeBrokers.bdBroker] { #expect(try await stamp(broker)) }
        let folder = brokers.folder
        let (bundle, trust) = (folder.appending(path: "bundle.trail"), folder.appending(path: "trust-with-time"))
        try Data(TrailTests.export(brokers)).write(to: bundle)
        try TrailTests.writeTrust(brokers, to: trust)
        try Data(office.chain()).write(to: trust.appending(path: "tsa-practice.pem"))
        let asOf = brokers.clock.now + 60
        let report = TrailVerifier(trust: try TrailTrust(folder: trust.path), asOf: asOf).verify(path: bundle.path)
        #expect(report.verdict == .pass, "\(report.text)")
        let small = try SmallVerifier.trail(bundle.path, trust: trust.path, asOf: asOf.seconds)
        #expect(small.status == 0, "\(small.output)")
        // Of another authority.
        try Data(PracticeTimeAuthority().chain()).write(to: trust.appending(path: "tsa-practice.pem"))
        let other = TrailVerifier(trust: try TrailTrust(folder: trust.path), asOf: asOf).verify(path: bundle.path)
        #expect(other.counts[.token] == 2 && other.verdict == .fail)
    }
}
