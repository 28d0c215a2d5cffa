// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import TestSupport
import Testing

@Suite struct TimeStampTests {
    let file = Array("practice.example/2026\n1\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n".utf8)
    var digest: [UInt8] { SHA256.hash(file) }

    @Test func `a query is answered by the stock authority, and the answer verifies here and there`() throws {
        let office = try PracticeTimeAuthority()
        let query = try TimeStamp.Query(digest: digest)
        let before = Int64(Date().timeIntervalSince1970)
        let response = try office.answer(query.bytes)
        let stamp = try TimeStamp(
            reading: response, over: digest, by: TimeStampAuthority(pem: office.chain()), answering: query)
        #expect((before...before + 60).contains(stamp.time))
        #expect(stamp.response == response)
        #expect(try office.stockVerifies(response, over: file))
    }

    @Test func `a query of the stock command is answered the same way`() throws {
        let office = try PracticeTimeAuthority()
        let stock = try StockCommand()
        try stock.write(file, "file")
        try stock.run("ts -query -data file -sha256 -cert -no_nonce -out query")
        let response = try office.answer(stock.read("query"))
        #expect(
            throws: Never.self,
            performing: {
                try TimeStamp(reading: response, over: digest, by: TimeStampAuthority(pem: office.chain()))
            })
    }

    @Test func `a stamp over another file, by another authority or for another question is none`() throws {
        let office = try PracticeTimeAuthority()
        let trusted = try TimeStampAuthority(pem: office.chain())
        let query = try TimeStamp.Query(digest: digest)
        let response = try office.answer(query.bytes)
        func read(
            _ response: [UInt8], over: [UInt8], by authority: TimeStampAuthority, answering: TimeStamp.Query? = nil
        ) throws -> TimeStamp {
            try TimeStamp(reading: response, over: over, by: authority, answering: answering)
        }
        #expect(throws: Never.self) { try read(response, over: digest, by: trusted, answering: query) }
        #expect(throws: CryptographyError(.invalidSignature, "")) {
            try read(response, over: SHA256.hash(file + [0]), by: trusted)
        }
        #expect(throws: CryptographyError(.invalidSignature, "")) {
            try read(response, over: digest, by: trusted, answering: TimeStamp.Query(digest: digest))
        }
        let other = try TimeStampAuthority(pem: PracticeTimeAuthority().chain())
        #expect(throws: CryptographyError(.invalidSignature, "")) { try read(response, over: digest, by: other) }
    }

    @Test func `no altered, cut or lengthened response is taken for the stamp, and none ends the process`() throws {
        let office = try PracticeTimeAuthority()
        let trusted = try TimeStampAuthority(pem: office.chain())
        let response = try office.answer(TimeStamp.Query(digest: digest).bytes)
        let stamp = try TimeStamp(reading: response, over: digest, by: trusted)
        var refused = 0
        for index in response.indices {
            var altered = response
            altered[index] ^= 0x01
            // Some bytes mean nothing: those of a certificate that is not needed to build the chain. No time changes.
            if let read = try? TimeStamp(reading: altered, over: digest, by: trusted) {
                #expect(read.time == stamp.time)
            } else {
                refused += 1
            }
        }
        #expect(refused > response.count / 3)
        for count in stride(from: 0, to: response.count, by: 7) {
            #expect(throws: CryptographyError(.invalidSignature, "")) {
                try TimeStamp(reading: Array(response.prefix(count)), over: digest, by: trusted)
            }
        }
        #expect(throws: CryptographyError(.invalidSignature, "")) {
            try TimeStamp(reading: response + [0], over: digest, by: trusted)
        }
        #expect(throws: CryptographyError(.malformed, "")) {
            try TimeStamp(reading: [UInt8](repeating: 0x30, count: TimeStamp.limit + 1), over: digest, by: trusted)
        }
    }

    @Test func `an authority without a certificate is refused when it is named`() throws {
        #expect(throws: CryptographyError(.malformed, "")) { try TimeStampAuthority(pem: []) }
        #expect(throws: CryptographyError(.malformed, "")) {
            try TimeStampAuthority(
                pem: Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8))
        }
    }
}
