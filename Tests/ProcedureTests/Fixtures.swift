// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure
import Testing

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

/// One folder of `Protocols/Profiles`: the procedure, its forms, its labels in English. Every test that is not about one
/// of them runs over all that are found.
struct ShippedProfile: Sendable, CustomTestStringConvertible {
    let id: String
    let profile: Profile
    let catalogue: FormCatalogue
    let labels: ProfileLabels

    var testDescription: String { id }

    /// The digest is not checked here: this module has no SHA-256.
    init(folder: String) throws {
        id = folder
        profile = try ProfileDocument.read(
            Protocols.bytes("Profiles/\(folder)/profile.json"), digest: .named(folder))
        catalogue = try FormsDocument.read(Protocols.bytes("Profiles/\(folder)/forms.json"))
        labels = try ProfileLabels(Protocols.bytes("Profiles/\(folder)/labels-en.json"))
    }

    static let all: [ShippedProfile] = {
        do {
            return try Protocols.names(in: "Profiles", suffix: "").filter { !$0.hasPrefix(".") }
                .map(ShippedProfile.init(folder:))
        } catch {
            fatalError("\(error)")
        }
    }()

    static func named(_ id: String) -> ShippedProfile {
        guard let found = all.first(where: { $0.id == id }) else { fatalError("no profile \(id)") }
        return found
    }
}

extension Profile {
    static let repatriation = ShippedProfile.named("in-bd-repatriation").profile
}

extension FormCatalogue {
    static let repatriation = ShippedProfile.named("in-bd-repatriation").catalogue
}

extension Digest {
    /// A digest from a name: readable in a failure.
    static func named(_ name: String) -> Digest {
        guard let digest = ReplayScript.id(of: name) else { fatalError("a name longer than 32 bytes") }
        return digest
    }
}
