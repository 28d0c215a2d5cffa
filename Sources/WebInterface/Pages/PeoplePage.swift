// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Node
import Procedure

/// Who signs in at this node. A supervisor invites and suspends those who work with her; supervisors and administrators come by the
/// operator's command `kheya user`.
struct PeoplePage {
    /// Whom somebody at the page may invite and suspend: nobody who could then do the same.
    static let roles: [Account.Role] = [.caseworker, .readOnly, .auditor]

    let call: Call
    var errors: [(field: String, text: String)] = []

    static func show(_ call: Call) throws -> WebResponse { try PeoplePage(call: call).response() }

    static func invite(_ call: Call) throws -> WebResponse {
        let (name, language) = (call.form.value("name"), call.form.value("language"))
        guard let role = Account.Role(rawValue: call.form.value("role")), roles.contains(role),
            Words.languages.contains(language)
        else { throw WebFault.badRequest }
        let until = try until(language, call)
        let slip = try call.site.signIn.invite(
            name, role: role, language: language, by: confirmation("code", call), at: call.now)
        return sheet(slip, name, language, until, call)
    }

    /// Suspends an account, or gives one that nobody has used yet another slip.
    static func change(_ call: Call) throws -> WebResponse {
        let signIn = call.site.signIn
        let name = call.form.value("account")
        guard let account = try signIn.accounts().first(where: { $0.name == name }), roles.contains(account.role) else {
            throw WebFault.badRequest
        }
        let confirmation = confirmation("change-code", call)
        switch (call.form.value("do"), account.state) {
        case ("suspend", _):
            try signIn.suspend(name, by: confirmation, at: call.now)
            return .seeOther("/people")
        case ("slip", .invited):
            let until = try until(account.language, call)
            return sheet(try signIn.reset(name, by: confirmation, at: call.now), name, account.language, until, call)
        default: throw WebFault.badRequest
        }
    }

    private static func confirmation(_ field: String, _ call: Call) -> SignIn.Confirmation {
        SignIn.Confirmation(name: call.name, code: call.form.value(field))
    }

    static func refused(_ call: Call, _ fault: SignIn.Fault) throws -> WebResponse {
        var page = PeoplePage(call: call)
        page.errors =
            switch fault {
            case .taken: [("name", call.say(.nameTaken))]
            case .badName: [("name", call.say(.nameWrong))]
            default: [(call.form.has("change-code") ? "change-code" : "code", call.say(.codeRefused))]
            }
        return try page.response(status: 422)
    }

    /// The slip, once, to be printed or scanned: in the language of whom it is for.
    private static func sheet(
        _ slip: String, _ name: String, _ language: String, _ until: String, _ call: Call
    ) -> WebResponse {
        let words = Words.of(language)
        return Page(call: call, title: .slipTitle).response {
            E("p") { call.say(.slipHandOver) }
            E("div", ["class": "card", "lang": language]) {
                E("h2") { words.say(.welcome) }
                E("p") { words.say(.welcomeName, ["name": name]) }
                if let origin = call.site.settings.publicOrigin {
                    let address = SignIn.address(ofSlipIn: language, at: origin)
                    if let code = QRCode(address) { code.picture(words.say(.slipCode)) }
                    E("p", ["translate": "no"]) { address }
                }
                E("p", ["class": "secret", "translate": "no"]) { slip }
                E("p") { words.say(.slipUntil, ["time": until]) }
            }
            E("p") { E("a", ["class": "button main", "href": "/people"]) { call.say(.people) } }
        }
    }

    /// Said before the slip is made: it is shown once.
    private static func until(_ language: String, _ call: Call) throws -> String {
        try call.desk.words(for: nil, in: language).moment(call.now + WebLimits.slipSeconds)
    }

    private func response(status: Int = 200) throws -> WebResponse {
        let accounts = try call.site.signIn.accounts()
        let words = try call.procedure()
        let invites = call.account?.role == .supervisor
        return Page(call: call, title: .people, hasError: !errors.isEmpty).response(status: status) {
            call.errorSummary(errors)
            E("p") { call.say(.peopleHow) }
            E("ul", ["class": "rows"]) {
                for account in accounts {
                    E("li") {
                        E("b", ["translate": "no"]) { account.name }
                        E("span") { call.say(account.role.word) }
                        E("span", ["class": "hint"]) {
                            call.say(account.actsByCommandOnly ? .stateCommand : account.state.word)
                            if let inviter = account.invitedBy {
                                " · \(call.say(.invitedBy, ["name": inviter]))"
                            }
                            if let suspension = account.suspended {
                                " · \(call.say(.suspendedBy, ["name": suspension.by ?? call.say(.operatorByCommand)]))"
                                " · \(words.moment(suspension.at))"
                            }
                        }
                    }
                }
            }
            if invites {
                invitation
                change(accounts.filter { Self.roles.contains($0.role) })
            }
        }
    }

    private var invitation: HTML {
        E("form", ["method": "post", "action": "/people", "class": "card"]) {
            call.tokenField
            E("h2") { call.say(.invite) }
            call.textField(
                "name", .accountName, hint: .accountNameHint, value: call.form.value("name"), error: error("name"))
            choice("role", .roleOf, Self.roles.map { ($0.rawValue, call.say($0.word), nil) })
            choice("language", .language, Words.languages.map { ($0, Words.names[$0] ?? $0, $0) })
            code("code")
            E("button", ["class": "button main"]) { call.say(.invite) }
        }
    }

    private func change(_ accounts: [Account]) -> HTML {
        guard !accounts.isEmpty else { return .empty }
        return E("form", ["method": "post", "action": "/people/change", "class": "card"]) {
            call.tokenField
            E("h2") { call.say(.changeAccount) }
            choice("account", .accountName, accounts.map { ($0.name, $0.name, nil) })
            code("change-code")
            E("div", ["class": "steps"]) {
                E("button", ["name": "do", "value": "suspend"]) { call.say(.suspend) }
                E("button", ["name": "do", "value": "slip"]) { call.say(.anotherSlip) }
            }
            E("p", ["class": "hint"]) { call.say(.anotherSlipHow) }
        }
    }

    private func error(_ field: String) -> String? { errors.first { $0.field == field }?.text }

    private func code(_ name: String) -> HTML {
        call.textField(
            name, .code, hint: .codeNow, autocomplete: "one-time-code", mode: "numeric", error: error(name))
    }

    /// - Parameter options: value, text, and its language where that is not the reader's.
    private func choice(_ name: String, _ label: Word, _ options: [(value: String, text: String, language: String?)])
        -> HTML
    {
        E("div", ["class": "field"]) {
            E("label", ["for": name]) { call.say(label) }
            E("select", ["id": name, "name": name]) {
                for option in options {
                    E(
                        "option",
                        [
                            "value": option.value, "lang": option.language,
                            "selected": call.form.value(name) == option.value ? "" : nil,
                        ]
                    ) { option.text }
                }
            }
        }
    }
}

extension Account.Role {
    var word: Word {
        switch self {
        case .caseworker: .roleCaseworker
        case .supervisor: .roleSupervisor
        case .administrator: .roleAdministrator
        case .auditor: .roleAuditor
        case .readOnly: .roleReadOnly
        }
    }
}

extension Account.State {
    var word: Word {
        switch self {
        case .invited: .stateInvited
        case .active: .stateActive
        case .suspended: .stateSuspended
        }
    }
}
