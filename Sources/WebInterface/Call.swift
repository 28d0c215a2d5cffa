// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Letters
import Node
import Procedure

/// One request on its way to its page: who asks, and in which language.
struct Call: Sendable {
    let site: Site
    let request: WebRequest
    let now: Instant
    var parameters: [String: String] = [:]
    var form = PostedForm()
    /// Who is signed in.
    var account: Account?
    /// The language of a visitor's invitation.
    var invitedIn: String?
    /// The token with which a program asks, as people name it.
    var program: String?
    /// Made for a visitor without any cookie: the page sets it.
    let freshSecret: [UInt8]?

    init(site: Site, request: WebRequest, now: Instant) {
        self.site = site
        self.request = request
        self.now = now
        let cookies = request.cookies
        let isKnown = Self.token(cookies[Cookie.session]) != nil || Self.token(cookies[Cookie.form]) != nil
        freshSecret = isKnown ? nil : SecureRandom.bytes(32)
    }

    var sessionToken: [UInt8]? { Self.token(request.cookies[Cookie.session]) }

    /// What the form tokens of this browser are made for: the session's token where one is signed in, else the form cookie.
    var secret: [UInt8] {
        if account != nil, let sessionToken { return sessionToken }
        return freshSecret ?? Self.token(request.cookies[Cookie.form]) ?? sessionToken ?? []
    }

    var formToken: String { FormToken.make(for: secret) }

    var hasFormToken: Bool {
        freshSecret == nil && FormToken.agrees(form.value(Field.token), with: secret)
    }

    private static func token(_ text: String?) -> [UInt8]? {
        guard let text, let bytes = Hex.bytes(text), bytes.count == 32 else { return nil }
        return bytes
    }

    /// The signed-in person's name; only routes that need one ask.
    var name: String { account?.name ?? "" }

    /// Whether something came since this person last looked at Today or was told. What cannot be read says nothing.
    var hasNews: Bool {
        guard let account else { return false }
        let desk = site.desk
        return (try? desk.news(for: account.role, after: desk.notice(of: account).mark, at: now).isEmpty) == false
    }

    // MARK: Words

    /// The language that the person chose, else the first of the browser's that we have, else English.
    var language: String {
        if let account { return account.language }
        if let invitedIn { return invitedIn }
        if let chosen = request.cookies[Cookie.language], Words.languages.contains(chosen) { return chosen }
        let asked = (request.fields["accept-language"] ?? "").lowercased().split(separator: ",").map {
            String($0.drop { $0 == " " }.prefix { $0 != "-" && $0 != ";" })
        }
        return asked.first(where: Words.languages.contains) ?? "en"
    }

    var words: Words { Words.of(language) }

    func say(_ word: Word, _ values: [String: String] = [:]) -> String { words.say(word, values) }

    /// The node's clock, UTC, in digits that everybody compares.
    var clockTime: String {
        let minutes = now.seconds / 60 % 1_440
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// A hidden field with a fresh form token: in every form that posts.
    var tokenField: HTML { E("input", ["type": "hidden", "name": "token", "value": formToken]) }
}

/// Names of form fields that several pages share.
enum Field {
    static let token = "token"
    static let draftToken = "draft-token"
}
