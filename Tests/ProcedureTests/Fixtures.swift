// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure

/// Files of `Protocols/`, found from this file.
enum Protocols {
    static let folder: URL =
        ProcessInfo.processInfo.environment["KHEYA_PROTOCOLS"].map { URL(fileURLWithPath: $0) }
        ?? URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Protocols")

    static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(path)))
    }

    static func names(in path: String, suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(path).path).filter {
            $0.hasSuffix(suffix)
        }.sorted()
    }
}

extension Profile {
    /// The shipped profile. Its digest is not checked here: this module has no SHA-256.
    static let repatriation: Profile = {
        do {
            let bytes = try Protocols.bytes("Profiles/in-bd-repatriation/profile.json")
            return try ProfileDocument.read(bytes, digest: .named("in-bd-repatriation"))
        } catch {
            fatalError("\(error)")
        }
    }()
}

extension Digest {
    /// A digest from a name: readable in a failure.
    static func named(_ name: String) -> Digest {
        guard let digest = ReplayScript.id(of: name) else { fatalError("a name longer than 32 bytes") }
        return digest
    }
}
