// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
public import Foundation
public import Letters
public import Procedure
import Synchronization

/// The keys of this node's case files: one random 256-bit key a case, wrapped under the master, each in a file of its own.
///
/// They lie apart from the database, so that a copy of the database alone opens nothing, and destroying one small file
/// erases a case, or the forms of one letter. Protocols/CaseFile.md, "Keys".
public final class CaseKeys: Sendable {
    private let directory: URL
    private let wrapping: [UInt8]
    private let opened = Mutex<[String: [UInt8]]>([:])

    /// - Parameter wrapping: 32 bytes: HKDF-SHA-256 of the node's master secret, info `kheya case keys`.
    public init(directory: URL, wrapping: [UInt8]) throws {
        guard wrapping.count == 32 else { throw CaseFileError(.damaged, "the wrapping key is not of 32 bytes") }
        self.directory = directory
        self.wrapping = wrapping
        try DurableFile.makeDirectory(directory)
    }

    /// The key of a case.
    ///
    /// - Throws: ``CaseFileError`` `.unknownCase` when there is no key file (never there, or destroyed), `.damaged` when the
    ///   master does not open it.
    public func key(of caseID: CaseID) throws -> [UInt8] { try key(named: caseID.text) }

    /// Makes the key of a new case, or gives the one that is there.
    ///
    /// Durable before it returns, hence before any record that needs it. A crash right after leaves a key that no record uses;
    /// the case, when it is made again, takes it.
    @discardableResult
    public func makeKey(of caseID: CaseID) throws -> [UInt8] { try makeKey(named: caseID.text) }

    /// The node's person key: people who act stand in letters as HMAC-SHA-256 under it.
    public func personKey() throws -> [UInt8] { try makeKey(named: "person") }

    /// The node's account key: what people sign in with lies under it.
    public func accountKey() throws -> [UInt8] { try makeKey(named: "accounts") }

    /// The key of one letter's forms, for those that may have to go before their case does: made from a file of its own and the case's
    /// key, so that it is gone with either.
    ///
    /// - Throws: ``CaseFileError`` as ``key(of:)``.
    func key(of letter: LetterID, in caseID: CaseID) throws -> [UInt8] {
        try HMACSHA256.code(key(named: letter.hex), key: key(of: caseID))
    }

    /// Makes the file of a letter's key, or leaves the one that is there. Durable when this returns.
    public func makeKey(of letter: LetterID) throws { _ = try makeKey(named: letter.hex) }

    /// Whether a letter's key is there. A file that was overwritten, and by a crash not removed, has none.
    ///
    /// - Throws: an error of the disk, which says nothing.
    public func hasKey(of letter: LetterID) throws -> Bool {
        do {
            _ = try key(named: letter.hex)
            return true
        } catch let error as CaseFileError where error.code == .unknownCase || error.code == .damaged {
            return false
        }
    }

    /// Destroys the key of a letter's forms. Where there is none, nothing happens.
    func destroyKey(of letter: LetterID) throws { try destroyKey(named: letter.hex) }

    /// Destroys the key of a case: what was encrypted under it is gone, on this disk and in every backup of the database.
    public func destroyKey(of caseID: CaseID) throws { try destroyKey(named: caseID.text) }

    private func destroyKey(named name: String) throws {
        opened.withLock { $0[name] = nil }
        let url = url(name)
        guard let size = DurableFile.size(url) else { return }
        try DurableFile.append(SecureRandom.bytes(size), to: url, offset: 0, flush: true)
        DurableFile.remove(url)
    }

    private func url(_ name: String) -> URL { directory.appendingPathComponent(name + ".key") }

    private func key(named name: String) throws -> [UInt8] {
        if let key = opened.withLock({ $0[name] }) { return key }
        guard let wrapped = try DurableFile.read(url(name)) else { throw CaseFileError(.unknownCase, "no key file") }
        guard let key = try? AESGCM.open(wrapped, key: wrapping, associatedData: Self.label(name)), key.count == 32
        else {
            throw CaseFileError(.damaged, "a key file does not open under this master")
        }
        opened.withLock { $0[name] = key }
        return key
    }

    private func makeKey(named name: String) throws -> [UInt8] {
        do { return try key(named: name) } catch let error as CaseFileError where error.code == .unknownCase {
            let key = SecureRandom.bytes(32)
            // Two processes may make one in the same moment: the first file stays, and both read it.
            try DurableFile.writeOnce(
                try AESGCM.seal(key, key: wrapping, associatedData: Self.label(name)), to: url(name))
            return try self.key(named: name)
        }
    }

    private static func label(_ name: String) -> [UInt8] { Array("kheya-case-key/1\n\(name)".utf8) }
}
