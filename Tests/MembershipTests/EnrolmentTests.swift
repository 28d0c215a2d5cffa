// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Membership
import Procedure
import Sealing
import Testing
import TestSupport

@Suite struct EnrolmentTests {
    let now = PracticeWorld.start
    let id = member("in:new-shelter")

    private func keys(_ uses: [CertificateUse] = CertificateUse.allCases) throws -> [CertificateUse: PrivateKey] {
        var keys: [CertificateUse: PrivateKey] = [:]
        for use in uses { keys[use] = try PrivateKey.generate() }
        return keys
    }

    private func request(_ id: MemberID? = nil, keys: [CertificateUse: PrivateKey]? = nil) throws -> EnrolmentRequest {
        try EnrolmentRequest(
            id: id ?? self.id, name: "New Shelter (practice)", kind: .member(roles: ["IN_SHELTER"]), at: now,
            keys: keys ?? self.keys())
    }

    private func admit(
        _ request: EnrolmentRequest, safetyNumber: String? = nil, broker: MemberID = PracticeWorld.inBroker
    ) throws -> MemberDirectory {
        let country = try #require(try PracticeWorld.make().authorities[PracticeWorld.inAuthority])
        var draft = country.directory
        try country.authority.admit(
            request, safetyNumber: safetyNumber ?? request.safetyNumber, roles: ["IN_SHELTER"], broker: broker,
            to: &draft, at: now)
        return draft
    }

    @Test func `what is written is read again`() throws {
        let made = try request()
        let read = try EnrolmentRequest.read(made.file)
        #expect(read == made)
        #expect(Set(read.requests.keys) == Set(CertificateUse.allCases))
        #expect(read.kind == .member(roles: ["IN_SHELTER"]))
        let broker = try EnrolmentRequest(
            id: member("in:second-broker"), name: "Second",
            kind: .broker(host: "two.kheya.example", port: 443, address: "::1"), at: now,
            keys: keys())
        #expect(
            try EnrolmentRequest.read(broker.file).kind == .broker(host: "two.kheya.example", port: 443, address: "::1")
        )
    }

    @Test func `a member is admitted with the roles the authority gives and three certificates of its own`() throws {
        let directory = try admit(request())
        let new = try #require(directory.member(id))
        #expect(new.roles == ["IN_SHELTER"])
        #expect(new.certificates.map(\.use).sorted { $0.rawValue < $1.rawValue } == [.link, .seal, .sign])
        #expect(new.certificates.allSatisfy { $0.certificate.commonName == id.text && $0.certificate.country == "IN" })
        #expect(new.certificates.allSatisfy { $0.certificate.organisation == nil })
    }

    @Test func `the safety number is of this file: of one changed on its way it is another`() throws {
        let (ours, forged) = (try request(), try request())
        #expect(ours.safetyNumber != forged.safetyNumber)
        #expect(ours.safetyNumber.split(separator: " ").map(\.count) == [5, 5, 5, 5, 5, 5])
        #expect(outcome { _ = try admit(forged, safetyNumber: ours.safetyNumber) } == "enrolment.refused")
        #expect(outcome { _ = try admit(ours, safetyNumber: ours.safetyNumber.replacing(" ", with: "-")) } == "opens")
        #expect(outcome { _ = try admit(ours, safetyNumber: "") } == "enrolment.refused")
    }

    @Test func `an id of another country, or one that is enrolled, is refused`() throws {
        #expect(outcome { _ = try admit(try request(member("bd:stranger"))) } == "enrolment.refused")
        #expect(outcome { _ = try admit(try request(PracticeWorld.shelter)) } == "enrolment.refused")
        #expect(outcome { _ = try admit(try request(PracticeWorld.inAuthority)) } == "enrolment.refused")
        #expect(outcome { _ = try admit(try request(), broker: PracticeWorld.bdBroker) } == "enrolment.refused")
    }

    @Test func `a first enrolment brings three different keys`() throws {
        #expect(outcome { _ = try admit(try request(keys: keys([.sign, .seal]))) } == "enrolment.refused")
        let one = try PrivateKey.generate()
        #expect(
            outcome { _ = try request(keys: [.sign: one, .seal: one, .link: try .generate()]) } == "enrolment.malformed"
        )
    }

    @Test func `a key that somebody has already is not enrolled for another`() throws {
        let world = try PracticeWorld.make()
        let country = try #require(world.authorities[PracticeWorld.inAuthority])
        var draft = country.directory
        var stolen = try keys()
        stolen[.sign] = try world.party(PracticeWorld.shelter).signing.key
        let request = try request(keys: stolen)
        #expect(
            outcome {
                try country.authority.admit(
                    request, safetyNumber: request.safetyNumber, roles: [], broker: PracticeWorld.inBroker, to: &draft,
                    at: now)
            } == "enrolment.refused")
        #expect(draft == country.directory)
    }

    @Test func `a request with another's certificate request inside is refused`() throws {
        let (ours, theirs) = (try request(), try request(member("in:other")))
        func der(_ request: EnrolmentRequest) throws -> JSONValue {
            try #require(try CanonicalJSON.read(request.file, limits: .directory)["requests"])
        }
        var object = try CanonicalJSON.read(ours.file, limits: .directory)
        object["requests"] = try der(theirs)
        #expect(
            outcome { _ = try EnrolmentRequest.read(CanonicalJSON.write(.object(object))) } == "enrolment.malformed")
        // The control: with its own it is the same file.
        object["requests"] = try der(ours)
        #expect(CanonicalJSON.write(.object(object)) == ours.file)
    }

    @Test func `a request for a key that the asker does not hold is refused`() throws {
        let made = try CertificateRequest(
            subject: DistinguishedName(commonName: id.text, country: "IN"), key: .generate())
        let other = try CertificateRequest(
            subject: DistinguishedName(commonName: id.text, country: "IN"), key: .generate())
        // Another's point in our request: the signature is no longer of the key inside.
        let place = try #require(made.der.firstRange(of: made.publicKey.point))
        var forged = made.der
        forged.replaceSubrange(place, with: other.publicKey.point)
        #expect(throws: CryptographyError(.invalidSignature, "")) { try CertificateRequest(der: forged) }
    }

    @Test(arguments: ["unknown", "version", "name", "role", "host", "port", "empty", "order"])
    func `a request outside the format is refused`(fault: String) throws {
        var object = try CanonicalJSON.read(try request().file, limits: .directory)
        switch fault {
        case "unknown": object["place"] = .string("x")
        case "version": object["v"] = .integer(2)
        case "name": object["name"] = .string(" New")
        case "role": object["roles"] = .array([.string("in_shelter")])
        case "host":
            object["roles"] = nil
            (object["host"], object["port"]) = (.string("Not-Lower.example"), .integer(1))
        case "port":
            object["roles"] = nil
            (object["host"], object["port"]) = (.string("a.example"), .integer(70_000))
        case "empty": object["requests"] = .array([])
        default:
            guard case .array(let list) = object["requests"] else { return }
            object["requests"] = .array(list.reversed())
        }
        #expect(
            outcome { _ = try EnrolmentRequest.read(CanonicalJSON.write(.object(object))) } == "enrolment.malformed")
    }

    @Test func `a renewal is believed by the current signing key, and the old certificates overlap`() throws {
        var world = try PracticeWorld.make()
        let before = try world.party(PracticeWorld.shelter)
        try world.renew(PracticeWorld.shelter, Set(CertificateUse.allCases), at: now + 20 * day)
        let after = try world.party(PracticeWorld.shelter)
        let directories = try world.directories(now: now + 20 * day)
        let slip = try world.slip(at: now + 20 * day)
        for party in [before, after] {
            _ = try directories.judgeSigner(of: slip, certificate: party.signing.certificate.id, at: now + 20 * day)
            guard case .member = directories.judgeLink(leaf: party.link.certificate.der, now: now + 20 * day) else {
                Issue.record("both links hold")
                continue
            }
        }
        #expect(after.keys.sealing.count == 2)
    }

    @Test func `a renewal that nobody vouches for needs the safety number`() throws {
        let world = try PracticeWorld.make()
        let country = try #require(world.authorities[PracticeWorld.inAuthority])
        var draft = country.directory
        let shelter = try world.party(PracticeWorld.shelter)
        let bare = try request(PracticeWorld.shelter, keys: keys([.link]))
        #expect(outcome { try country.authority.renew(bare, in: &draft, at: now) } == "enrolment.refused")
        // Vouched for by another member's key.
        let ngo = try world.party(PracticeWorld.ngo)
        let foreign = try EnrolmentRequest(
            id: shelter.id, name: shelter.name, kind: shelter.kind, at: now, keys: keys([.link]),
            vouchedBy: (ngo.signing.certificate, ngo.signing.key))
        #expect(outcome { try country.authority.renew(foreign, in: &draft, at: now) } == "enrolment.refused")
        // The right certificate named, signed with another key.
        let lying = try EnrolmentRequest(
            id: shelter.id, name: shelter.name, kind: shelter.kind, at: now, keys: keys([.link]),
            vouchedBy: (shelter.signing.certificate, ngo.signing.key))
        #expect(outcome { try country.authority.renew(lying, in: &draft, at: now) } == "enrolment.refused")
        #expect(draft == country.directory)
        try country.authority.renew(bare, safetyNumber: bare.safetyNumber, in: &draft, at: now)
        #expect(draft.member(PracticeWorld.shelter)?.certificates.count == 4)
    }

    @Test func `a revoked key vouches for nothing`() throws {
        var world = try PracticeWorld.make()
        try world.publish(PracticeWorld.inAuthority, at: now) { authority, draft in
            try authority.revoke(PracticeWorld.shelter, uses: [.sign], in: &draft, at: now)
        }
        #expect(throws: MembershipError(.enrolmentRefused, "")) {
            try world.renew(PracticeWorld.shelter, [.link], at: now + 1)
        }
    }

    @Test func `no certificate outlives its root`() throws {
        let short = CertificateLifetimes(root: 30 * day, sign: 365 * day, seal: 62 * day, link: 90 * day)
        var world = try PracticeWorld.make(lifetimes: short)
        let root = try #require(world.authorities[PracticeWorld.inAuthority]).authority.root
        let certificates = try world.directories().certificates(of: PracticeWorld.shelter)
        #expect(certificates.allSatisfy { $0.certificate.notAfter == root.notAfter })
        #expect(throws: MembershipError(.enrolmentRefused, "")) {
            try world.renew(PracticeWorld.shelter, [.link], at: now + 40 * day)
        }
    }

    @Test func `certificates leave the directory 400 days after their end`() throws {
        var world = try PracticeWorld.make()
        try world.renew(PracticeWorld.shelter, [.seal], at: now + 30 * day)
        try world.publish(PracticeWorld.inAuthority, at: now + (61 + 400) * day)
        #expect(
            try #require(world.authorities[PracticeWorld.inAuthority]?.directory.member(PracticeWorld.shelter))
                .certificates.count == 4)
        try world.publish(PracticeWorld.inAuthority, at: now + (62 + 400) * day)
        #expect(
            try #require(world.authorities[PracticeWorld.inAuthority]?.directory.member(PracticeWorld.shelter))
                .certificates.count == 3)
    }
}
