// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Procedure

/// Sealed part files that are too large for the database, and attachments at rest; named by digests, in two directories of the home.
public struct PartFiles: Sendable {
    private let parts: URL
    private let attachments: URL

    init(directory: URL) throws {
        parts = directory.appendingPathComponent("parts")
        attachments = directory.appendingPathComponent("attachments")
        try DurableFile.makeDirectory(parts)
        try DurableFile.makeDirectory(attachments)
    }

    /// Writes a whole sealed part file, durably. The caller has checked its digest.
    public func write(_ bytes: [UInt8], as digest: Digest) throws {
        guard DurableFile.size(url(digest)) != bytes.count else { return }
        try DurableFile.write(bytes, to: url(digest))
    }

    /// `nil` when it is not here.
    public func read(_ digest: Digest, offset: Int = 0, count: Int = .max) throws -> [UInt8]? {
        try DurableFile.read(url(digest), offset: offset, count: count)
    }

    /// The size of a whole part file; `nil` when it is not here.
    public func size(_ digest: Digest) -> Int? { DurableFile.size(url(digest)) }

    public func remove(_ digest: Digest) {
        DurableFile.remove(url(digest))
        DurableFile.remove(partial(digest))
    }

    /// How much of a part that is being fetched is here.
    public func partialSize(_ digest: Digest) -> Int { DurableFile.size(partial(digest)) ?? 0 }

    /// Appends to a part that is being fetched. Not flushed: a power cut may cost these bytes, and the fetch begins again.
    public func appendPartial(_ bytes: [UInt8], of digest: Digest, at offset: Int) throws {
        try DurableFile.append(bytes, to: partial(digest), offset: offset, flush: false)
    }

    /// All bytes of a part that is being fetched.
    public func partial(bytesOf digest: Digest) throws -> [UInt8] { try DurableFile.read(partial(digest)) ?? [] }

    /// Drops what was fetched of a part: its digest was wrong.
    public func dropPartial(_ digest: Digest) { DurableFile.remove(partial(digest)) }

    /// Where the attachment of that name lies, encrypted.
    func attachment(_ name: String) -> URL { attachments.appendingPathComponent(name) }

    public func removeAttachment(_ name: Digest) {
        DurableFile.remove(attachment(name.hex))
        DurableFile.remove(attachment(name.hex + ".new"))
    }

    func clearAway(keeping parts: Set<String>, attachments: Set<String>, before: Date) throws {
        for (directory, kept) in [(self.parts, parts), (self.attachments, attachments)] {
            for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) where !kept.contains(name) {
                let url = directory.appendingPathComponent(name)
                let touched = try? url.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
                if let touched, touched < before { DurableFile.remove(url) }
            }
        }
    }

    private func url(_ digest: Digest) -> URL { parts.appendingPathComponent(digest.hex) }
    private func partial(_ digest: Digest) -> URL { parts.appendingPathComponent(digest.hex + ".partial") }
}
