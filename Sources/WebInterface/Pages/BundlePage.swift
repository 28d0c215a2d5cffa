// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import CaseFile
import Cryptography
import Letters
import Logging
import Membership
import Node
import Procedure
import Sealing
import TrailAudit
import TransparencyLog

/// What the page *Trail* shows of logs: this node's own letters in its broker's log, and a bundle that somebody brings.
struct BundlePage {
    let call: Call
    let words: DeskWords
    /// Why the file that came is no bundle.
    var fault: Word?

    /// Begins to check every receipt of this node's own letters again.
    static func verifyOwn(_ call: Call) throws -> WebResponse {
        try call.site.trail.beginOwn(at: call.now) { [desk = call.desk, logger = call.site.logger] in
            do { return try desk.verifyOwnTrail() } catch {
                logger.error("web.failed", metadata: ["kind": "\(type(of: error))"])
                return nil
            }
        }
        return .seeOther("/audit")
    }

    /// Takes a bundle and begins to verify it.
    static func take(_ call: Call) throws -> WebResponse {
        guard call.request.fault != .tooLarge else { return try AuditPage.response(call, fault: .bundleTooLarge) }
        guard let bundle = call.form.file, !bundle.isEmpty else {
            return try AuditPage.response(call, fault: .fileEmpty)
        }
        try call.site.trail.begin(bundle, trust: trust(call), by: call.name, at: call.now)
        return .seeOther("/audit")
    }

    /// The authorities that this node's home pins, the logs that their directories list, and what this node has verified of these logs.
    private static func trust(_ call: Call) throws -> TrailTrust {
        let directories = call.desk.network.directories
        return TrailTrust(
            anchors: directories.anchors, policies: directories.logs.mapValues(\.policy),
            kept: try call.desk.store.read { try $0.checkpoints() }.compactMap {
                try? TransparencyLog.Checkpoint(origin: $0.origin, head: TreeHead(size: $0.size, root: $0.root))
            })
    }

    // MARK: Own trail

    var ownTrail: HTML {
        group {
            E("h2") { call.say(.ownTrail) }
            E("p") { call.say(.ownTrailHow) }
            if let own = call.site.trail.own { verified(own) }
            if let since = call.site.trail.ownSince {
                E("p", ["role": "status"]) { call.say(.ownTrailRunning, ["time": words.moment(since)]) }
                E("progress", ["aria-label": call.say(.ownTrail)]) { "" }
                E("p") { E("a", ["class": "button", "href": "/audit"]) { call.say(.lookAgain) } }
            } else {
                E("form", ["method": "post", "action": "/audit/verify"]) {
                    call.tokenField
                    E("button", ["class": "button"]) { call.say(.verifyNow) }
                }
            }
        }
    }

    @Markup private func verified(_ own: TrailDesk.Own) -> HTML {
        E("p", ["role": "status", "class": own.trail?.wrong.isEmpty == true ? nil : "late"]) {
            call.say(own.trail.map { $0.wrong.isEmpty ? .ownTrailHolds : .ownTrailWrong } ?? .ownTrailUnread)
            " · \(words.moment(own.at))"
        }
        if let trail = own.trail {
            E("dl") {
                row(.trailProved, trail.proved)
                row(.trailUnproved, trail.unproved)
                row(.trailWrong, trail.wrong.count)
            }
            if !trail.wrong.isEmpty {
                E("ul", ["class": "proof", "translate": "no"]) {
                    for letter in trail.wrong.prefix(WebLimits.rows) { E("li") { letter.hex } }
                }
            }
            if !trail.checkpoints.isEmpty {
                E("h3") { call.say(.checkpointsKept) }
                E("ul", ["translate": "no"]) {
                    for checkpoint in trail.checkpoints {
                        E("li") { "\(checkpoint.origin) @ \(checkpoint.size) \(checkpoint.root.hex)" }
                    }
                }
            }
        }
    }

    private func row(_ word: Word, _ count: Int) -> HTML {
        group {
            E("dt") { call.say(word) }
            E("dd") { words.labels.number(Int64(count)) }
        }
    }

    // MARK: A bundle

    var bundle: HTML {
        let error = fault.map { call.say($0) }
        return group {
            E("h2") { call.say(.bundle) }
            E("p") { call.say(.bundleHow) }
            E("ul", ["translate": "no"]) {
                for (authority, root) in call.desk.network.directories.anchors.roots.sorted(by: { $0.key < $1.key }) {
                    E("li") { "\(authority.text) \(SafetyNumber.text(of: root.id))" }
                }
            }
            if let work = call.site.trail.work {
                E("p", ["role": "status"]) {
                    call.say(
                        .bundleRunning,
                        [
                            "read": words.labels.number(Int64(work.read >> 10)),
                            "total": words.labels.number(Int64(work.total >> 10)),
                        ])
                }
                E(
                    "progress",
                    ["max": "\(max(1, work.total))", "value": "\(work.read)", "aria-label": call.say(.bundle)]
                ) { "" }
                E("p") { E("a", ["class": "button", "href": "/audit"]) { call.say(.lookAgain) } }
            } else {
                E(
                    "form",
                    ["method": "post", "action": "/audit/bundle", "class": "card", "enctype": "multipart/form-data"]
                ) {
                    call.tokenField
                    E("div", ["class": error == nil ? "field" : "field wrong"]) {
                        E("label", ["for": "file"]) { call.say(.bundleFile) }
                        E("p", ["class": "hint", "id": "file-hint"]) { call.say(.bundleHint) }
                        if let error { E("p", ["class": "error", "id": "file-error"]) { error } }
                        E(
                            "input",
                            [
                                "id": "file", "name": "file", "type": "file",
                                "aria-describedby": error == nil ? "file-hint" : "file-error",
                                "aria-invalid": error == nil ? nil : "true",
                            ])
                    }
                    E("button", ["class": "button main"]) { call.say(.verifyBundle) }
                }
            }
            if let outcome = call.site.trail.outcome { report(outcome) }
        }
    }

    private func report(_ outcome: TrailDesk.Outcome) -> HTML {
        let report = outcome.report
        let findings = report.findings.filter { $0.weight != .note }
        return E("section", ["class": "state", "aria-labelledby": "report"]) {
            E("h3", ["id": "report"]) { call.say(.report) }
            E("p", ["class": report.verdict == .pass ? "stage" : "stage late"]) {
                E("span", ["translate": "no"]) { report.verdict.rawValue }
                " – \(call.say(report.verdict.word))"
            }
            E("p", ["class": "since"]) { "\(outcome.by) · \(words.moment(outcome.at))" }
            E("dl") {
                row(.reportEntries, Int(report.leaves))
                row(.reportLetters, report.letters)
                row(.reportErased, report.erased)
                for newest in report.newest {
                    E("dt", ["translate": "no"]) { "\(newest.origin) @ \(newest.size)" }
                    E("dd") { words.moment(newest.time) }
                }
            }
            if !findings.isEmpty {
                E("h4") { call.say(.reportFindings) }
                E("ul", ["lang": "en", "translate": "no"]) {
                    for finding in findings.prefix(WebLimits.rows) { E("li") { finding.line } }
                }
                if findings.count > WebLimits.rows {
                    E("p") {
                        call.say(.moreRows, ["count": words.labels.number(Int64(findings.count - WebLimits.rows))])
                    }
                }
            }
            for story in outcome.stories { self.story(story) }
            E("p", ["class": "hint"]) { call.say(.reportMore) }
        }
    }

    /// One case: its steps in the order of the log, by codes; nobody's name is in a bundle.
    private func story(_ story: TrailDesk.Story) -> HTML {
        E("details") {
            E("summary", ["translate": "no"]) { "\(call.say(.caseTitle)) \(story.id)" }
            E("ol") {
                for row in story.rows {
                    E("li", ["lang": "en", "translate": "no"]) {
                        row.words.dropLast().joined()
                        " · \(words.moment(row.at)) · \(row.verdict)"
                    }
                }
            }
            if story.more > 0 {
                E("p") { call.say(.moreRows, ["count": words.labels.number(Int64(story.more))]) }
            }
        }
    }
}

extension TrailReport.Verdict {
    fileprivate var word: Word {
        switch self {
        case .pass: .verdictPass
        case .fail: .verdictFail
        case .incomplete: .verdictIncomplete
        case .unchecked: .verdictUnchecked
        }
    }
}
