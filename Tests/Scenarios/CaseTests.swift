// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The main path in short, with real processes: what `make demo` shows at length.
@Suite(.serialized) struct CaseTests {
    private func write(_ world: World, _ name: String, _ content: String) throws -> String {
        try Data(content.utf8).write(to: URL(fileURLWithPath: world.path(name)))
        return world.path(name)
    }

    private func date(_ days: Int) -> String {
        String(
            Date().addingTimeInterval(Double(days) * 86_400).formatted(Date.ISO8601FormatStyle(timeZone: .gmt)).prefix(
                10))
    }

    /// Facts of an offer with its consent.
    private func offer(_ world: World) throws -> String {
        try write(
            world, "offer-facts.json",
            #"""
            {"ADULT_ESTABLISHED": {"age_basis": "document"},
             "SHARE_CONSENT_PREVIEW": {"consent_ref": "00000000000000000000000000000001", "recipient": "bd:nadipar",
              "valid_until": "\#(date(90))", "given_by": "self", "assent": "not_applicable"},
             "REFERRAL_OFFER": {"victim_status": "actual", "status_decided_by": "police", "held_as": "protected"}}
            """#)
    }

    private let opening = ["ADULT_ESTABLISHED", "SHARE_CONSENT_PREVIEW", "REFERRAL_OFFER"]

    @Test func `a file of another system becomes drafts, once, and a wrong one becomes nothing`() throws {
        let world = try World()
        func take(_ file: String, _ more: [String] = []) throws -> Program.Result {
            try world.run(
                [
                    "case", "import", file, "--from", "htcds", "--as", "worker", "--home", world.path("shelter"),
                    "--json",
                ]
                    + more)
        }
        let wrong = try write(world, "wrong.csv", "prs_FirstName,vic_TraffickingStatus\nMoyna,Tuni\n")
        let refused = try take(wrong)
        #expect(refused.status == 65 && refused.errors.contains("record 1, vic_TraffickingStatus: unknown-code"))
        let file = try write(
            world, "cases.csv",
            "prs_FirstName,vic_TraffickingStatus,con_Consent\r\nMoyna,ActualVictimOfTrafficking,true\r\n")
        for (arguments, known) in [(["--dry-run"], false), ([], false), ([], true)] {
            let taken = try take(file, arguments)
            let record = try #require((try taken.json()["records"] as? [[String: Any]])?.first)
            #expect(record["known"] as? Bool == known && (record["drafts"] as? [Any])?.count == 2)
        }
        #expect(!refused.errors.contains("Moyna") && !refused.errors.contains("Tuni"))
        #expect((try world.json("shelter", "letter", "outbox")["letters"] as? [Any] ?? []).isEmpty)
    }

    @Test func `an offer crosses both brokers, is accepted, and the receipts come back`() throws {
        let world = try World()
        try world.startAll()
        let answer = try world.must(
            ["case", "open"] + opening + [
                "--as", "worker", "--to", World.ngo, "--facts", try offer(world), "--home", world.path("shelter"),
                "--json",
            ]
        ).json()
        let caseID = try #require(answer["case"] as? String)
        let letter = try #require((answer["letters"] as? [String])?.first)
        try world.wait(for: "the offer at the NGO") {
            try world.run(["case", "show", caseID, "--home", world.path("ngo"), "--json"]).status == 0
        }
        let shown = try world.json("ngo", "case", "show", caseID)
        #expect(shown["lifecycle"] as? String == "offered")
        #expect((shown["procedure"] as? String)?.contains("A reconstruction from public sources") == true)
        let facts = try write(world, "accepted.json", #"{"REFERRAL_ACCEPTED": {"conflict": "none_found"}}"#)
        try world.must([
            "case", "do", caseID, "REFERRAL_ACCEPTED", "--as", "worker", "--facts", facts, "--home", world.path("ngo"),
        ])
        try world.must(["letter", "act", letter, "--as", "worker", "--home", world.path("ngo")])
        try world.wait(for: "acceptance and both receipts at the shelter") {
            let shown = try #require(try world.json("shelter", "letter", "show", letter)["letter"] as? [String: Any])
            let states = (shown["receipts"] as? [[String: Any]] ?? []).compactMap { $0["state"] as? String }
            return try world.json("shelter", "case", "show", caseID)["lifecycle"] as? String == "accepted"
                && Set(states) == ["valid", "acted"]
        }

        // Refused by the node before anything is sealed: the guard is named, nothing is in the outbox.
        let before = try (world.json("shelter", "letter", "outbox")["letters"] as? [Any])?.count
        let dossier = ["case", "do", caseID, "DOSSIER", "--as", "worker", "--home", world.path("shelter")]
        let refused = try world.run(dossier + ["--json"])
        #expect(refused.status == 4)
        #expect(refused.errors.contains("\"code\":\"G_SHARE_FULL\""))
        // People read labels, in their language; here Bangla is asked for, English is the home's.
        let told = try ["bn", nil].map { language in
            try world.run(dossier + (language.map { ["--language", $0] } ?? [])).errors
        }
        #expect(told[0].hasPrefix("kheya: “পূর্ণ নথি পাঠানো হয়েছে” গৃহীত হয়নি: "))
        #expect(told[1].hasPrefix("kheya: “Dossier sent” is not accepted: "))
        #expect(!told.joined().contains("G_SHARE_FULL"))
        #expect(try (world.json("shelter", "letter", "outbox")["letters"] as? [Any])?.count == before)

        // A stop takes effect at the other end.
        try world.must([
            "case", "do", caseID, "SHARE_CONSENT_WITHDRAWN", "--as", "worker", "--home", world.path("shelter"),
        ])
        try world.wait(for: "the stop at the NGO") {
            try world.json("ngo", "case", "show", caseID)["lifecycle"] as? String == "draft"
        }

        // The letter opens with stock tools.
        try world.must(["letter", "export", letter, "--home", world.path("ngo"), "--to", world.path("inspect")])
        #expect(
            try world.run(["letter", "export", letter, "--home", world.path("ngo"), "--to", world.path("inspect")])
                .status == 73)
        let roots = try ["in", "bd"].map {
            try String(contentsOfFile: world.path("\($0)-authority/keys/root.crt"), encoding: .utf8)
        }.joined()
        let verified = try Program.run(
            [
                "cms", "-verify", "-binary", "-inform", "DER", "-in", world.path("inspect/\(letter)/slip.p7s"),
                "-CAfile", try write(world, "roots.pem", roots),
            ],
            program: "/usr/bin/openssl")
        #expect(verified.status == 0, "\(verified.errors)")
        let digest = try Program.run(["dgst", "-sha256", "-r"], input: verified.output, program: "/usr/bin/openssl")
        #expect(digest.output.hasPrefix(letter))

        // The doctor finds nothing wrong, and says so when the broker is gone.
        #expect(try world.run(["doctor", "--home", world.path("ngo")]).status == 0)
        world.stop("bd-broker")
        let ill = try world.run(["doctor", "--home", world.path("ngo"), "--json"])
        #expect(ill.status == 2)
        #expect(ill.output.contains("exchange.unreachable") || ill.output.contains("broker"))
    }

    @Test func `the doctor names the labels that are missing, and what brings them`() throws {
        let world = try World()
        func checks() throws -> [[String: Any]] {
            let output = try world.run(["doctor", "--offline", "--home", world.path("ngo"), "--json"]).output
            let report = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
            return try #require(report?["checks"] as? [[String: Any]]).filter { $0["name"] as? String == "profile" }
        }
        #expect(try checks().allSatisfy { $0["status"] as? String == "ok" })
        let folder = world.path("ngo/documents")
        let labels = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasPrefix("labels-bn-") })
        try FileManager.default.removeItem(atPath: "\(folder)/\(labels)")
        let warning = try #require(try checks().first { $0["status"] as? String == "warning" })
        #expect((warning["finding"] as? String)?.hasSuffix("is not here: labels-bn") == true)
        #expect((warning["cure"] as? String)?.contains("kheya member import --documents") == true)
        try world.must(["member", "import", "--documents", Program.profileFolder, "--home", world.path("ngo")])
        #expect(try checks().allSatisfy { $0["status"] as? String == "ok" })
    }

    @Test func `documents that no profile names are refused by name, and a language is not left out`() throws {
        let world = try World()
        let folder = world.path("documents")
        func refused() throws -> String {
            let result = try world.run([
                "member", "import", "--documents", folder, "--home", world.path("ngo"), "--json",
            ])
            #expect(result.status == 65)
            let error = try JSONSerialization.jsonObject(with: Data(result.errors.utf8)) as? [String: Any]
            return try #require(error?["message"] as? String)
        }
        try FileManager.default.copyItem(atPath: Program.profileFolder, toPath: folder)
        let hindi = folder + "/labels-hi.json"
        let right = try String(contentsOfFile: hindi, encoding: .utf8)
        try Data(right.replacing("\"version\"", with: " \"version\"").utf8).write(to: URL(fileURLWithPath: hindi))
        #expect(try world.run(["member", "import", "--documents", folder, "--home", world.path("ngo")]).status == 0)
        try Data(right.replacing("फ़ाइल", with: "फाइल").utf8).write(to: URL(fileURLWithPath: hindi))
        #expect(try refused().hasPrefix("labels-hi: "))
        try FileManager.default.removeItem(atPath: hindi)
        #expect(try refused() == "labels-hi: missing")
        #expect(
            try world.run(["case", "list", "--language", "hi", "--home", world.path("ngo")]).output
                == "अभी कोई केस नहीं है।\n")
        #expect(try world.run(["case", "list", "--language", "ta", "--home", world.path("ngo")]).status == 64)
    }

    @Test func `letters travel on sticks where no line exists, twice without a second effect`() throws {
        let world = try World()
        // Nothing runs but the two brokers, and the NGO has no line.
        let answer = try world.must(
            ["case", "open"] + opening + [
                "--as", "worker", "--to", World.ngo, "--facts", try offer(world), "--home", world.path("shelter"),
                "--json",
            ]
        ).json()
        let caseID = try #require(answer["case"] as? String)
        for stick in ["out", "back"] {
            try FileManager.default.createDirectory(atPath: world.path(stick), withIntermediateDirectories: true)
        }
        try world.must(["courier", "export", "--home", world.path("shelter"), "--to", world.path("out")])
        // Not for us: a stick sealed to the Indian broker opens nowhere else.
        #expect(try world.run(["courier", "import", world.path("out"), "--home", world.path("ngo")]).status == 2)
        try world.must(["courier", "import", world.path("out"), "--home", world.path("in-broker")])
        try world.start("in-broker")
        try world.start("bd-broker")
        // Once it holds its store, a stick is laid into its home; before, the command would hold the store itself.
        try world.wait(for: "the broker") {
            try world.run(["broker", "status", "--home", world.path("in-broker"), "--json"]).json()["running"] as? Bool
                == true
        }
        try world.must(["courier", "import", world.path("out"), "--home", world.path("in-broker")])
        try world.wait(for: "the letter in the NGO's mailbox") {
            let status = try world.run(["broker", "status", "--home", world.path("bd-broker"), "--json"]).json()
            return (status["mailboxes"] as? [String: Int])?[World.ngo] == 1
        }
        world.stop("bd-broker")
        try world.must([
            "courier", "export", "--home", world.path("bd-broker"), "--for", World.ngo, "--to", world.path("back"),
        ])
        try world.must(["courier", "import", world.path("back"), "--home", world.path("ngo")])
        try world.must(["courier", "import", world.path("back"), "--home", world.path("ngo")])
        let history = try #require(try world.json("ngo", "case", "history", caseID)["letters"] as? [[String: Any]])
        #expect(history.filter { $0["type"] as? String == "step" }.count == 1)
        #expect(history.filter { $0["type"] as? String == "receipt" }.count == 1)
        #expect(try world.json("ngo", "case", "show", caseID)["lifecycle"] as? String == "offered")
    }

    @Test func `what needs two persons is approved by one account and done by another, once`() throws {
        let world = try World()
        let home = ["--home", world.path("shelter")]
        try world.must(["user", "add", "reviewer"] + home)
        let opened = try world.must(
            ["case", "open"] + opening + [
                "--as", "worker", "--to", World.ngo, "--facts", try offer(world), "--json",
            ] + home
        ).json()
        let caseID = try #require(opened["case"] as? String)
        let letter = try #require((opened["letters"] as? [String])?.first)
        let facts = try write(world, "retraction.json", #"{"RETRACTION": {"retracts": "\#(letter)"}}"#)
        let code = String(repeating: "de", count: 32)
        let typed = try write(
            world, "typed.json", #"{"RETRACTION": {"retracts": "\#(letter)", "second_person": "\#(code)"}}"#)
        func run(_ verb: String, _ account: String, _ facts: String) throws -> Program.Result {
            try world.run(["case", verb, caseID, "RETRACTION", "--as", account, "--facts", facts, "--json"] + home)
        }
        let refused = try run("do", "worker", typed)
        #expect(refused.status == 65 && refused.errors.contains("\"code\":\"signature-typed\""), "\(refused.errors)")
        try #expect(run("approve", "stranger", facts).status == 77)
        // As at the page: whoever only looks, runs the node or reads the trail acts in no case.
        for role in ["read-only", "administrator", "auditor"] {
            try world.must(["user", "add", "one-\(role)", "--role", role] + home)
            for verb in ["approve", "do"] {
                try #expect(run(verb, "one-\(role)", facts).status == 77, "\(verb), \(role)")
            }
        }
        try #expect(run("approve", "worker", facts).status == 0)
        let alone = try run("do", "worker", facts)
        #expect(alone.status == 4 && alone.errors.contains("\"code\":\"not-approved\""), "\(alone.errors)")
        try #expect(run("approve", "reviewer", facts).status == 0)
        try #expect(run("do", "worker", facts).status == 0)
        try #expect(run("do", "worker", facts).status == 4, "an approval serves once")
        let history = try #require(try world.json("shelter", "case", "history", caseID)["letters"] as? [Any])
        #expect(history.count == 2)
        let none = try world.run(["case", "approve", caseID, "SHARE_CONSENT_WITHDRAWN", "--as", "reviewer"] + home)
        #expect(none.status == 64)
    }

    @Test func `what is not allowed, not there or not well formed ends with its status and changes nothing`() throws {
        let world = try World()
        let facts = try offer(world)
        func open(_ more: [String]) throws -> Program.Result {
            try world.run(["case", "open"] + opening + ["--facts", facts, "--home", world.path("shelter")] + more)
        }
        #expect(try open(["--as", "stranger", "--to", World.ngo]).status == 77)
        #expect(try open(["--as", "worker"]).status == 64)
        #expect(try open(["--as", "worker", "--to", "bd:nobody"]).status == 66)
        #expect(try open(["--as", "worker", "--to", World.ngo, "--form", world.path("missing.json")]).status == 66)
        let bad = try write(world, "bad.json", #"{"event":"REFERRAL_OFFER","form":"preview","fields":{"name":"x"}}"#)
        let invalid = try open(["--as", "worker", "--to", World.ngo, "--form", bad])
        #expect(invalid.status == 65, "\(invalid.errors)")
        #expect(
            try world.run(["case", "show", String(repeating: "0", count: 32), "--home", world.path("shelter")]).status
                == 66)
        #expect(try (world.json("shelter", "case", "list")["cases"] as? [Any])?.isEmpty == true)

        // A key that others could read, a wrong key, a home that exists.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: world.key)
        #expect(try world.run(["case", "list", "--home", world.path("shelter")]).status == 77)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: world.key)
        let other = try write(world, "other.key", String(repeating: "0", count: 64))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: other)
        #expect(try world.run(["case", "list", "--home", world.path("shelter"), "--key-file", other]).status == 77)
        #expect(
            try world.run(["authority", "create", "in:authority", "--home", world.path("in-authority")]).status == 73)

        // A directory changed on its way, an older one, and a member that its authority has suspended.
        var directory = try Data(contentsOf: URL(fileURLWithPath: world.path("in.directory")))
        directory[directory.count / 2] ^= 1
        try directory.write(to: URL(fileURLWithPath: world.path("forged.directory")))
        #expect(
            [2, 65].contains(
                try world.run(["member", "import", world.path("forged.directory"), "--home", world.path("shelter")])
                    .status))
        try world.must("authority", "suspend", World.shelter, "--home", world.path("in-authority"))
        try world.must(
            "authority", "publish", "--home", world.path("in-authority"), "--out", world.path("second.directory"))
        try world.must("member", "import", world.path("second.directory"), "--home", world.path("in-broker"))
        let older = try world.must("member", "import", world.path("in.directory"), "--home", world.path("in-broker"))
        #expect(older.output.contains("Nothing new"))
        try world.start("in-broker")
        try world.wait(for: "the broker") {
            try world.run(["broker", "status", "--home", world.path("in-broker")]).status == 0
        }
        #expect([69, 77].contains(try world.run(["node", "once", "--home", world.path("shelter")]).status))
    }

    @Test func `a full disk ends an act with its status, leaves the case as it was, and a larger disk takes it`() throws
    {
        let world = try World()
        let act = ["case", "open"] + opening + ["--as", "worker", "--to", World.ngo, "--facts", try offer(world)]
        /// The same home on a disk with room for so many pages more; then, on standard error, what cases there are.
        func open(_ pages: String) throws -> Program.Result {
            let script = #"""
                mkdir "$2" && mount -t tmpfs -o nr_blocks=$(($(du -s -B 4096 "$3" | cut -f 1) + $1)) none "$2" && cp -a "$3/." "$2" || exit 99
                kheya=$4 disk=$2; shift 4
                "$kheya" "$@" --home "$disk" --json; status=$?
                "$kheya" case list --home "$disk" --json | jq -c .cases >&2; exit $status
                """#
            return try Program.run(
                [
                    "--user", "--map-root-user", "--mount", "bash", "-c", script, "-", pages,
                    world.path("disk-\(pages)"), world.path("shelter"), Program.path,
                ]
                    + act, environment: world.environment, program: "/usr/bin/unshare")
        }
        let full = try open("24")
        #expect(full.status == 74, "\(full.errors)")
        #expect(full.errors.hasSuffix("[]\n"), "\(full.errors)")
        let wide = try open("10000")
        #expect(wide.status == 0, "\(wide.errors)")
    }
}
