// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile

/// Who signs in at this node. Inviting and suspending is the operator's command `kheya user`.
enum PeoplePage {
    static func show(_ call: Call) throws -> WebResponse {
        let accounts = try call.site.signIn.accounts()
        return Page(call: call, title: .people).response {
            E("p") { call.say(.peopleHow) }
            E("ul", ["class": "rows"]) {
                for account in accounts {
                    E("li") {
                        E("b", ["translate": "no"]) { account.name }
                        E("span") { call.say(account.role.word) }
                        E("span", ["class": "hint"]) {
                            call.say(account.actsByCommandOnly ? .stateCommand : account.state.word)
                        }
                    }
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
