// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An invented time-stamping authority: a root, a certificate for stamping, and the stock `openssl ts` command.
public final class PracticeTimeAuthority: Sendable {
    private let stock: StockCommand

    public init() throws {
        stock = try StockCommand()
        let maker = Process()
        maker.executableURL = Vector.protocols.deletingLastPathComponent().appending(path: "Tests/Demo/time-authority")
        maker.arguments = [stock.folder.appending(path: "office").path, "--make"]
        try maker.run()
        maker.waitUntilExit()
    }

    /// Its chain, as an auditor or broker is given it.
    public func chain() throws -> [UInt8] { try stock.read("office/chain.pem") }

    /// The response to a query: DER.
    public func answer(_ query: [UInt8]) throws -> [UInt8] {
        try stock.write(query, "query")
        try stock.run("ts -reply -config office/tsa.cnf -section practice -queryfile query -out response")
        return try stock.read("response")
    }

    /// Whether the stock command verifies a response over a file under this chain.
    public func stockVerifies(_ response: [UInt8], over file: [UInt8]) throws -> Bool {
        try stock.write(response, "response")
        try stock.write(file, "file")
        return try stock.run("ts -verify -data file -in response -CAfile office/chain.pem").status == 0
    }
}
