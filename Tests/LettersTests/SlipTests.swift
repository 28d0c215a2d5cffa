// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import TestSupport
import Testing

@Suite struct SlipTests {
    @Test func `there are vectors, valid ones and broken ones`() throws {
        let vectors = try Vector.all(in: "slip")
        #expect(vectors.contains { $0.expect == "opens" })
        for code in ["slip.malformed", "slip.version", "slip.binding"] {
            #expect(vectors.contains { $0.expect == code }, "no vector expects \(code)")
        }
    }

    @Test(arguments: try Vector.all(in: "slip"))
    func `the reader answers each vector with the code it expects`(vector: Vector) {
        do {
            let slip = try Slip.read(vector.bytes)
            #expect(vector.expect == "opens")
            #expect(slip.json() == vector.bytes, "written again, the slip is the same bytes")
        } catch {
            #expect(vector.expect == error.code.rawValue, "\(error.reason)")
        }
    }

    @Test func `a slip cut at any byte is refused`() throws {
        let vector = try #require(try Vector.all(in: "slip").first { $0.name == "opens-follow" })
        for count in 0..<vector.bytes.count {
            #expect(throws: LetterError.self) { try Slip.read(Array(vector.bytes.prefix(count))) }
        }
    }

    @Test func `a slip with any one bit changed is refused or says something else`() throws {
        let vector = try #require(try Vector.all(in: "slip").first { $0.name == "opens-offer" })
        let slip = try Slip.read(vector.bytes)
        for index in vector.bytes.indices {
            for bit in 0..<8 {
                var bytes = vector.bytes
                bytes[index] ^= 1 << UInt8(bit)
                if let other = try? Slip.read(bytes) {
                    #expect(other != slip)
                    #expect(other.json() == bytes)
                }
            }
        }
    }

    @Test(arguments: [
        "Asha", "আশা", "आशा", "Rina Begum", "+880 1700 000000", "23.7104,90.4074", "Jashore, Chougachha", "a/../b",
        "x\u{0}",
    ])
    func `no field of a slip takes a name, a number or a place`(text: String) throws {
        let vector = try #require(try Vector.all(in: "slip").first { $0.name == "opens-follow" })
        let slip = try CanonicalJSON.read(vector.bytes, limits: .slip)
        var tried = 0
        func replaced(_ value: JSONValue) -> [JSONValue] {
            switch value {
            case .string:
                // A single word of ASCII letters has the shape of a code: the profile's closed lists refuse it, not the pattern.
                return text == "Asha" ? [] : [.string(text)]
            case .integer, .bool: return [.string(text)]
            case .array(let array):
                return array.indices.flatMap { index in
                    replaced(array[index]).map {
                        var copy = array; copy[index] = $0; return .array(copy)
                    }
                }
            case .object(let object):
                return object.flatMap { key, member in
                    replaced(member).map {
                        var copy = object; copy[key] = $0; return .object(copy)
                    }
                } + [.object(object.merging([text: .string("yes")]) { _, new in new })]
            }
        }
        for broken in replaced(.object(slip)) {
            tried += 1
            #expect(throws: LetterError.self) { try Slip.read(CanonicalJSON.write(broken)) }
        }
        #expect(tried > 10)
    }

    @Test func `the error names the field and never the value`() throws {
        let vector = try #require(try Vector.all(in: "slip").first { $0.name == "name-as-member" })
        do {
            _ = try Slip.read(vector.bytes)
            Issue.record("accepted")
        } catch {
            #expect(error.reason.contains("slip.from"))
            #expect(!error.reason.contains("Invented"))
        }
    }
}

@Suite struct SealedStepsTests {
    @Test func `sealed steps are read as they were written`() throws {
        let steps = SealedSteps(
            events: [
                Event(
                    code: "HOME_INV_REPORT", facts: ["visited_on": .text("2026-01-10"), "explained_at": .integer(5)],
                    at: Instant(seconds: 7),
                    person: String(repeating: "a", count: 64))
            ], requires: [try #require(Digest(Array(repeating: 3, count: 32)))])
        #expect(try SealedSteps.read(steps.json()) == steps)
    }

    @Test func `a letter without an event still says what it relies on`() throws {
        let steps = SealedSteps(events: [], requires: [try #require(Digest(Array(repeating: 3, count: 32)))])
        #expect(try SealedSteps.read(steps.json()) == steps)
    }

    @Test func `an unknown field under the seal is refused too`() {
        #expect(throws: LetterError(.malformed, "")) {
            try SealedSteps.read(Array(#"{"note":"x","steps":[{"code":"HOLD_IN"}]}"#.utf8))
        }
    }
}
