// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure
import TestSupport
import Testing
import TrailAudit

@Suite struct HonestTests {
    @Test func `an honest bundle of several cases passes`() throws {
        var trail = try PracticeTrail()
        try trail.tell("withdrawn-accepted", as: "withdrawn")
        try trail.tell("main-path-adult", as: "main", first: 20)
        let report = try PracticeBundle(trail).verify()
        #expect(report.verdict == .pass, "\(report.text)")
        #expect(report.letters > 60)
    }
}
