// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Testing

/// The JSON Schemas beside the specifications say what the readers do: checked with Debian's `python3-jsonschema`.
@Suite struct SchemaTests {
    /// Judges documents by a schema, in one run of the other program: whether each is valid.
    private func judge(_ documents: [Any], by schema: String) throws -> [Bool] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kheya-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appendingPathComponent("documents.json")
        try JSONSerialization.data(withJSONObject: documents).write(to: input)
        let output = folder.appendingPathComponent("verdicts.json")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [
            "-c",
            """
            import json, jsonschema, sys
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            json.dump([validator.is_valid(one) for one in json.load(open(sys.argv[2]))], open(sys.argv[3], "w"))
            """,
            Protocols.folder.appendingPathComponent("Schemas/\(schema).json").path, input.path, output.path,
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "python3 with jsonschema: `make install-deps`")
        return try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: output)) as? [Bool])
    }

    private static let readers: [String: @Sendable ([UInt8]) throws -> Void] = [
        "profile": { _ = try ProfileDocument.definition($0) }, "forms": { _ = try FormsDocument.read($0) },
        "labels": { _ = try ProfileLabels($0) }, "words": { _ = try ProgramWords($0) },
        "properties": { _ = try PropertiesDocument.read($0, profile: "every-key") },
    ]

    /// Why the reader refuses; `nil` where it does not.
    private func refusal(_ document: Any, by schema: String) throws -> String? {
        let bytes = [UInt8](try JSONSerialization.data(withJSONObject: document, options: [.withoutEscapingSlashes]))
        let read = try #require(Self.readers[schema])
        do {
            try read(bytes)
            return nil
        } catch let error as LetterError {
            return error.reason
        }
    }

    private func object(_ bytes: [UInt8]) throws -> Any { try JSONSerialization.jsonObject(with: Data(bytes)) }

    /// A document that holds every key of its format.
    private func vector(_ schema: String) throws -> Any {
        guard schema != "words" else { return try object(try #require(TextFile.words.first).bytes) }
        return try object(Protocols.bytes("Vectors/schemas/\(schema).json"))
    }

    @Test(arguments: ["profile", "forms", "labels", "properties"])
    func `every file that is shipped fits its schema`(schema: String) throws {
        let documents = try Protocols.names(in: "Profiles", suffix: "").filter { !$0.hasPrefix(".") }.flatMap {
            folder in
            try Protocols.names(in: "Profiles/\(folder)", suffix: ".json").filter { $0.hasPrefix(schema) }
                .map { try object(Protocols.bytes("Profiles/\(folder)/\($0)")) }
        }
        #expect(documents.count >= (schema == "properties" ? 1 : 3))
        #expect(try judge(documents, by: schema).allSatisfy { $0 })
    }

    @Test func `the words of the program fit their schema`() throws {
        #expect(try judge(TextFile.words.map { try object($0.bytes) }, by: "words") == [true, true, true])
    }

    @Test(arguments: ["profile", "forms", "labels", "words", "properties"])
    func `schema and reader refuse the same, whatever key is missing, strange or of another type`(schema: String) throws
    {
        let whole = try vector(schema)
        #expect(try refusal(whole, by: schema) == nil)
        let changed = Mutation.all(of: whole)
        #expect(changed.count > 20)
        let verdicts = try judge([whole] + changed.map(\.document), by: schema)
        #expect(verdicts.first == true)
        for (mutation, isValid) in zip(changed, verdicts.dropFirst()) {
            let reason = try refusal(mutation.document, by: schema)
            if let reason, isValid {
                // What a name refers to, or what a text of the guard language says, no schema can tell.
                let isBeyond = Self.beyond.contains { reason.contains($0) }
                #expect(isBeyond, "\(mutation.name): only the reader refuses: \(reason)")
            } else {
                #expect((reason == nil) == isValid, "\(mutation.name): only the schema refuses")
            }
        }
    }

    @Test func `a notice moves nothing: it has neither class nor home nor withdrawal`() throws {
        let whole = try #require(try vector("profile") as? [String: Any])
        let notices = try #require(whole["notices"] as? [String: [String: Any]])
        let changed = [("class", "fact"), ("home", "lifecycle"), ("withdrawal", true)].map { key, value in
            whole.merging(["notices": notices.mapValues { $0.merging([key: value]) { $1 } }]) { $1 }
        }
        #expect(try judge(changed, by: "profile") == [false, false, false])
        for document in changed { #expect(try refusal(document, by: "profile")?.contains("unknown field") == true) }
    }

    private static let beyond = [
        "unknown list", "unknown data class", "rules: unknown field", "above the form's tier", "guard-syntax at",
        "unknown-name at", "a field stands twice", "is an event too", "of another profile",
        "placeholders of this label",
        "words.", "not one of",
    ]
}

/// One change of a document.
private struct Mutation {
    let name: String
    let document: Any

    /// At every place: left out, joined by a strange key, or something else.
    static func all(of document: Any) -> [Mutation] {
        var result: [Mutation] = []
        visit(document, place: "") { place, value, put in
            let others: [Any] = [7, "?", true, [] as [Any], [:] as [String: Any], [7]]
            for other in others where !place.isEmpty || other is [Any] {
                result.append(Mutation(name: "\(place) = \(other)", document: put(other)))
            }
            if let object = value as? [String: Any] {
                result.append(
                    Mutation(name: "\(place) + strange", document: put(object.merging(["strange": "?"]) { $1 })))
                for key in object.keys.sorted() {
                    result.append(
                        Mutation(name: "\(place) - \(key)", document: put(object.filter { $0.key != key })))
                }
            }
        }
        return result
    }

    /// Every value of a document, with what the whole becomes when another stands there. Of the many texts of a file of
    /// words the first three.
    private static func visit(_ value: Any, place: String, _ body: (String, Any, @escaping (Any) -> Any) -> Void) {
        body(place, value) { $0 }
        if let object = value as? [String: Any] {
            for key in object.keys.sorted().prefix(place == "/words" ? 3 : 100) {
                guard let inner = object[key] else { continue }
                visit(inner, place: "\(place)/\(key)") { place, value, put in
                    body(place, value) { object.merging([key: put($0)]) { $1 } }
                }
            }
        } else if let array = value as? [Any] {
            for index in array.indices {
                visit(array[index], place: "\(place)/\(index)") { place, value, put in
                    body(place, value) { other in
                        var array = array
                        array[index] = put(other)
                        return array
                    }
                }
            }
        }
    }
}
