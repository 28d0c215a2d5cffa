// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Foundation
public import Letters
public import Procedure
import Sealing

extension Profile {
    /// Facts that a guard compares with whoever acts (`this.x == this.person`): signatures of a second person, and so are a form's digests of
    /// these names. Nobody types one. Protocols/CaseFile.md, "A second person".
    public var secondSignatures: Set<String> {
        func compared(_ condition: Guard) -> [String] {
            switch condition {
            case .equals(.this(let fact), .name(.this("person"))), .equals(.this("person"), .name(.this(let fact))):
                [fact]
            case .all(let list), .any(let list): list.flatMap(compared)
            case .not(let inner): compared(inner)
            default: []
            }
        }
        return Set(definition.guards.keys.compactMap(guardExpression).flatMap(compared))
    }
}

/// What a second person has to do with an act.
public struct Approval: Sendable, Hashable {
    /// Of exactly this act: ``CaseDesk/approve(_:in:opens:at:)`` records it.
    public let digest: Digest
    /// Whether the act cannot be sealed without one.
    public let isCompulsory: Bool
    /// Accounts that approved it and may still act, without the one that would seal it; ascending.
    public let accounts: [String]
    /// Whether the act's own account has approved it: then somebody else seals it.
    public let hasOwn: Bool
}

/// An act whose places for a second signature are known.
struct CountersignedAct {
    private(set) var act: Act
    /// `nil` where nothing asks for a second person.
    private(set) var approval: Approval?
    private var events: [Int: [String]] = [:]
    private var forms: [Int: (form: Form, fields: [String])] = [:]

    /// - Parameter approvals: the accounts that approved the act of this digest.
    /// - Throws: ``DeskError`` `.signatureTyped`, `.formInvalid`, `.attachment`.
    init(
        _ act: Act, in caseID: CaseID, profile: Profile, catalogue: FormCatalogue?,
        approvals: (Digest) throws -> [String]
    ) throws {
        self.act = act
        let names = profile.secondSignatures
        for (index, event) in act.events.enumerated() {
            guard names.isDisjoint(with: event.facts.keys) else { throw Self.typed }
            let asked = profile.compulsoryFacts(of: event.code).filter(names.contains)
            if !asked.isEmpty { events[index] = asked }
        }
        for (index, draft) in act.forms.enumerated() {
            let form = try FilledForm(draft).form
            let fields = (catalogue?.forms[form.name]?.fields ?? []).filter {
                names.contains($0.name) && $0.kind == .digest
            }
            guard fields.allSatisfy({ form.fields[$0.name] == nil }) else { throw Self.typed }
            // A form that need not repeat the event's fact does not: it may stand in a higher tier there.
            let facts = profile.compulsoryFacts(of: form.event)
            let written = fields.filter { $0.required != nil || !facts.contains($0.name) }
            if !written.isEmpty { forms[index] = (form, written.map(\.name)) }
        }
        guard !events.isEmpty || !forms.isEmpty else { return }
        let digest = try Self.digest(of: act, in: caseID)
        let accounts = try approvals(digest)
        approval = Approval(
            digest: digest, isCompulsory: !events.isEmpty, accounts: accounts.filter { $0 != act.account },
            hasOwn: accounts.contains(act.account))
    }

    private static let typed = DeskError(
        .signatureTyped, "a second person's signature is typed: that person approves instead, `kheya case approve`")

    /// The signature in each of its places.
    mutating func sign(_ code: String) {
        for (index, facts) in events { for fact in facts { act.events[index].facts[fact] = .text(code) } }
        for (index, place) in forms {
            var fields = place.form.fields
            for field in place.fields { fields[field] = .text(code) }
            act.forms[index].document = FormDocument.bytes(
                of: Form(event: place.form.event, name: place.form.name, fields: fields))
        }
    }

    /// SHA-256 of everything that is approved: not who seals it, nor when.
    private static func digest(of act: Act, in caseID: CaseID) throws -> Digest {
        func facts(_ event: Event) -> JSONValue {
            .object(
                event.facts.mapValues { value in
                    switch value {
                    case .text(let text): .string(text)
                    case .integer(let number): .integer(number)
                    }
                })
        }
        var object: [String: JSONValue] = [
            "basis": .string(act.basis.rawValue), "case": .string(caseID.text),
            "to": .array(act.to.map(\.text).sorted().map { .string($0) }),
            "events": .array(
                act.events.map { event in
                    var object: [String: JSONValue] = ["code": .string(event.code), "facts": facts(event)]
                    if let at = event.at { object["at"] = .integer(at.seconds) }
                    return .object(object)
                }),
            "forms": .array(
                try act.forms.map { draft in
                    .object([
                        "document": .string(Digest.sha256(FormDocument.bytes(of: try FilledForm(draft).form)).hex),
                        "attachments": .object(try draft.attachments.mapValues { .string(try sum(of: $0).hex) }),
                    ])
                }),
        ]
        if let requires = act.requires { object["requires"] = .array(requires.map { .string($0.hex) }) }
        return .sha256(Array("kheya-approval/1\n".utf8) + CanonicalJSON.writeText(.object(object)))
    }

    private static func sum(of origin: AttachmentOrigin) throws -> Digest {
        let url: URL
        switch origin {
        // Its name was drawn when it came, and its pieces never change.
        case .upload(let name, _): return name
        case .file(let file): url = file
        }
        do {
            let handle = try FileHandle(forReadingFrom: url)
            defer { try? handle.close() }
            let stream = SHA256.Stream()
            while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { stream.update(piece) }
            return Digest(stream.finish()) ?? .placeholder
        } catch { throw DeskError(.attachment, "an attachment cannot be read") }
    }
}

extension CaseDesk {
    /// What a second person has to do with an act; `nil` where nothing asks for one.
    ///
    /// - Parameter opens: whether the act would open the case.
    /// - Throws: ``DeskError``, where the act holds a signature that was typed or a form that is none.
    public func approval(of act: Act, in caseID: CaseID, opens: Bool = false, at now: Instant) throws -> Approval? {
        let personKey = try store.keys.personKey()
        return try store.read { transaction in
            let opening = opens ? network.profileInForce : nil
            let (planner, _, _) = try planner(caseID, opening: opening, transaction, personKey, now)
            return try planner.countersigned(act, transaction).approval
        }
    }

    /// Approves an act as its second person: somebody else may now seal exactly this one, once.
    ///
    /// - Parameter act: its account is the one that approves.
    /// - Returns: what was approved; the same for the same act.
    /// - Throws: ``DeskError`` `.nothingToApprove`, `.unknownAccount`, and as ``approval(of:in:opens:at:)``.
    @discardableResult
    public func approve(_ act: Act, in caseID: CaseID, opens: Bool = false, at now: Instant) throws -> Digest {
        try check(act.account)
        guard let approval = try approval(of: act, in: caseID, opens: opens, at: now) else {
            throw DeskError(.nothingToApprove, "no step of this asks for a second person")
        }
        try store.write { try $0.note(approval: approval.digest, of: caseID, by: act.account, at: now) }
        return approval.digest
    }
}

extension ActPlanner {
    /// An act with its places for a second signature, and who of this node has approved it.
    func countersigned(_ act: Act, _ transaction: CaseTransaction) throws -> CountersignedAct {
        try CountersignedAct(act, in: caseID, profile: profile, catalogue: catalogue) { digest in
            try transaction.approvals(of: digest).filter { account in
                try transaction.account(account).map { $0.state != .suspended } ?? false
            }
        }
    }

    /// The act as it is sealed: signed for the first of those who approved it.
    ///
    /// - Parameter stand: signs where nobody has approved yet, to judge everything else.
    /// - Throws: ``DeskError`` `.notApproved`.
    func signed(_ countersigned: CountersignedAct, standIn stand: String? = nil) throws -> Act {
        guard let approval = countersigned.approval else { return countersigned.act }
        var countersigned = countersigned
        if let account = approval.accounts.first {
            countersigned.sign(Person.code(of: account, in: caseID, key: personKey))
        } else if let stand {
            countersigned.sign(stand)
        } else if approval.isCompulsory {
            throw DeskError(.notApproved, "a second person has to approve exactly this first: `kheya case approve`")
        }
        return countersigned.act
    }
}
