// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CFloors
import CaseFile
import Cryptography
import Foundation
import FoundationNetworking
import Letters
import Node
import Procedure
import Sealing

/// What the pages of a node cost that carries many cases: a process of the program, asked over HTTP as a browser does.
struct PagesSection {
    let bench: Workbench
    let rounds: Int
    let cases = 10_000
    /// Requests of one page in a round.
    let requests = 20

    func run(_ report: inout Report) async throws {
        report.begin(
            "pages",
            "pages of a node with \(cases) cases, all of them open; the floor is a page about nothing, of the same server"
        )
        let network = try bench.network("pages")
        defer { network.stop() }
        let began = floors_now()
        let reference = try fill(network)
        let prepared = floors_now() - began
        let port = try PracticeNetwork.freePort()
        let child = try network.command(
            "shelter",
            ["node", "run", "--home", network.path("shelter"), "--web-listen", "127.0.0.1:\(port)"])
        try await PracticeNetwork.awaitPort(port)
        let browser = try Browser(port: port, cookie: signIn(network))
        // The first list of all replays every case and writes its summary; the first of a process reads them.
        report.figure(
            "  the first list ever, every case replayed", Spread([try await browser.milliseconds("/") / 1e3]), "s",
            note: "\(cases) cases opened in \(Int(prepared)) s")
        let empty = "/safety"
        let pages = [
            ("today", "/"), ("cases", "/cases"), ("a case", "/cases/\(reference)"),
            ("its checkpoints", "/cases/\(reference)/board"), ("offers", "/offers"), ("outbox", "/outbox"),
            ("trail", "/audit"), ("stop", "/stop"), ("members", "/members"),
        ]
        var samples: [String: [Double]] = [:]
        for round in 0...rounds {
            let order = [("empty", empty)] + pages
            for (name, path) in round.isMultiple(of: 2) ? order : order.reversed() {
                var times: [Double] = []
                for _ in 0..<requests { times.append(try await browser.milliseconds(path)) }
                if round > 0 { samples[name, default: []].append(Spread(times).median) }
            }
        }
        let floor = samples["empty"] ?? []
        for (name, _) in pages {
            let own = samples[name] ?? []
            report.compare(
                "\(name), median", Spread(own), "ms", floor: Spread(floor).median,
                ratio: Spread(zip(own, floor).map { $0 / $1 }), target: .atMost(20 / max(0.1, Spread(floor).median)),
                note: "the target is 20 ms")
        }
        report.figure("  memory at its peak", Spread([try child.memory().peak]), "MiB")
    }

    /// Opens the cases, each by an act of its own; their letters wait, because no broker runs.
    ///
    /// - Returns: how the pages call the last one.
    private func fill(_ network: PracticeNetwork) throws -> String {
        let desk = try bench.desk(of: .shelter, in: network)
        let act = try CycleSection(bench: bench, rounds: rounds).offer()
        var last = ""
        for _ in 0..<cases {
            last = try desk.openCase(act, at: Instant(seconds: Int64(Date().timeIntervalSince1970))).caseID.text
        }
        return last
    }

    /// An account with a session, as signing in leaves them.
    private func signIn(_ network: PracticeNetwork) throws -> String {
        let desk = try bench.desk(of: .shelter, in: network)
        let token = SecureRandom.bytes(32)
        let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
        try desk.store.write { transaction in
            try transaction.put(
                Account(name: "bench", role: .supervisor, state: .active, slipUntil: now, created: now))
            try transaction.put(SessionRecord(digest: .sha256(token), account: "bench", begun: now, seen: now))
        }
        return "__Host-kheya=\(token.map { String(format: "%02x", $0) }.joined())"
    }

    private struct Browser {
        let port: Int
        let cookie: String
        private let session: URLSession

        init(port: Int, cookie: String) {
            (self.port, self.cookie) = (port, cookie)
            let configuration = URLSessionConfiguration.ephemeral
            configuration.httpShouldSetCookies = false
            configuration.timeoutIntervalForRequest = 600
            session = URLSession(configuration: configuration)
        }

        /// From the request to the last byte of the answer.
        func milliseconds(_ path: String) async throws -> Double {
            guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else { throw BenchmarkError("no address") }
            var request = URLRequest(url: url)
            request.setValue(cookie, forHTTPHeaderField: "Cookie")
            let start = floors_now()
            let (_, response) = try await session.data(for: request)
            let seconds = floors_now() - start
            let status = (response as? HTTPURLResponse)?.statusCode
            guard status == 200 else { throw BenchmarkError("\(path) was answered \(status ?? 0)") }
            return seconds * 1e3
        }
    }
}
