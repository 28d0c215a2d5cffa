// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

internal import Cryptography
internal import Letters
internal import Procedure

/// What opens a home.
public enum Unlock: Sendable {
    /// What a person typed, as UTF-8 bytes.
    case passphrase([UInt8])
    /// The content of a key file: at least 32 random bytes, whole, line end included.
    case keyFile([UInt8])
}

/// The master secret of a home, from which the password of its key files and the keys of its case files come.
///
/// `keys/master.json` holds salt and cost, no secret. The secret lives in memory only and is wiped at the end.
///
/// - SeeAlso: Protocols/Membership.md §8.
public struct KeyVault: Sendable {
    private let master: Master

    /// The secret, wiped when the last copy of the vault goes.
    private final class Master: @unchecked Sendable {
        // @unchecked: written in init and deinit only.
        private(set) var bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        deinit { Secret.wipe(&bytes) }
    }

    /// Writes `keys/master.json` of a new home and opens it.
    ///
    /// Blocks for 0.3 s with a passphrase (scrypt, 128 MiB).
    ///
    /// - Parameters:
    ///   - keys: the directory `keys`, which is there.
    ///   - salt: 32 random bytes.
    /// - Throws: ``MembershipError`` `.homeMalformed` for an empty passphrase or a short key file, `.homeFile`.
    static func create(in keys: String, unlock: Unlock, salt: [UInt8]) throws(MembershipError) -> KeyVault {
        guard let saltText = Digest(salt)?.hex else { throw MembershipError(.homeMalformed, "a salt has 32 bytes") }
        var object: [String: JSONValue] = ["v": .integer(1), "salt": .string(saltText)]
        let cost = ScryptCost.passphrase
        switch unlock {
        case .passphrase:
            object["kind"] = .string("passphrase")
            object["n"] = .integer(Int64(cost.n))
            object["r"] = .integer(Int64(cost.r))
            object["p"] = .integer(Int64(cost.p))
        case .keyFile: object["kind"] = .string("key-file")
        }
        let vault = try KeyVault(unlock, salt: salt)
        try HomeFiles.write(CanonicalJSON.write(.object(object)), to: keys + "/master.json")
        return vault
    }

    /// Opens the vault of a home. Whether passphrase or key file is the right one shows when a key is opened.
    ///
    /// - Throws: ``MembershipError`` `.locked` when the home wants the other kind, `.homeMalformed`, `.homeFile`.
    static func open(in keys: String, unlock: Unlock) throws(MembershipError) -> KeyVault {
        let bytes = try HomeFiles.read(keys + "/master.json", limit: 4_096, isSecret: true)
        let kind: String
        let salt: Digest
        var cost = ScryptCost.passphrase
        do throws(LetterError) {
            var fields = FieldReader(try CanonicalJSON.readSource(bytes), place: "master", failure: .malformed)
            guard try fields.integer("v") == 1 else { throw fields.fault("v", "not a version this reader knows") }
            kind = try fields.string("kind")
            salt = try fields.digest("salt")
            if kind == "passphrase" {
                cost = ScryptCost(
                    n: UInt64(try fields.positive("n")), r: UInt64(try fields.positive("r")),
                    p: UInt64(try fields.positive("p")))
            }
            try fields.finish()
        } catch {
            throw MembershipError(.homeMalformed, "\(keys)/master.json: \(error.reason)")
        }
        switch (kind, unlock) {
        case ("passphrase", .passphrase), ("key-file", .keyFile):
            return try KeyVault(unlock, salt: salt.bytes, cost: cost)
        case ("passphrase", _): throw MembershipError(.locked, "this home opens with a passphrase, not with a key file")
        case ("key-file", _): throw MembershipError(.locked, "this home opens with a key file, not with a passphrase")
        default: throw MembershipError(.homeMalformed, "\(keys)/master.json: a kind this program does not know")
        }
    }

    /// The vault of a home that was, or will be, made with this salt. For practice worlds, whose keys are there before their homes.
    public init(_ unlock: Unlock, salt: [UInt8]) throws(MembershipError) {
        try self.init(unlock, salt: salt, cost: .passphrase)
    }

    private init(_ unlock: Unlock, salt: [UInt8], cost: ScryptCost) throws(MembershipError) {
        switch unlock {
        case .passphrase(let text):
            guard !text.isEmpty else { throw MembershipError(.homeMalformed, "an empty passphrase") }
            do {
                master = Master(try Scrypt.derive(password: text, salt: salt, cost: cost))
            } catch {
                throw MembershipError(.outOfResources, "scrypt: \(error.reason)")
            }
        case .keyFile(let bytes):
            guard bytes.count >= 32 else {
                throw MembershipError(.homeMalformed, "a key file has at least 32 random bytes")
            }
            master = Master(HKDFSHA256.derive(from: bytes, salt: salt, info: Array("kheya master".utf8), count: 32))
        }
    }

    /// The password of the key files: the master secret as 64 lower-case hexadecimal digits, so that stock `openssl
    /// pkey` opens them with it.
    public var keyPassword: [UInt8] { Array((Digest(master.bytes)?.hex ?? "").utf8) }

    /// 32 bytes for one purpose: HKDF-SHA-256 over the master secret with `info`, for example `kheya case keys`.
    public func key(for info: String) -> [UInt8] {
        HKDFSHA256.derive(from: master.bytes, info: Array(info.utf8), count: 32)
    }

    /// The password has 256 bits of its own, so its guessing needs no slowing down; scrypt is there because the format
    /// has one.
    static let fileCost = ScryptCost(n: 1 << 10, r: 8, p: 1)

    func write(_ key: PrivateKey, to path: String) throws(MembershipError) {
        do {
            var password = keyPassword
            defer { Secret.wipe(&password) }
            let pem = try key.encryptedPEM(password: password, cost: Self.fileCost)
            try HomeFiles.write(pem, to: path)
        } catch let error as MembershipError {
            throw error
        } catch {
            throw MembershipError(.outOfResources, "\(path) was not encrypted")
        }
    }

    func read(_ path: String) throws(MembershipError) -> PrivateKey {
        let pem = try HomeFiles.read(path, limit: 65_536, isSecret: true)
        var password = keyPassword
        defer { Secret.wipe(&password) }
        do {
            return try PrivateKey(encryptedPEM: pem, password: password)
        } catch {
            guard error.code == .wrongPassword else {
                throw MembershipError(.homeMalformed, "\(path): \(error.reason)")
            }
            throw MembershipError(.locked, "\(path) does not open: wrong passphrase or key file")
        }
    }
}
