// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import Cryptography
import Foundation

/// libcrypto in a plain loop, with the same keys that the measured program uses.
final class Floors: @unchecked Sendable {
    // @unchecked: set once; libcrypto only reads keys and certificates while it works with them.
    private let pointer: OpaquePointer

    init(root: Certificate, signing: (Certificate, PrivateKey), sealing: (Certificate, PrivateKey)) throws {
        let signingKey = try signing.1.pkcs8()
        let sealingKey = try sealing.1.pkcs8()
        guard
            let made = floors_make(
                root.der, root.der.count, signing.0.der, signing.0.der.count, signingKey, signingKey.count,
                sealing.0.der,
                sealing.0.der.count, sealingKey, sealingKey.count, Self.slipType)
        else { throw BenchmarkError("libcrypto refused the keys of the floors") }
        pointer = made
    }

    deinit { floors_free(pointer) }

    /// The content type of a slip, Protocols/Letter-CMS.md.
    static let slipType = "2.25.2228330404481151382900030875683980796"

    func sign(_ data: [UInt8], _ count: Int) throws {
        try Self.all(count, floors_cms_sign(pointer, data, data.count, count, nil, 0, nil))
    }
    func verify(_ file: [UInt8], _ count: Int) throws {
        try Self.all(count, floors_cms_verify(pointer, file, file.count, count))
    }
    func verifyChain(_ file: [UInt8], at: Int64, _ count: Int) throws {
        try Self.all(count, floors_cms_verify_chain(pointer, file, file.count, at, count))
    }
    func seal(_ data: [UInt8], _ count: Int) throws {
        try Self.all(count, floors_cms_seal(pointer, data, data.count, count, nil, 0, nil))
    }
    func open(_ file: [UInt8], _ count: Int) throws {
        try Self.all(count, floors_cms_open(pointer, file, file.count, count))
    }
    func ecdsaSign(_ data: [UInt8], _ count: Int) throws {
        try Self.all(count, floors_ecdsa_sign(pointer, data, data.count, count))
    }
    func ecdsaVerify(_ data: [UInt8], _ count: Int) throws {
        try Self.all(count, floors_ecdsa_verify(pointer, data, data.count, count))
    }

    static func sha256(_ data: [UInt8], _ count: Int) throws { try all(count, floors_sha256(data, data.count, count)) }
    static func synchronise(_ directory: URL, _ count: Int) throws {
        try all(count, floors_fdatasync(directory.path, count))
    }

    /// Records a second that are durable when so many share one `fdatasync`, written into a file that is there already.
    static func groupCommit(_ directory: URL, records: Int, bytes: Int, seconds: Double) throws -> Double {
        let rate = floors_group_commit(directory.path, records, bytes, seconds)
        guard rate > 0 else { throw BenchmarkError("the group-commit floor failed") }
        return rate
    }

    /// What `CMS_encrypt` makes of `data`.
    func sealed(_ data: [UInt8]) throws -> [UInt8] {
        var made = 0
        var out = [UInt8](repeating: 0, count: data.count + 4_096)
        try Self.all(1, floors_cms_seal(pointer, data, data.count, 1, &out, out.count, &made))
        return Array(out.prefix(made))
    }

    private static func all(_ wanted: Int, _ done: Int) throws {
        guard done == wanted else { throw BenchmarkError("a floor failed after \(done) of \(wanted) operations") }
    }

    /// - Throws: on a file system that keeps nothing: durability would be fiction there.
    static func requireDisk(_ directory: URL) throws -> String {
        let magic = floors_file_system(directory.path)
        guard magic != 0 else { throw BenchmarkError("cannot read the file system of \(directory.path)") }
        guard magic != 0x0102_1994, magic != 0x8584_58F6 else {  // tmpfs, ramfs
            throw BenchmarkError("\(directory.path) lies in memory, not on a disk; give --directory a folder on one")
        }
        return switch magic {
        case 0xEF53: "ext4"
        case 0x5846_5342: "xfs"
        case 0x9123_683E: "btrfs"
        case 0x794C_7630: "overlay"
        default: "0x" + String(magic, radix: 16)
        }
    }
}
