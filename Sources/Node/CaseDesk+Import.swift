// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Letters
import Membership
public import Procedure

/// Cases of another system, begun as drafts. Protocols/Import.md.
extension CaseDesk {
    /// The mappings whose fields belong to cases that this node opens.
    public var importMappings: [ImportMapping] { ImportMapping.all.filter { (try? opening(of: $0)) != nil } }

    /// Makes drafts of each record of a file: all of them, or none. Nothing is sealed or sent; a record that was taken before is left
    /// as it is.
    ///
    /// - Parameters:
    ///   - file: JSON or CSV.
    ///   - isRehearsal: only says what would be done.
    /// - Returns: The records in the order of the file.
    /// - Throws: ``ImportError`` with every fault; ``DeskError`` `.unknownAccount`.
    public func importCases(
        _ file: [UInt8], from mapping: ImportMapping, by account: String, at now: Instant, isRehearsal: Bool = false
    ) throws -> [ImportedCase] {
        try check(account)
        let (profile, catalogue, events) = try opening(of: mapping)
        let records = try ImportFile.read(file)
        let imports = records.enumerated().map {
            RecordImport($1, number: $0 + 1, by: account, mapping, profile, catalogue, events: events)
        }
        var faults = imports.flatMap(\.faults)
        // Where nothing is known anywhere, one fault says it.
        if faults.count == imports.count, faults.allSatisfy({ $0.rule == .noKnownField }) {
            throw ImportError(.noKnownField)
        }
        let ids = try pseudonyms(of: records, mapping)
        for (index, id) in ids.enumerated() where ids[..<index].contains(id) {
            faults.append(ImportFault(record: index + 1, rule: .twice))
        }
        guard faults.isEmpty else { throw ImportError(faults) }
        let cases = zip(imports, ids).enumerated().map { index, pair in
            let (one, id) = pair
            var result = ImportedCase(
                record: index + 1, caseID: id, taken: one.taken, notTaken: one.notTaken, open: events.flatMap(one.open))
            result.drafts = events.compactMap { event in
                let answers = one.answers.filter { $0.key.hasPrefix("\(event)/") }
                let opens = profile.definition.opening[event] != nil
                guard opens || !answers.isEmpty, let draft = Digest(SecureRandom.bytes(32)) else { return nil }
                return DraftRecord(
                    id: draft, caseID: id, created: now, updated: now,
                    content: ActDraft(events: [event], opens: opens, answers: answers, by: account))
            }
            return result
        }
        func known(_ one: ImportedCase, _ transaction: CaseTransaction) throws -> ImportedCase? {
            let drafts = try transaction.drafts(of: one.caseID)
            guard try !drafts.isEmpty || transaction.caseRecord(one.caseID) != nil else { return nil }
            var one = one
            (one.isKnown, one.drafts) = (true, drafts.sorted { $0.content.opens && !$1.content.opens })
            return one
        }
        guard !isRehearsal else {
            return try store.read { transaction in try cases.map { try known($0, transaction) ?? $0 } }
        }
        return try store.write { transaction in
            try cases.map { one in
                if let known = try known(one, transaction) { return known }
                for draft in one.drafts { try transaction.put(draft) }
                return one
            }
        }
    }

    /// The profile in force with its forms, and the events whose drafts the mapping fills, the opening one first.
    private func opening(
        of mapping: ImportMapping
    ) throws(ImportError) -> (profile: Profile, catalogue: FormCatalogue, events: [String]) {
        let roles = network.directories.roles(of: identity.member)
        guard let profile = network.profileInForce, profile.id == mapping.profile,
            let catalogue = network.forms(of: profile.digest)
        else { throw ImportError(.notHere) }
        let events = mapping.events.filter { profile.event($0)?.by.contains(where: roles.contains) == true }
        let openings = events.filter { profile.definition.opening[$0] != nil }
        guard openings.count == 1 else { throw ImportError(.notHere) }
        return (profile, catalogue, openings + events.filter { !openings.contains($0) })
    }

    /// A record's case is known by what stands in the record, under a key of this node: the same record is one case, and the pseudonym
    /// tells nobody else of it.
    private func pseudonyms(
        of records: [[String: ImportFile.Value]], _ mapping: ImportMapping
    ) throws -> [CaseID] {
        let key = HKDFSHA256.derive(
            from: try store.keys.accountKey(), info: Array("kheya import".utf8), count: 32)
        return try records.map { record in
            let fields = record.compactMapValues { value -> JSONValue? in
                switch value {
                case .text(let text): text.isEmpty ? nil : .string(text)
                case .several(let texts): .array(texts.map { .string($0) })
                case .other: nil
                }
            }
            let bytes = Array("\(mapping.name)\n".utf8) + CanonicalJSON.writeText(.object(fields))
            guard let id = CaseID(random: Array(HMACSHA256.code(bytes, key: key).prefix(16))) else {
                throw CaseFileError(.damaged, "no pseudonym")
            }
            return id
        }
    }
}
