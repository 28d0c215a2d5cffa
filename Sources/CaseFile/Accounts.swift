// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Foundation
import Letters

/// The people of this node who may act, by local names that never leave it; `accounts.json` in the home, mode 0600.
///
/// ```json
/// {"accounts":[{"account":"worker-1","roles":["caseworker"]},{"account":"reviewer-1","roles":["reviewer"]}]}
/// ```
public struct Accounts: Sendable, Hashable {
    /// Roles by account.
    public private(set) var roles: [String: Set<String>] = [:]

    private static let name = Pattern("an account", length: 1...64) {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
    }

    public init() {}

    /// - Throws: ``CaseFileError`` `.accountsMalformed`.
    public init(home: URL) throws {
        guard let bytes = try DurableFile.read(home.appendingPathComponent("accounts.json")) else { return }
        do throws(LetterError) {
            var fields = FieldReader(try CanonicalJSON.readSource(bytes), place: "accounts", failure: .malformed)
            let entries = try fields.list("accounts", limit: 10_000) { (entry: inout FieldReader) throws(LetterError) in
                (try entry.pattern("account", Self.name), try entry.strings("roles", limit: 16, Patterns.field))
            }
            try fields.finish()
            for (account, roles) in entries { self.roles[account] = Set(roles) }
        } catch { throw CaseFileError(.accountsMalformed, error.reason) }
    }

    public func write(home: URL) throws {
        let entries = roles.sorted { $0.key < $1.key }.map { account, roles in
            var object: [String: JSONValue] = ["account": .string(account)]
            if !roles.isEmpty { object["roles"] = .array(roles.sorted().map { .string($0) }) }
            return JSONValue.object(object)
        }
        let document: [String: JSONValue] = entries.isEmpty ? [:] : ["accounts": .array(entries)]
        try DurableFile.write(CanonicalJSON.write(.object(document)), to: home.appendingPathComponent("accounts.json"))
    }

    /// Whether it can be the name of an account: 1 to 64 of `a-z 0-9 - .`.
    public static func isName(_ text: String) -> Bool { name.matches(text) }

    public func has(_ account: String) -> Bool { roles[account] != nil }

    /// Adds an account or gives it other roles.
    ///
    /// - Parameter account: 1 to 64 of `a-z 0-9 - .`.
    public mutating func set(_ account: String, roles: Set<String>) throws {
        guard Self.isName(account), roles.allSatisfy({ Patterns.field.matches($0) }) else {
            throw CaseFileError(
                .accountsMalformed, "an account is 1 to 64 of a-z 0-9 - . and a role 1 to 32 of a-z 0-9 _")
        }
        self.roles[account] = roles
    }

    public mutating func remove(_ account: String) { roles[account] = nil }
}
