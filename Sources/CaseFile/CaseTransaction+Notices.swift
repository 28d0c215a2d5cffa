// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Cryptography
import Foundation
import GRDB
public import Procedure

/// How a person wants to be told that something waits. Protocols/Notices.md section 4.
public struct NoticeChoice: Sendable, Hashable, Codable {
    /// Where mail goes; absent: nowhere.
    public var mail: String?
    /// When something comes, and not by digest.
    public var atOnce: Bool
    /// Hours 0 to 23 between which nothing goes but what is urgent; both or neither.
    public var quietFrom: Int?
    public var quietTo: Int?

    public init(mail: String? = nil, atOnce: Bool = false, quietFrom: Int? = nil, quietTo: Int? = nil) {
        self.mail = mail
        self.atOnce = atOnce
        self.quietFrom = quietFrom
        self.quietTo = quietTo
    }
}

/// How far an account has been told what waits.
public struct NoticeRecord: Sendable, Hashable {
    public var account: String
    /// When its person last looked at Today while something was new.
    public var looked: Instant
    /// When its last notice went out.
    public var told: Instant
    public var choice: NoticeChoice

    public init(account: String, since: Instant, choice: NoticeChoice = NoticeChoice()) {
        self.account = account
        looked = since
        told = since
        self.choice = choice
    }

    /// What came later is new.
    public var mark: Instant { max(looked, told) }
}

extension CaseTransaction {
    public func notice(of account: String) throws -> NoticeRecord? {
        try Row.fetchOne(database.statement("SELECT * FROM notice WHERE account = ?"), arguments: [account]).map {
            var record = NoticeRecord(account: account, since: $0.instant("looked"))
            record.told = $0.instant("told")
            do {
                let plain = try AESGCM.open(
                    [UInt8]($0["sealed"] as Data), key: try keys.accountKey(), associatedData: Self.label(account))
                record.choice = try JSONDecoder().decode(NoticeChoice.self, from: Data(plain))
            } catch { throw CaseFileError(.damaged, "an account's notices do not open") }
            return record
        }
    }

    public func put(_ notice: NoticeRecord) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let sealed = try AESGCM.seal(
            [UInt8](encoder.encode(notice.choice)), key: try keys.accountKey(),
            associatedData: Self.label(notice.account))
        try database.run(
            "INSERT OR REPLACE INTO notice VALUES(?, ?, ?, ?)",
            [notice.account, notice.looked.seconds, notice.told.seconds, Data(sealed)])
    }

    /// Forgets where an account's notices go and how far it has been told.
    public func removeNotice(of account: String) throws {
        try database.run("DELETE FROM notice WHERE account = ?", [account])
    }

    /// Bound to the account: a choice moved to another does not open.
    private static func label(_ account: String) -> [UInt8] { Array("kheya-notice/1\n\(account)".utf8) }
}
