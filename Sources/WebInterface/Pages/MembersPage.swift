// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Letters
import Membership
import Node
import Procedure

/// Who takes part in the network, and by which keys: each with the number that two people compare by telephone.
enum MembersPage {
    static func show(_ call: Call) throws -> WebResponse {
        let words = try call.procedure()
        let own = call.desk.identity.member
        let members = call.desk.network.directories.members.filter { $0.id != own }
        return try Page(call: call, title: .members).response {
            E("p") { call.say(.membersHow) }
            for member in members { try card(member, call, words) }
        }
    }

    /// Somebody here has compared the digits that she saw.
    static func compared(_ call: Call) throws -> WebResponse {
        guard let member = MemberID(call.form.value("member")), let seen = Digest(hex: call.form.value("number")),
            seen == call.desk.network.directories.pairNumber(call.desk.identity.member, member, at: call.now)
        else { throw WebFault.badRequest }
        try call.desk.store.write { try $0.note(comparing: seen, with: member, by: call.name, at: call.now) }
        return .seeOther("/members")
    }

    private static func card(_ member: Member, _ call: Call, _ words: DeskWords) throws -> HTML {
        let directories = call.desk.network.directories
        let number = directories.pairNumber(call.desk.identity.member, member.id, at: call.now)
        let all = try call.desk.store.read { try $0.comparisons(with: member.id) }
        let now = all.filter { $0.number == number }
        let until = member.certificates.filter { $0.isValid(at: call.now) }.map(\.until).min()
        return E("section", ["class": "card", "aria-label": member.name]) {
            E("h2") { member.name }
            E("p", ["class": "since"]) {
                E("span", ["translate": "no"]) { member.id.text }
                " · \(member.roles.sorted().map(words.role).joined(separator: ", "))"
            }
            if let number {
                E("p", ["class": "secret", "translate": "no"]) { SafetyNumber.text(of: number) }
                if now.isEmpty, !all.isEmpty { E("p", ["class": "late"]) { call.say(.keyChanged) } }
                if now.isEmpty {
                    E("p") {
                        E("span", ["class": "mark", "aria-hidden": "true"]) { "" }; call.say(.notCompared)
                    }
                } else {
                    E("ul", ["class": "rows plain"]) {
                        for comparison in now {
                            E("li") {
                                E("span") {
                                    E("span", ["class": "mark green", "aria-hidden": "true"]) { "" }
                                    call.say(
                                        .comparedBy,
                                        ["name": comparison.account, "time": words.moment(comparison.at)])
                                }
                            }
                        }
                    }
                }
                if now.count == 1 { E("p") { call.say(.comparedOnce) } }
                if Access.casework.admits(call.account?.role ?? .readOnly),
                    !now.contains(where: { $0.account == call.name })
                {
                    E("form", ["method": "post", "action": "/members", "class": "steps"]) {
                        call.tokenField
                        E("input", ["type": "hidden", "name": "member", "value": member.id.text])
                        E("input", ["type": "hidden", "name": "number", "value": number.hex])
                        E("button") { call.say(.compare) }
                    }
                }
            } else {
                E("p", ["class": "late"]) { call.say(.noKeys) }
            }
            if let until { E("p", ["class": "since"]) { call.say(.keysUntil, ["time": words.moment(until)]) } }
        }
    }
}
