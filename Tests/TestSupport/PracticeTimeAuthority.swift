// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// An invented time-stamping authority: a root, a certificate for stamping, and the stock `openssl ts` command.
public final class PracticeTimeAuthority {
    private let stock: StockCommand
    /// Where its files are: `chain.pem`, `tsa.cnf`, `tsa.pem`, `tsa.key`.
    public var folder: URL { stock.folder }

    public init(name: String = "Practice Time") throws {
        stock = try StockCommand()
        let configuration = """
            [ts]
            default_tsa = practice
            [practice]
            serial = serial
            signer_cert = tsa.pem
            certs = root.pem
            signer_key = tsa.key
            signer_digest = sha256
            default_policy = 1.2.3.4
            digests = sha256, sha512
            ess_cert_id_alg = sha256
            """
        try stock.write(Array(configuration.utf8), "tsa.cnf")
        try stock.write(Array("01\n".utf8), "serial")
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -batch"
        try run("req -x509 \(key) -keyout root.key -out root.pem -days 3650 -subj".words + ["/CN=\(name) Root"])
        try run("req -new \(key) -keyout tsa.key -out tsa.csr -subj".words + ["/CN=\(name)"])
        try stock.write(Array("extendedKeyUsage=critical,timeStamping\nkeyUsage=digitalSignature\n".utf8), "usage")
        try run("x509 -req -in tsa.csr -CA root.pem -CAkey root.key -days 3650 -extfile usage -out tsa.pem".words)
        try stock.write(stock.read("root.pem") + stock.read("tsa.pem"), "chain.pem")
    }

    /// Its chain, as an auditor or broker is given it.
    public func chain() throws -> [UInt8] { try stock.read("chain.pem") }

    /// The response to a query: DER.
    public func answer(_ query: [UInt8]) throws -> [UInt8] {
        try stock.write(query, "query")
        try run("ts -reply -config tsa.cnf -section practice -queryfile query -out response".words)
        return try stock.read("response")
    }

    /// Whether the stock command verifies a response over a file under this chain.
    public func stockVerifies(_ response: [UInt8], over file: [UInt8]) throws -> Bool {
        try stock.write(response, "response")
        try stock.write(file, "file")
        return try stock.run("ts -verify -data file -in response -CAfile chain.pem").status == 0
    }

    private func run(_ arguments: [String]) throws {
        let result = try stock.run(arguments)
        guard result.status == 0 else { throw Failure(output: result.output) }
    }

    /// What the command said.
    public struct Failure: Error { let output: String }
}

extension String {
    fileprivate var words: [String] { split(separator: " ").map(String.init) }
}
