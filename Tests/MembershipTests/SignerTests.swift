// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Membership
import Procedure
import Sealing
import Testing
import TestSupport

@Suite struct SignerTests {
    let now = PracticeWorld.start

    private func judge(
        _ directories: Directories, _ world: PracticeWorld, _ slip: Slip, at: Instant,
        by id: MemberID = PracticeWorld.shelter
    )
        throws -> String
    {
        let certificate = try world.party(id).signing.certificate.id
        return outcome { _ = try directories.judgeSigner(of: slip, certificate: certificate, at: at) }
    }

    @Test func `a member's signing certificate signs its steps, with the directory's roles`() throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        let signed = try SignedSlip.sign(try world.slip(), by: world.party(PracticeWorld.shelter).signing)
        let read = try directories.readSlip(signed.file, at: now)
        #expect(
            read.signer
                == Signer(id: PracticeWorld.shelter, roles: ["IN_SHELTER"], isBroker: false, directoryIsExpired: false))
        #expect(read.signed.id == signed.id)
    }

    @Test func `an unknown signer is refused`() throws {
        let world = try PracticeWorld.make()
        let stranger = try PracticeWorld.make()
        let signed = try SignedSlip.sign(try world.slip(), by: stranger.party(PracticeWorld.shelter).signing)
        #expect(outcome { _ = try world.directories().readSlip(signed.file, at: now) } == "signer.not-permitted")
    }

    @Test func `one member cannot sign as another`() throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        let signed = try SignedSlip.sign(
            try world.slip(from: PracticeWorld.shelter), by: world.party(PracticeWorld.ngo).signing)
        #expect(outcome { _ = try directories.readSlip(signed.file, at: now) } == "signer.not-permitted")
    }

    @Test func `a revoked certificate signs nothing that arrives after its revocation, whatever its letter's date`()
        throws
    {
        var world = try PracticeWorld.make()
        let slip = try world.slip()
        try world.publish(PracticeWorld.inAuthority, at: now + day) { authority, draft in
            try authority.revoke(PracticeWorld.shelter, in: &draft, at: now + day)
        }
        let directories = try world.directories(now: now + day)
        #expect(try judge(directories, world, slip, at: now + day) == "signer.not-permitted")
        // What was stored before is still provable.
        #expect(try judge(directories, world, slip, at: now + (day - 1)) == "opens")
    }

    @Test func `a certificate signs in its own time only, and what was signed in time is good later`() throws {
        var world = try PracticeWorld.make()
        let directories = try world.directories()
        let end = Instant(seconds: try world.party(PracticeWorld.shelter).signing.certificate.notAfter)
        #expect(try judge(directories, world, try world.slip(at: end), at: end + 20 * day) == "opens")
        #expect(try judge(directories, world, try world.slip(at: end + 1), at: end + 1) == "signer.not-permitted")
        #expect(try judge(directories, world, try world.slip(at: now + -2 * day), at: now) == "signer.not-permitted")
        let id = try world.party(PracticeWorld.shelter).signing.certificate.id
        let late = try world.slip(at: end + 1)
        #expect(
            reason { _ = try directories.judgeSigner(of: late, certificate: id, at: end + 1) }
                == "certificate of in:asha-shelter ended 2028-01-15; run `kheya member renew`")
        try world.publish(PracticeWorld.inAuthority, at: now)
    }

    @Test func `a suspended or removed member signs nothing, a reinstated one does`() throws {
        var world = try PracticeWorld.make()
        let slip = try world.slip()
        try world.publish(PracticeWorld.inAuthority, at: now + day) { authority, draft in
            try authority.suspend(PracticeWorld.shelter, in: &draft, at: now + day)
        }
        #expect(try judge(world.directories(now: now + day), world, slip, at: now + day) == "signer.not-permitted")
        try world.publish(PracticeWorld.inAuthority, at: now + 2 * day) { authority, draft in
            try authority.reinstate(PracticeWorld.shelter, in: &draft)
        }
        #expect(try judge(world.directories(now: now + 2 * day), world, slip, at: now + 2 * day) == "opens")
        try world.publish(PracticeWorld.inAuthority, at: now + 3 * day) { authority, draft in
            try authority.remove(PracticeWorld.shelter, from: &draft, at: now + 3 * day)
        }
        let removed = try world.directories(now: now + 3 * day)
        #expect(try judge(removed, world, slip, at: now + 3 * day) == "signer.not-permitted")
        // Another member is not touched by it.
        let other = try world.slip(from: PracticeWorld.ngo, to: PracticeWorld.shelter)
        #expect(try judge(removed, world, other, at: now + 3 * day, by: PracticeWorld.ngo) == "opens")
    }

    @Test(arguments: [CertificateUse.seal, .link])
    func `a sealing or link certificate signs nothing`(use: CertificateUse) throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        let certificate = try #require(directories.certificates(of: PracticeWorld.shelter).first { $0.use == use })
        let slip = try world.slip()
        #expect(
            outcome { _ = try directories.judgeSigner(of: slip, certificate: certificate.id, at: now) }
                == "signer.not-permitted")
    }

    @Test func `an authority's root signs no letter of a case`() throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        for root in world.roots {
            let slip = try world.slip()
            #expect(
                outcome { _ = try directories.judgeSigner(of: slip, certificate: root.id, at: now) }
                    == "signer.not-permitted")
        }
    }

    @Test func `brokers sign refusals and notices, members steps and receipts, and nobody the other's`() throws {
        let world = try PracticeWorld.make()
        let directories = try world.directories()
        for type in [LetterType.refusal, .notice] {
            let slip = try world.slip(from: PracticeWorld.inBroker, to: PracticeWorld.shelter, type: type)
            #expect(try judge(directories, world, slip, at: now, by: PracticeWorld.inBroker) == "opens")
            #expect(try judge(directories, world, try world.slip(type: type), at: now) == "signer.not-permitted")
        }
        for type in [LetterType.step, .receipt] {
            let slip = try world.slip(from: PracticeWorld.inBroker, to: PracticeWorld.shelter, type: type)
            #expect(try judge(directories, world, slip, at: now, by: PracticeWorld.inBroker) == "signer.not-permitted")
            #expect(try judge(directories, world, try world.slip(type: type), at: now) == "opens")
        }
    }
}
