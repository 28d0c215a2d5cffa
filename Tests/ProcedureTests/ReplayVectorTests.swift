// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import Testing

@Suite struct ReplayVectorTests {
    static let files = (try? Protocols.names(in: "Vectors/procedure", suffix: ".json")) ?? []

    @Test func `there are vectors`() { #expect(!Self.files.isEmpty) }

    @Test(arguments: files)
    func `each story ends as its file says, for the nodes and for a broker`(file: String) throws {
        let script = try ReplayDocument.read(Protocols.bytes("Vectors/procedure/\(file)"), profile: .repatriation)
        #expect(script.run(profile: .repatriation).differences == [])
        #expect(script.run(profile: .repatriation, sight: .broker).differences == [])
    }
}
