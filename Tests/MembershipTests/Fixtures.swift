// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import Letters
import Membership
import Procedure
import Sealing
import TestSupport

func member(_ text: String) -> MemberID {
    guard let id = MemberID(text) else { preconditionFailure("a test writes no wrong member id") }
    return id
}

let day: Int64 = 86_400

extension PrivateKey {
    /// A key that a name gives: for vectors, which can so be extended under the same root. Protects nothing.
    static func derived(from name: String) throws -> PrivateKey {
        let scalar = SHA256.hash(Array("kheya vector key \(name)".utf8))
        let head: [UInt8] = [
            0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
            0x2A, 0x86, 0x48,
            0xCE, 0x3D, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
        ]
        return try PrivateKey(pkcs8: head + scalar)
    }
}

/// A directory that goes away with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "kheya-home-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The code that `body` throws, or `opens`.
func outcome(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "opens"
    } catch let error as MembershipError {
        return error.code.rawValue
    } catch let error as SealingError {
        return error.code.rawValue
    } catch {
        return "\(error)"
    }
}

/// The reason of the error that `body` throws.
func reason(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch let error as MembershipError {
        return error.reason
    } catch {
        return "\(error)"
    }
}

extension PracticeWorld {
    /// A step from `sender` to `recipient`, as its node would fill it in.
    func slip(
        from sender: MemberID = PracticeWorld.shelter, to recipient: MemberID = PracticeWorld.ngo,
        type: LetterType = .step, at: Instant? = nil
    ) throws -> Slip {
        let at = at ?? self.at
        var slip = Slip(
            type: type, lane: .normal, from: sender,
            to: [
                Addressee(
                    member: recipient, certificate: try party(recipient).sealing.certificate.id, epoch: 1, sequence: 1)
            ],
            caseID: CaseID("00112233445566778899aabbccddeeff"), at: at)
        if type == .step {
            slip.profile = ProfileReference(id: "practice", version: "1", digest: .sha256([1]))
            slip.steps = [Event(code: "REFERRAL_OFFER")]
            slip.expires = at + 7 * day
        } else {
            slip.root = .sha256([2])
            slip.about = About(
                letter: .sha256([2]), state: type == .receipt ? .valid : nil, code: type == .receipt ? nil : "expired")
        }
        return slip
    }
}
