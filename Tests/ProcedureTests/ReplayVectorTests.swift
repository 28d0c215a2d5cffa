// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

@Suite struct ReplayVectorTests {
    static let files = (try? Protocols.names(in: "Vectors/procedure", suffix: ".json")) ?? []

    @Test func `there are vectors`() { #expect(!Self.files.isEmpty) }

    @Test func `every step of the repatriation profile stands in a story`() throws {
        var told: Set<String> = []
        for file in Self.files {
            let bytes = try Protocols.bytes("Vectors/procedure/\(file)")
            guard try ReplayDocument.profile(of: bytes) == Profile.repatriation.id else { continue }
            for letter in try ReplayDocument.read(bytes, profile: .repatriation).letters {
                if case .opened(let events) = letter.step.sealed { told.formUnion(events.map(\.code)) }
            }
        }
        #expect(Set(Profile.repatriation.definition.events.keys).subtracting(told).sorted() == [])
    }

    @Test(arguments: files)
    func `each story ends as its file says, for the nodes and for a broker`(file: String) throws {
        let bytes = try Protocols.bytes("Vectors/procedure/\(file)")
        let profile = ShippedProfile.named(try ReplayDocument.profile(of: bytes)).profile
        let script = try ReplayDocument.read(bytes, profile: profile)
        #expect(script.run(profile: profile).differences == [])
        #expect(script.run(profile: profile, sight: .broker).differences == [])
    }
}
