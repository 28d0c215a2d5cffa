// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node

/// What a person chooses for herself.
struct SettingsPage {
    let call: Call
    let words: DeskWords
    var choice: NoticeChoice
    var isSaved = false
    var errors: [(field: String, text: String)] = []

    static func show(_ call: Call) throws -> WebResponse {
        try SettingsPage(call: call, words: call.procedure(), choice: current(call).choice).response()
    }

    static func changed(_ call: Call) throws -> WebResponse {
        var page = try SettingsPage(call: call, words: call.procedure(), choice: current(call).choice)
        page.isSaved = true
        return try page.response()
    }

    /// The session goes on under another token, every other of the account ends.
    static func setPassword(_ call: Call) throws -> WebResponse {
        let form = call.form
        let token = try call.site.signIn.changePassword(
            of: call.name, from: form.value("password"), to: form.value("new"), again: form.value("again"),
            code: form.value("code"), keepsTokens: form.has("keep-tokens"), at: call.now)
        var response = WebResponse.seeOther("/settings/changed")
        response.cookies = [Cookie.set(Cookie.session, Hex.text(token))]
        return response
    }

    static func refused(_ call: Call, _ fault: SignIn.Fault) throws -> WebResponse {
        var page = try SettingsPage(call: call, words: call.procedure(), choice: current(call).choice)
        switch fault {
        case .passwordLength: page.errors = [("new", call.say(.passwordLength))]
        case .passwordsDiffer: page.errors = [("again", call.say(.passwordsDiffer))]
        default: page.errors = [("password", call.say(.passwordRefused))]
        }
        return try page.response(status: 422)
    }

    /// Ends one of her own at once: who is signed in may stop, without a code.
    static func revokeToken(_ call: Call) throws -> WebResponse {
        do { try call.site.signIn.revokeToken(call.form.value("id"), of: call.name) } catch SignIn.Fault.unknownToken {
            // It has been ended before, by another press.
        }
        return .seeOther("/settings")
    }

    static func setNotices(_ call: Call) throws -> WebResponse {
        var notice = try current(call)
        let mail = String(decoding: call.form.value("mail").utf8.filter { $0 != 0x20 }, as: UTF8.self)
        let (from, to) = (hour(call.form.value("quiet-from")), hour(call.form.value("quiet-to")))
        // Without a mail program the page does not ask for an address: the one that is there stays.
        let kept = call.form.has("mail") ? mail : notice.choice.mail ?? ""
        notice.choice = NoticeChoice(
            mail: kept.isEmpty ? nil : kept, atOnce: call.form.value("when") == "at-once", quietFrom: from, quietTo: to)
        var page = try SettingsPage(call: call, words: call.procedure(), choice: notice.choice)
        if !mail.isEmpty, !NoticeSettings.isAddress(mail) { page.errors.append(("mail", call.say(.mailWrong))) }
        let isQuiet = from.flatMap { from in to.flatMap { QuietHours(from: from, to: $0) } } != nil
        if !isQuiet, from != nil || to != nil { page.errors.append(("quiet-from", call.say(.quietWrong))) }
        guard page.errors.isEmpty else { return try page.response(status: 422) }
        try call.desk.store.write { [notice] in try $0.put(notice) }
        page.isSaved = true
        return try page.response()
    }

    private static func current(_ call: Call) throws -> NoticeRecord {
        guard let account = call.account else { throw WebFault.forbidden }
        return try call.desk.notice(of: account)
    }

    private static func hour(_ text: String) -> Int? { Int(text).flatMap { (0...23).contains($0) ? $0 : nil } }

    private func response(status: Int = 200) throws -> WebResponse {
        let tokens = try call.site.signIn.tokens().filter { $0.account == call.name && call.now < $0.until }
        return Page(call: call, title: .settings, hasError: !errors.isEmpty).response(status: status) {
            call.errorSummary(errors)
            if isSaved { E("p", ["role": "status"]) { call.say(.settingsSaved) } }
            E("h2") { call.say(.notices) }
            E("p") { call.say(.noticesHow) }
            E("form", ["method": "post", "action": "/settings/notices"]) {
                call.tokenField
                if call.site.notices.canMail {
                    call.textField(
                        "mail", .mailAddress, hint: .mailHint, value: choice.mail ?? "", autocomplete: "email",
                        mode: "email", error: errors.first { $0.field == "mail" }?.text)
                } else {
                    E("p", ["class": "hint"]) { call.say(.noMailHere) }
                }
                E("fieldset") {
                    E("legend") { call.say(.noticeWhen) }
                    way("digest", call.say(.noticeDigest, ["times": times]), isChosen: !choice.atOnce)
                    way("at-once", call.say(.noticeAtOnce), isChosen: choice.atOnce)
                }
                E("p") { call.say(.quietHow) }
                hours("quiet-from", .quietFrom, choice.quietFrom)
                hours("quiet-to", .quietTo, choice.quietTo)
                E("button", ["class": "button main"]) { call.say(.save) }
            }
            E("h2") { call.say(.changePassword) }
            E("p") { call.say(.changePasswordHow) }
            E("form", ["method": "post", "action": "/settings/password"]) {
                call.tokenField
                secret("password", .password, "current-password")
                secret("new", .newPassword, "new-password", hint: .newPasswordHint)
                secret("again", .passwordAgain, "new-password")
                call.textField("code", .code, hint: .codeNow, autocomplete: "one-time-code", mode: "numeric")
                if !tokens.isEmpty {
                    E("label", ["class": "choice"]) {
                        E("input", ["type": "checkbox", "name": "keep-tokens", "value": "yes"])
                        call.say(.keepTokens)
                    }
                }
                E("button", ["class": "button"]) { call.say(.changePassword) }
            }
            programs(tokens)
        }
    }

    /// What lets programs act for her, and a way to end each.
    private func programs(_ tokens: [APIToken]) -> HTML {
        guard !tokens.isEmpty else { return .empty }
        return group {
            E("h2") { call.say(.programs) }
            E("p") { call.say(.programsHow) }
            E("ul", ["class": "rows"]) {
                for token in tokens {
                    E("li") {
                        E("b", ["translate": "no"]) { token.id }
                        E("p") { call.say(token.scope == .read ? .tokenReads : .tokenWrites) }
                        E("p", ["class": "since"]) {
                            call.say(.tokenUntil, ["time": words.moment(token.until)])
                            " · "
                            token.used.map { call.say(.tokenUsed, ["time": words.moment($0)]) }
                                ?? call.say(.tokenUnused)
                        }
                        E("form", ["method": "post", "action": "/settings/tokens"]) {
                            call.tokenField
                            E("input", ["type": "hidden", "name": "id", "value": token.id])
                            E("button", ["class": "link"]) { call.say(.endToken, ["token": token.id]) }
                        }
                    }
                }
            }
        }
    }

    private var times: String { call.site.notices.times.map(clock).joined(separator: ", ") }

    /// In the reader's digits.
    private func clock(_ minute: Int) -> String {
        func two(_ number: Int) -> String {
            words.labels.number(Int64(number / 10)) + words.labels.number(Int64(number % 10))
        }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }

    private func secret(_ name: String, _ label: Word, _ autocomplete: String, hint: Word? = nil) -> HTML {
        call.textField(
            name, label, hint: hint, type: "password", autocomplete: autocomplete,
            error: errors.first { $0.field == name }?.text)
    }

    private func way(_ value: String, _ text: String, isChosen: Bool) -> HTML {
        E("label", ["class": "choice"]) {
            E("input", ["type": "radio", "name": "when", "value": value, "checked": isChosen ? "" : nil])
            text
        }
    }

    private func hours(_ name: String, _ label: Word, _ chosen: Int?) -> HTML {
        E("div", ["class": "field"]) {
            E("label", ["for": name]) { call.say(label) }
            E("select", ["id": name, "name": name]) {
                E("option", ["value": "none"]) { call.say(.quietNone) }
                for hour in 0..<24 {
                    E("option", ["value": "\(hour)", "selected": chosen == hour ? "" : nil]) { clock(hour * 60) }
                }
            }
        }
    }
}
