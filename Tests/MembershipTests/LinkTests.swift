// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Membership
import Procedure
import Sealing
import Testing
import TestSupport

@Suite struct LinkTests {
    let now = PracticeWorld.start

    @Test func `of all certificates of an authority only the caller's own link certificate makes it that member`()
        throws
    {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        var passed: [MemberID] = []
        for certificate in world.roots
            + world.parties.values.flatMap({
                [$0.signing.certificate, $0.sealing.certificate, $0.link.certificate]
            })
        {
            switch directories.judgeLink(leaf: certificate.der, now: now) {
            case .member(let member): passed.append(member.id)
            case .broker(let broker): passed.append(broker.id)
            case .expired: Issue.record("nothing has expired")
            case .refused(let reason): #expect(reason == .wrongUse)
            }
        }
        #expect(passed.sorted() == world.parties.keys.sorted())
        let leaf = try world.party(PracticeWorld.shelter).link.certificate
        guard case .member(let shelter) = directories.judgeLink(leaf: leaf.der, now: now) else {
            Issue.record("the shelter is known")
            return
        }
        #expect(shelter.id == PracticeWorld.shelter)
    }

    @Test func `a certificate that the authority signed and no directory lists is nobody's`() throws {
        let world = try PracticeWorld.make()
        let authority = try #require(world.authorities[PracticeWorld.inAuthority])
        let issuer = try CertificateIssuer(certificate: authority.authority.root, key: authority.key)
        // It even bears the shelter's name.
        let leaf = try issuer.issue(
            .link, subject: DistinguishedName(commonName: PracticeWorld.shelter.text, country: "IN"),
            publicKey: PrivateKey.generate().publicKey, notBefore: now.seconds - day, notAfter: now.seconds + day)
        #expect(try world.directories().judgeLink(leaf: leaf.der, now: now) == .refused(.unknown))
    }

    @Test
    func `strangers are refused: self-signed, another authority, another authority of the same name, no certificate`()
        throws
    {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        let forger = try PracticeWorld.make()
        #expect(
            directories.judgeLink(leaf: try forger.party(PracticeWorld.shelter).link.certificate.der, now: now)
                == .refused(.untrusted))
        #expect(directories.judgeLink(leaf: forger.roots[0].der, now: now) == .refused(.wrongUse))
        #expect(directories.judgeLink(leaf: [], now: now) == .refused(.malformed))
        #expect(directories.judgeLink(leaf: [0x30, 0x00], now: now) == .refused(.malformed))
        #expect(directories.judgeLink(leaf: [UInt8](repeating: 0x30, count: 100_000), now: now) == .refused(.malformed))
    }

    @Test func `RSA, SHA-1 and unknown critical extensions are no certificate here`() throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        let stock = try StockCommand()
        for (name, arguments, expected) in [
            // The control: of the profile's algorithms, so it is read, and refused for what it is.
            ("control", "-newkey ec -pkeyopt ec_paramgen_curve:P-256", LinkRefusal.wrongUse),
            ("rsa", "-newkey rsa:1024", .malformed),
            ("sha1", "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha1", .malformed),
            ("critical", "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -addext 1.2.3.4=critical,DER:0500", .malformed),
            ("p384", "-newkey ec -pkeyopt ec_paramgen_curve:P-384", .malformed),
        ] {
            let made = try stock.run(
                "req -x509 -nodes \(arguments) -subj /C=IN/CN=in:asha-shelter -days 3650 -keyout \(name).key -outform DER -out \(name).der"
            )
            #expect(made.status == 0, "\(made.output)")
            #expect(
                directories.judgeLink(leaf: try stock.read("\(name).der"), now: now) == .refused(expected), "\(name)")
        }
    }

    @Test func `an expired link certificate may fetch the newer directory, unless it is revoked`() throws {
        var world = try PracticeWorld.make()
        let leaf = try world.party(PracticeWorld.shelter).link.certificate
        let late = Instant(seconds: leaf.notAfter + 1)
        #expect(try world.directories().judgeLink(leaf: leaf.der, now: late) == .expired(PracticeWorld.shelter))
        // The control: one second before it is the member.
        guard case .member = try world.directories().judgeLink(leaf: leaf.der, now: late + -1) else {
            Issue.record("valid to the last second")
            return
        }
        try world.publish(PracticeWorld.inAuthority, at: now + day) { authority, draft in
            try authority.revoke(PracticeWorld.shelter, in: &draft, at: now + day)
        }
        #expect(try world.directories(now: now + day).judgeLink(leaf: leaf.der, now: late) == .refused(.revoked))
    }

    @Test func `a link certificate of tomorrow is refused`() throws {
        let world = try PracticeWorld.make()
        let leaf = try world.party(PracticeWorld.shelter).link.certificate
        // The root begins at the same second, so its validity is what fails first.
        #expect(
            try world.directories().judgeLink(leaf: leaf.der, now: Instant(seconds: leaf.notBefore - 1))
                == .refused(.untrusted))
        var later = world
        try later.add(
            member("in:new-shelter"), name: "New Shelter (practice)", kind: .member(roles: ["IN_SHELTER"]),
            broker: PracticeWorld.inBroker,
            at: now + 10 * day)
        let new = try later.party(member("in:new-shelter")).link.certificate
        #expect(
            try later.directories(now: now + 10 * day).judgeLink(leaf: new.der, now: now + 5 * day)
                == .refused(.notYetValid))
    }

    @Test func `a revocation shows at the next request, with nothing remembered from before`() throws {
        var world = try PracticeWorld.make()
        let leaf = try world.party(PracticeWorld.ngo).link.certificate.der
        var held = try world.directories()
        guard case .member = held.judgeLink(leaf: leaf, now: now) else {
            Issue.record("known before")
            return
        }
        try world.publish(PracticeWorld.bdAuthority, at: now) { authority, draft in
            try authority.revoke(PracticeWorld.ngo, uses: [.link], in: &draft, at: now)
        }
        let document = try #require(world.authorities[PracticeWorld.bdAuthority]).document
        #expect(try held.accept(document, now: now) == .newer)
        #expect(held.judgeLink(leaf: leaf, now: now) == .refused(.revoked))
    }

    @Test func `suspended and removed members are refused, also with an expired certificate`() throws {
        var world = try PracticeWorld.make()
        let leaf = try world.party(PracticeWorld.shelter).link.certificate
        try world.publish(PracticeWorld.inAuthority, at: now) { authority, draft in
            try authority.suspend(PracticeWorld.shelter, in: &draft, at: now)
        }
        #expect(try world.directories().judgeLink(leaf: leaf.der, now: now) == .refused(.suspended))
        #expect(
            try world.directories().judgeLink(leaf: leaf.der, now: Instant(seconds: leaf.notAfter + 1))
                == .refused(.suspended))
        try world.publish(PracticeWorld.inAuthority, at: now) { authority, draft in
            try authority.remove(PracticeWorld.shelter, from: &draft, at: now)
        }
        #expect(try world.directories().judgeLink(leaf: leaf.der, now: now) == .refused(.removed))
    }

    @Test func `a node knows its broker by chain and name, without any directory`() throws {
        let world = try PracticeWorld.make()
        let empty = Directories(anchors: try TrustAnchors(world.roots))
        let broker = PracticeWorld.inBroker
        let host = "broker-in.kheya.example"
        let leaf = try world.party(broker).link.certificate
        #expect(empty.judgeServer(leaf: leaf.der, broker: broker, host: host, now: now) == .trusted)
        #expect(
            empty.judgeServer(leaf: leaf.der, broker: broker, host: host, now: Instant(seconds: leaf.notAfter + 1))
                == .expired)
        #expect(
            empty.judgeServer(leaf: leaf.der, broker: broker, host: "evil.example", now: now) == .refused(.otherName))
        #expect(
            empty.judgeServer(leaf: leaf.der, broker: PracticeWorld.bdBroker, host: host, now: now)
                == .refused(.untrusted))
        #expect(
            empty.judgeServer(leaf: leaf.der, broker: member("in:other"), host: host, now: now) == .refused(.otherName))
    }

    @Test func `no other certificate passes for the broker`() throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        let forger = try PracticeWorld.make()
        let broker = PracticeWorld.inBroker
        let host = "broker-in.kheya.example"
        for certificate in try [
            world.party(PracticeWorld.shelter).link.certificate, world.party(PracticeWorld.bdBroker).link.certificate,
            world.party(broker).signing.certificate, world.party(broker).sealing.certificate, world.roots[1],
            forger.party(broker).link.certificate,
        ] {
            let judgement = directories.judgeServer(leaf: certificate.der, broker: broker, host: host, now: now)
            guard case .refused = judgement else {
                Issue.record("\(certificate.commonName) passed as the broker")
                continue
            }
        }
    }

    @Test func `a revoked broker certificate is refused as soon as the directory says so`() throws {
        var world = try PracticeWorld.make()
        let leaf = try world.party(PracticeWorld.inBroker).link.certificate
        try world.publish(PracticeWorld.inAuthority, at: now) { authority, draft in
            try authority.revoke(PracticeWorld.inBroker, uses: [.link], in: &draft, at: now)
        }
        #expect(
            try world.directories().judgeServer(
                leaf: leaf.der, broker: PracticeWorld.inBroker, host: "broker-in.kheya.example", now: now)
                == .refused(.revoked))
    }
}
