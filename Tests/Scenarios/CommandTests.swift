// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What needs no network: exit codes, `--json`, and what bad input gets.
@Suite struct CommandTests {
    @Test(arguments: [
        [], ["authority"], ["broker"], ["node"], ["member"], ["case"], ["letter"], ["courier"],
        ["procedure"], ["timestamp"], ["doctor"],
        ["case", "do"], ["authority", "admit"], ["courier", "export"], ["procedure", "replay"],
    ])
    func `every command explains itself`(command: [String]) throws {
        let result = try Program.run(command + ["--help"])
        #expect(result.status == 0)
        #expect(result.output.contains("OVERVIEW"))
    }

    @Test func `the table of exit codes stands in the help`() throws {
        let help = try Program.run(["--help"]).output
        for line in [
            "0  done", "4  refused by the procedure", "64  the command line is wrong", "69  the broker",
            "77  this account",
        ] {
            #expect(help.contains(line))
        }
    }

    @Test(
        arguments: [
            (["case", "list"], 64),  // no home
            (["nonsense"], 64),
            (["case", "do"], 64),
            (["member", "show", "A NAME", "--home", "/nonexistent"], 64),  // not a member id
            (["letter", "show", "abc", "--home", "/nonexistent"], 64),
            (["procedure", "replay", "/nonexistent.json", "--profile", "/nonexistent.json"], 66),
            (["node", "status", "--home", "/nonexistent", "--key-file", "/nonexistent"], 73),
            (["courier", "import", "/nonexistent", "--home", "/nonexistent"], 66),
        ] as [([String], Int32)])
    func `a wrong command ends with its own status, in words, on standard error`(command: [String], status: Int32)
        throws
    {
        let result = try Program.run(command)
        #expect(result.status == status, "\(result.errors)")
        #expect(!result.errors.isEmpty)
        #expect(result.output.isEmpty)
    }

    @Test(
        arguments: [
            (["--supervisor", "Mala K"], 64), (["--account", "Mala K"], 64),
            (["--account", "mala", "--supervisor", "mala"], 64),
            // The control: people who can be get as far as the roots, which are not there.
            (["--account", "asha", "--supervisor", "mala"], 66),
        ] as [([String], Int32)])
    func `a node whose people cannot be accounts is not begun`(people: [String], status: Int32) throws {
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("kheya-none-\(UUID().uuidString)").path
        let result = try Program.run(
            [
                "node", "create", "in:shelter-07", "--home", home, "--name", "Practice shelter", "--role", "IN_SHELTER",
                "--root", "/nonexistent", "--request", "\(home).request",
            ] + people, environment: ["KHEYA_KEY_FILE": "\(home).key"])
        #expect(result.status == status, "\(result.errors)")
        for file in ["", ".request", ".key"] where status == 64 {
            #expect(!FileManager.default.fileExists(atPath: home + file))
        }
    }

    @Test func `with --json an error is an object with code, cure and exit`() throws {
        let result = try Program.run(["procedure", "show", "--profile", "/nonexistent.json", "--json"])
        #expect(result.status == 66)
        let error = try #require(try JSONSerialization.jsonObject(with: Data(result.errors.utf8)) as? [String: Any])
        #expect(error["schema"] as? String == "kheya.error")
        #expect(error["exit"] as? Int == 66)
        #expect(error["code"] as? String == "no-input")
    }

    @Test func `the profile is shown, and an event with its guards`() throws {
        let whole = try Program.run(["procedure", "show", "--profile", Program.profile, "--json"]).json()
        #expect(whole["schema"] as? String == "kheya.procedure.show")
        #expect(whole["id"] as? String == "in-bd-repatriation")
        #expect((whole["events"] as? [Any])?.count ?? 0 > 100)
        let event = try Program.run(["procedure", "show", "HOME_REVIEW_SUITABLE", "--profile", Program.profile])
        #expect(event.output.contains("G_FOUR_EYES"))
        #expect(event.output.contains("brokers see it as HOME_SETTLED"))
        #expect(try Program.run(["procedure", "show", "NO_SUCH_EVENT", "--profile", Program.profile]).status == 66)
    }

    @Test
    func `whoever edits a profile's forms is told that the profile names others, and has the digests written anew`()
        throws
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "kheya-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = URL(fileURLWithPath: Program.profile).deletingLastPathComponent()
        try FileManager.default.copyItem(at: source, to: folder)
        let profile = folder.appendingPathComponent("profile.json").path
        func run(_ extra: String...) throws -> Int32 {
            try Program.run(["procedure", "documents", profile, "--json"] + extra).status
        }
        let before = try String(contentsOfFile: profile, encoding: .utf8)
        #expect(try run() == 0)
        let forms = folder.appendingPathComponent("forms.json")
        let text = try String(contentsOf: forms, encoding: .utf8)
        let edited = text.replacing("\"max\": 100", with: "\"max\": 101", maxReplacements: 1)
        try #require(edited != text)
        try edited.write(to: forms, atomically: true, encoding: .utf8)
        #expect(try run() == 2)
        #expect(try String(contentsOfFile: profile, encoding: .utf8) == before)
        #expect(try run("--write") == 0)
        #expect(try run() == 0)
        // Only the digest is another one.
        let after = try String(contentsOfFile: profile, encoding: .utf8)
        #expect(zip(before.split(separator: "\n"), after.split(separator: "\n")).count { $0 != $1 } == 1)
    }

    @Test(arguments: ["full", "broker"])
    func `a history is replayed from a file, and the whole case is admitted`(sight: String) throws {
        let file = Program.root.appendingPathComponent("Protocols/Vectors/procedure/main-path-adult.json").path
        let result = try Program.run([
            "procedure", "replay", file, "--profile", Program.profile, "--sight", sight, "--json",
        ])
        #expect(result.status == 0, "\(result.errors)")
        let verdicts = try #require(try result.json()["verdicts"] as? [[String: Any]])
        #expect(verdicts.count > 20)
        #expect(verdicts.allSatisfy { ["admitted", "flagged gap"].contains($0["verdict"] as? String) })
    }

    @Test func `a replay that comes out otherwise than its file says ends with 2`() throws {
        let file = Program.root.appendingPathComponent("Protocols/Vectors/procedure/main-path-adult.json")
        let altered = try String(contentsOf: file, encoding: .utf8).replacingOccurrences(
            of: "\"BORDER_CROSSED\"", with: "\"TURNED_BACK\"")
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent(
            "kheya-replay-\(UUID().uuidString).json")
        try Data(altered.utf8).write(to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        #expect(
            [2, 65].contains(try Program.run(["procedure", "replay", copy.path, "--profile", Program.profile]).status))
    }

    @Test(arguments: ["", "{", "{\"a\":1,\"a\":2}", "\u{FEFF}{}", "[1e2]", "100,000 brackets"])
    func `a malformed file is bad data, whatever reads it`(content: String) throws {
        let content = content.hasSuffix("brackets") ? String(repeating: "[", count: 100_000) : content
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("kheya-bad-\(UUID().uuidString)")
        try Data(content.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(try Program.run(["procedure", "show", "--profile", file.path]).status == 65)
    }

    @Test func `a profile is proved from the command line, and a promise that it breaks is told as a story`() throws {
        let folder = Program.root.appendingPathComponent("Protocols/Profiles/in-np-minimal")
        let proved = try Program.run(
            ["procedure", "check", folder.appendingPathComponent("profile.json").path, "--json"])
        #expect(proved.status == 0, "\(proved.errors)")
        let properties = try #require(try proved.json()["properties"] as? [[String: Any]])
        #expect(!properties.isEmpty && properties.allSatisfy { $0["proved"] as? Bool == true })
        // The same profile with a promise that it does not keep.
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("kheya-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let promise = """
            {"format": "kheya-properties/1", "profile": "in-np-minimal",
             "properties": [{"id": "P1", "says": "No case is ever offered.", "form": "never", "guard": "lifecycle == offered"}]}
            """
        try Data(promise.utf8).write(to: file)
        let refuted = try Program.run(
            ["procedure", "check", folder.appendingPathComponent("profile.json").path, "--properties", file.path])
        #expect(refuted.status == 2)
        #expect(refuted.output.contains("REFUTED P1"), "\(refuted.output) \(refuted.errors)")
    }

    @Test func `the lifecycle and each track can be drawn`() throws {
        for (machine, format, start) in [("lifecycle", "svg", "<svg"), ("home", "dot", "digraph \"home\"")] {
            let drawn = try Program.run(
                ["procedure", "graph", machine, "--format", format, "--profile", Program.profile])
            #expect(drawn.status == 0 && drawn.output.hasPrefix(start), "\(drawn.errors)")
        }
        #expect(try Program.run(["procedure", "graph", "nothing", "--profile", Program.profile]).status == 66)
    }
}
