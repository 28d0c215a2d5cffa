// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
public import Membership

/// How people are told that something waits: `options` in `kheya.json`.
///
/// - SeeAlso: Protocols/Notices.md, "Settings".
public struct NoticeSettings: Sendable, Hashable {
    /// Where the node tells a program of its own, and by which key and root (PEM; absent: the system's).
    public struct Webhook: Sendable, Hashable {
        public var url: String
        public var key: [UInt8]
        public var root: String?
    }

    /// Absolute path of the program that takes mail; absent: no mail.
    public var sendmail: String? = "/usr/sbin/sendmail"
    public var from: String?
    /// Minutes of the day at which digests go, ascending.
    public var times = [600, 960]
    /// Hours between which nothing goes but what is urgent.
    public var quiet: QuietHours?
    public var webhook: Webhook?

    public init() {}

    /// Whether there is a program that takes mail.
    public var canMail: Bool { sendmail.map(FileManager.default.isExecutableFile) ?? false }

    /// - Throws: MembershipError `.homeMalformed` naming the option.
    public init(_ home: HomeSettings) throws(MembershipError) {
        if let path = try Self.text(home, "notify_sendmail") {
            guard path == "off" || path.hasPrefix("/") else { throw Self.wrong("notify_sendmail", "no absolute path") }
            sendmail = path == "off" ? nil : path
        }
        from = try Self.text(home, "notify_from")
        if let from, !Self.isAddress(from) { throw Self.wrong("notify_from", "no mail address") }
        if let value = home.options["notify_times"] {
            guard case .array(let entries) = value, (1...8).contains(entries.count) else {
                throw Self.wrong("notify_times", "not a list of one to eight times")
            }
            var times: Set<Int> = []
            for entry in entries {
                guard case .string(let text) = entry, let minute = Self.minute(text) else {
                    throw Self.wrong("notify_times", "not of times like 10:00")
                }
                times.insert(minute)
            }
            self.times = times.sorted()
        }
        if let text = try Self.text(home, "notify_quiet") {
            let hours = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard hours.count == 2, let from = hours[0], let to = hours[1], let quiet = QuietHours(from: from, to: to)
            else { throw Self.wrong("notify_quiet", "not two different hours like 21-7") }
            self.quiet = quiet
        }
        webhook = try Self.webhook(home)
    }

    private static func webhook(_ home: HomeSettings) throws(MembershipError) -> Webhook? {
        let place = try text(home, "notify_webhook")
        let file = try text(home, "notify_webhook_key")
        guard let place else {
            if file != nil { throw wrong("notify_webhook_key", "set without notify_webhook") }
            return nil
        }
        let parts = URLComponents(string: place)
        guard parts?.scheme == "https", parts?.host?.isEmpty == false, parts?.user == nil, parts?.fragment == nil
        else { throw wrong("notify_webhook", "no https address") }
        guard let file, let key = try? Data(contentsOf: URL(filePath: file)), (32...1_024).contains(key.count) else {
            throw wrong("notify_webhook_key", "no file of 32 to 1,024 bytes")
        }
        return Webhook(url: place, key: [UInt8](key), root: try text(home, "notify_webhook_root"))
    }

    /// Whether mail can go there: at most 254 bytes, nothing that would be a second line or a second address.
    public static func isAddress(_ text: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x2D || byte == 0x2E
        }
        let halves = text.utf8.split(separator: 0x40, omittingEmptySubsequences: false)
        guard text.utf8.count <= 254, halves.count == 2, let local = halves.first, let host = halves.last,
            !local.isEmpty, !host.isEmpty
        else { return false }
        return local.allSatisfy { isWord($0) || Array("!#$%&'*+/=?^_`{|}~".utf8).contains($0) }
            && host.allSatisfy(isWord)
    }

    private static func minute(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == 0x3A, let hour = Int(text.prefix(2)), let minute = Int(text.suffix(2)),
            (0..<24).contains(hour), (0..<60).contains(minute)
        else { return nil }
        return hour * 60 + minute
    }

    private static func text(_ home: HomeSettings, _ name: String) throws(MembershipError) -> String? {
        guard let value = home.options[name] else { return nil }
        guard case .string(let text) = value, !text.isEmpty else { throw wrong(name, "no text") }
        return text
    }

    private static func wrong(_ name: String, _ what: String) -> MembershipError {
        MembershipError(.homeMalformed, "kheya.json: options.\(name) is \(what)")
    }
}
