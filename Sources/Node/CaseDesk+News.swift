// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import CaseFile
public import Procedure

/// What came that waits for somebody here. Protocols/Notices.md section 3.
public struct News: Sendable, Hashable {
    /// When the first came that bears no delay.
    public var urgent: Instant?
    /// When the first of the others came.
    public var ordinary: Instant?

    public var isEmpty: Bool { urgent == nil && ordinary == nil }
}

extension CaseDesk {
    /// What came later than `mark` for accounts of a role.
    public func news(for role: Account.Role, after mark: Instant, at now: Instant) throws -> News {
        var news = role.seesCases ? try list(at: now).news(after: mark) : News()
        let alarm = try store.read { try $0.firstAlarm(after: mark) }
        news.ordinary = [news.ordinary, alarm].compactMap(\.self).min()
        return news
    }

    /// How far an account has been told; one that nobody has asked about yet, since it was made.
    public func notice(of account: Account) throws -> NoticeRecord {
        try store.read { try $0.notice(of: account.name) }
            ?? NoticeRecord(account: account.name, since: account.created)
    }

    /// Of the clock of this member's country, seconds east of Greenwich.
    public var zone: Int64 { network.profileInForce?.definition.zones[identity.member.country] ?? 0 }
}
