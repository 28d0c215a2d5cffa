// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import Procedure

/// A form as it was filled in, before its attachments have commitments.
struct FilledForm {
    let form: Form
    /// Files by the names that stand in the form as `attach:NAME`.
    let attachments: [String: AttachmentOrigin]

    /// - Throws: ``DeskError`` `.formInvalid`, `.attachment`.
    init(_ draft: FormDraft) throws {
        do { form = try FormDocument.read(draft.document) } catch {
            throw DeskError(.formInvalid, error.reason)
        }
        attachments = draft.attachments
        let named = FormAttachments.names(in: form)
        if let missing = named.subtracting(attachments.keys).min() {
            throw DeskError(.attachment, "the form names the attachment \(missing), and no file is given for it")
        }
        if let unnamed = Set(attachments.keys).subtracting(named).min() {
            throw DeskError(
                .attachment, "the attachment \(unnamed) is named by no form: write attach:\(unnamed) into its field")
        }
    }

    /// What the form holds, judged by its filled fields.
    func content(in catalogue: FormCatalogue?, profile: Profile) -> FormContent {
        FormContent(FormAttachments.standIn(form), in: catalogue, profile: profile)
    }
}

/// What a filled form holds: how sensitive it is, and what of her it tells.
struct FormContent {
    /// The highest tier among the filled fields; of a form that no catalogue describes, the highest it could have.
    let tier: Tier
    let dataClasses: Set<String>
    private let form: Form
    private let catalogue: FormCatalogue?

    init(_ form: Form, in catalogue: FormCatalogue?, profile: Profile) {
        self.form = form
        self.catalogue = catalogue
        let schema = catalogue?.forms[form.name]
        let highest = min(profile.definition.forms[form.name] ?? .t3, profile.event(form.event)?.tier ?? .t3)
        tier = schema?.tier(of: form) ?? highest
        dataClasses = schema?.dataClasses(of: form) ?? []
    }

    /// Fields and the rule that each breaks; never a value.
    func violations(facts: [String: FactValue], isChild: Bool) -> [FormViolation] {
        catalogue?.validate(form, facts: facts, isChild: isChild) ?? []
    }

    /// Commitments that the form names as attachments.
    var attachments: Set<Digest> { Set(catalogue?.forms[form.name]?.attachments(of: form).map(\.commitment) ?? []) }
}

/// `attach:NAME` in a form stands for an attachment until its commitment is known.
public enum FormAttachments {
    private static let prefix = "attach:"

    /// What stands in a form for the attachment of this name.
    public static func text(naming name: String) -> String { prefix + name }

    /// The form as it will be: with a digest, although not yet the right one, for each attachment.
    public static func standIn(_ form: Form) -> Form { fill(form) { _ in Digest.placeholder } }

    /// Names that stand in a form.
    static func names(in form: Form) -> Set<String> {
        var names: Set<String> = []
        _ = fill(form) { name in
            names.insert(name)
            return nil
        }
        return names
    }

    static func fill(_ form: Form, with commitment: (String) -> Digest?) -> Form {
        Form(event: form.event, name: form.name, fields: form.fields.mapValues { fill($0, with: commitment) })
    }

    private static func fill(_ value: Form.Value, with commitment: (String) -> Digest?) -> Form.Value {
        switch value {
        case .item(let item): .item(item.mapValues { fill($0, with: commitment) })
        case .list(let list): .list(list.map { fill($0, with: commitment) })
        case .text(let text) where text.hasPrefix(prefix):
            commitment(String(text.dropFirst(prefix.count))).map { .text($0.hex) } ?? value
        default: value
        }
    }
}

extension Digest {
    /// Stands for a digest that is not known yet.
    static let placeholder = Digest(Array(repeating: 0, count: 32)) ?? { preconditionFailure("32 bytes") }()
}

extension CaseHistory {
    /// Whether she counts as a child: in doubt she does. The profile's track that begins as `child` says it.
    var countsAsChild: Bool {
        childhood.contains(true)
    }

    /// What she may count as by the letters that this node can read: one with less sight leaves both open, and asks no more of a form than
    /// either would.
    var childhood: [Bool] {
        guard let track = profile.definition.tracks.first(where: { $0.value.initial == "child" })?.key,
            let states = state.tracks[track]
        else {
            return [true]
        }
        return Set(states.map { $0 == "child" }).sorted { $0 && !$1 }
    }
}
