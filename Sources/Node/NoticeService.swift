// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Exchange
import Letters
public import Logging
import MessageStore
public import Procedure
public import ServiceLifecycle

/// Tells people, where they are, that something waits for them at the page: one fixed sentence, by mail; a webhook for the node.
///
/// It only reads what the carrying of letters writes, and runs beside it: what fails here holds no letter.
///
/// - SeeAlso: Protocols/Notices.md.
public actor NoticeService: Service {
    /// What stands for the webhook among the accounts.
    static let webhookAccount = "*"
    /// After a failure.
    static let restSeconds: Int64 = 300
    private static let jitterSeconds: UInt64 = 900

    private let desk: CaseDesk
    private let settings: NoticeSettings
    private let clock: @Sendable () -> Instant
    private let logger: Logger
    private let executor = BlockingExecutor(label: "kheya.notices")
    /// Accounts whose last notice failed, and until when they rest.
    private var resting: [String: Instant] = [:]
    /// Until when the mail program rests, which did not end.
    private var mailRests: Instant?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public init(
        desk: CaseDesk, settings: NoticeSettings, clock: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        self.desk = desk
        self.settings = settings
        self.clock = clock
        self.logger = logger
    }

    /// Looks every 15 s until the service group shuts down or the task is cancelled.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await self.pass() } catch {
                    // A full disk or a busy database passes; the kind alone, its words may hold anything.
                    self.logger.error("notice.not-read", metadata: ["kind": "\(type(of: error))"])
                }
                try? await Task.sleep(for: .seconds(15))
            }
        }
    }

    /// One look at everybody.
    ///
    /// - Returns: how many notices went out.
    /// - Throws: what the store throws; a way that fails is logged.
    @discardableResult
    public func pass() async throws -> Int {
        var count = 0
        if let sendmail = settings.sendmail, settings.canMail, mailRests.map({ $0 <= clock() }) ?? true {
            for account in try desk.store.read({ try $0.accounts() }) where account.state == .active {
                let notice = try desk.notice(of: account)
                guard let address = notice.choice.mail, try isDue(notice, role: account.role) else { continue }
                let sentence = ProfileLabels(language: account.language).sentence(.somethingWaits)
                let message = Sendmail.message(sentence, from: settings.from, to: address)
                if try await tell(notice.account, { try Sendmail.send(message, by: sendmail) }) { count += 1 }
                // It would keep everybody else waiting as long, one after the other.
                if mailRests.map({ clock() < $0 }) ?? false { break }
            }
        }
        if let webhook = settings.webhook {
            let name = Self.webhookAccount
            let known = try desk.store.read { try $0.notice(of: name) }
            guard let known else {
                // What was here before the webhook was set is no news.
                try desk.store.write { try $0.put(NoticeRecord(account: name, since: clock())) }
                return count
            }
            if try isDue(known, role: .readOnly) {
                let client = WebhookClient(url: webhook.url, key: webhook.key, root: webhook.root)
                let seconds = clock().seconds
                if try await tell(name, { try await client.tell(at: seconds) }) { count += 1 }
            }
        }
        return count
    }

    private func isDue(_ notice: NoticeRecord, role: Account.Role) throws -> Bool {
        let now = clock()
        guard resting[notice.account].map({ $0 <= now }) ?? true else { return false }
        let news = try desk.news(for: role, after: notice.mark, at: now)
        if news.urgent != nil { return true }
        guard let came = news.ordinary else { return false }
        let own = notice.choice.quietFrom.flatMap { from in
            notice.choice.quietTo.flatMap { QuietHours(from: from, to: $0) }
        }
        let schedule = NoticeSchedule(
            digest: notice.choice.atOnce ? nil : settings.times, quiet: own ?? settings.quiet, offset: desk.zone)
        guard !schedule.isQuiet(at: now) else { return false }
        let key = try desk.store.keys.accountKey()
        return schedule.moment(for: came) { Self.jitter(notice.account, day: $0, key: key) } <= now
    }

    /// Fixed for an account and a day, and known to the node alone.
    private static func jitter(_ account: String, day: Int64, key: [UInt8]) -> Int64 {
        let code = HMACSHA256.code(Array("kheya notice\n\(account)\n\(day)".utf8), key: key)
        return Int64(code.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % jitterSeconds)
    }

    /// Told once: a crash between the two tells twice.
    private func tell(_ account: String, _ way: @Sendable () async throws -> Void) async throws -> Bool {
        do { try await way() } catch {
            resting[account] = clock() + Self.restSeconds
            let code = (error as? Sendmail.Fault)?.code ?? (error as? ExchangeError)?.code.rawValue ?? "failed"
            if code == Sendmail.tooSlow { mailRests = clock() + Self.restSeconds }
            logger.warning("notice.not-sent", metadata: ["code": "\(code)"])
            return false
        }
        resting[account] = nil
        let now = clock()
        try desk.store.write { transaction in
            var notice = try transaction.notice(of: account) ?? NoticeRecord(account: account, since: now)
            notice.told = now
            try transaction.put(notice)
        }
        logger.info("notice.sent")
        return true
    }
}
