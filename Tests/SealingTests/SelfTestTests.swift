// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Letters
import Procedure
import Sealing
import Testing

@Suite struct SelfTestTests {
    @Test func `a healthy installation passes its self-test`() throws {
        #expect(KnownAnswers.firstFailure() == nil)
        try SelfTest.run()
    }

    /// The negative control: what OpenSSL's own functions accept, the self-test finds.
    @Test func `an installation that reads with OpenSSL's CMS functions alone does not start`() throws {
        var path = SelfTest.Path.ours
        path.read = { file, _ in .sha256(try StockCMS.verifySignature(file)) }
        let slips = #expect(throws: SelfTest.Failure.self) { try SelfTest.run(path) }
        #expect(slips?.name.hasPrefix("A1") == true)
        path = .ours
        path.open = { file, label, part, reader in
            let plain = try StockCMS(certificate: reader.certificate, key: reader.key).open(file)
            return Array(plain.dropFirst(36 + Int(plain[35])).prefix(9))
        }
        let parts = #expect(throws: SelfTest.Failure.self) { try SelfTest.run(path) }
        #expect(parts?.name == "A8: bytes after a part")
    }

    @Test func `the self-test takes less than a second`() throws {
        let time = try ContinuousClock().measure { try SelfTest.run() }
        #expect(time < .seconds(1))
    }
}
