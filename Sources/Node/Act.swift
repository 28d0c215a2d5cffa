// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Letters
public import Procedure

/// What a caseworker does: one or several events of one case in one letter, with their forms.
public struct Act: Sendable {
    /// In order; facts filled in. `at` where it happened earlier than now. `person` is set by the desk.
    public var events: [Event]
    public var forms: [FormDraft]
    /// Why the forms and attachments may be disclosed. Only consent is free to use; each other must be named by the event.
    public var basis: Basis
    /// Who gets it beside the parties that the events reach anyway; with the opening event, the receiver; with a request to a new
    /// party, that party. Empty: the parties alone.
    public var to: [MemberID]
    /// Letters that the events rely on; `nil`: those that the guards name, as this node knows them.
    public var requires: [LetterID]?
    /// Who acts: an account of this node.
    public var account: String

    public init(
        events: [Event], forms: [FormDraft] = [], basis: Basis = .consent, to: [MemberID] = [],
        requires: [LetterID]? = nil,
        account: String
    ) {
        self.events = events
        self.forms = forms
        self.basis = basis
        self.to = to
        self.requires = requires
        self.account = account
    }
}

/// A form as it was filled in.
public struct FormDraft: Sendable {
    /// JSON (text): `{"event":"DOSSIER","fields":{…},"form":"dossier"}`. A string value `attach:NAME` names an attachment.
    public var document: [UInt8]
    /// Where the files are, by the names that stand in the document.
    public var attachments: [String: AttachmentOrigin]

    public init(document: [UInt8], attachments: [String: AttachmentOrigin] = [:]) {
        self.document = document
        self.attachments = attachments
    }
}

/// Where the bytes of an attachment are before it is sealed.
public enum AttachmentOrigin: Sendable, Hashable {
    /// A file of this machine. A picture is cleaned while it is read.
    case file(URL)
    /// An upload of a draft, cleaned when it came: its name, and the draft's id.
    case upload(Digest, draft: Digest)
}

/// What became of an act.
public struct ActResult: Sendable, Hashable {
    public var caseID: CaseID
    /// The letters now in the outbox: the steps, and where a fact must not wait for its paper, the forms in one of their own.
    public var letters: [LetterID]
    /// How a fact stands against the procedure: recorded all the same.
    public var flags: Set<Flag>
}

/// A letter that an act would make.
public struct PlannedLetter: Sendable {
    public var to: [MemberID]
    /// Each form by its name, with those whom a consent lets read it.
    public var forms: [(name: String, readers: [MemberID])]
}
