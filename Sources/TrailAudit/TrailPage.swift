// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure

/// The report for people: one page of HTML that needs nothing else, holds no name but those of organisations' ids, and prints well.
public enum TrailPage {
    /// Everything before the stories.
    public static func head(_ report: TrailReport) -> String {
        let newest = report.newest.map {
            "<tr><td>\(text($0.origin))</td><td class=n>\($0.size)</td><td>\(time($0.time))</td></tr>"
        }.joined(separator: "\n")
        let findings = report.findings.filter { $0.weight != .note }.map {
            "<tr class=\($0.weight.rawValue.lowercased())><td>\($0.weight.rawValue)</td><td>\($0.code.rawValue)</td>"
                + "<td>\(text($0.origin ?? "–"))</td><td class=n>\($0.leaf.map(String.init) ?? "–")</td>"
                + "<td><code>\($0.letter.map { String($0.hex.prefix(16)) } ?? "–")</code></td><td>\(text($0.detail))</td></tr>"
        }.joined(separator: "\n")
        let counts = report.counts.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.rawValue): \($0.value)" }.joined(separator: " · ")
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Trail audit: \(report.verdict.rawValue)</title>
            <style>
            body { font: 15px/1.4 system-ui, sans-serif; max-width: 70rem; margin: 1.5rem auto; padding: 0 1rem; color: #111; background: #fff }
            h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; margin: 1.6rem 0 .3rem; border-top: 1px solid #999; padding-top: .6rem }
            table { border-collapse: collapse; width: 100%; margin: .4rem 0 } th { text-align: left; font-weight: 600; border-bottom: 1px solid #666 }
            td, th { padding: .2rem .5rem .2rem 0; vertical-align: top; font-size: .85rem } tr { border-bottom: 1px solid #ddd }
            .n { text-align: right } code { font-size: .8rem } .verdict { font-weight: 700; padding: .1rem .5rem; border: 2px solid }
            .urgent td:first-child, .fail td { font-weight: 700 } .late { font-weight: 700 }
            @media print { body { margin: 0; max-width: none; font-size: 10pt } tr, h2 { break-inside: avoid } h2 { break-after: avoid } thead { display: table-header-group } }
            </style>
            </head>
            <body>
            <h1>Trail audit <span class="verdict">\(report.verdict.rawValue)</span></h1>
            <p>As of \(time(report.asOf)). \(report.leaves) log entries, \(report.letters) letters, \(report.erased) erased.</p>
            <p>\(meaning(report.verdict))</p>
            <table><thead><tr><th>Log</th><th class=n>Entries</th><th>Last cosigned</th></tr></thead>
            \(newest)
            </table>
            <p>\(counts.isEmpty ? "Nothing was found." : counts)</p>
            \(findings.isEmpty ? "" : "<table><thead><tr><th>Weight</th><th>Code</th><th>Log</th><th class=n>Leaf</th><th>Letter</th><th>What</th></tr></thead>\n\(findings)\n</table>")
            <p>Codes: Protocols/Trail.md, section 6. A trail shows what was logged, when, by whose authority, and that it was not changed since; \
            not that what was reported is true.</p>

            """
    }

    public static let foot = "</body>\n</html>\n"

    private static func meaning(_ verdict: TrailReport.Verdict) -> String {
        switch verdict {
        case .pass: "Everything that this bundle promises is there and holds."
        case .fail: "At least one thing is false. The findings say which, and where."
        case .incomplete: "Nothing is false, but something is missing."
        case .unchecked: "Nothing was checked: the trust folder does not fit the bundle."
        }
    }

    /// One case.
    public static func story(_ story: CaseStory) -> String {
        let rows = story.rows.map(row).joined(separator: "\n")
        let checkpoints = story.checkpoints.map { checkpoint in
            "<tr><td>\(text(checkpoint.track))</td><td>\(text(checkpoint.states.joined(separator: " or ")))</td>"
                + "<td>\(checkpoint.standing.rawValue)</td><td>\(checkpoint.since.map(time) ?? "–")</td></tr>"
        }.joined(separator: "\n")
        let overdue = story.overdue.map {
            "<li class=late>\(text($0.steps.first ?? $0.deadline)) owed by \(text($0.role)) since \(time($0.since)), due \(time($0.due))</li>"
        }.joined()
        return """
            <h2>Case <code>\(story.id)</code></h2>
            <p>Stands at: \(text(story.lifecycle.joined(separator: " or "))).</p>
            <table><thead><tr><th>Step</th><th>From</th><th>To</th><th>Sent</th><th>Logged between</th><th>Verdict</th>\
            <th>Came after</th><th>Receipts</th><th>Order</th></tr></thead>
            \(rows)
            </table>
            <table><thead><tr><th>Checkpoint</th><th>State</th><th></th><th>Since</th></tr></thead>
            \(checkpoints)
            </table>
            \(overdue.isEmpty ? "" : "<p>Late:</p><ul>\(overdue)</ul>")

            """
    }

    private static func row(_ row: CaseStory.Row) -> String {
        guard row.type == .step || row.type == .refusal || row.type == .notice else { return "" }
        let steps = row.steps.joined(separator: ", ")
        let name =
            row.type == .step
            ? steps.isEmpty ? "sealed step" : steps + (row.isSealed ? "" : " (all shown)")
            : "\(row.type.rawValue): \(steps)"
        let receipts = row.receipts.isEmpty ? "–" : row.receipts.joined(separator: ", ")
        return "<tr class=\(row.lane.rawValue)><td>\(text(name))</td><td>\(text(row.from.text))</td>"
            + "<td>\(text(row.to.map(\.text).joined(separator: ", ")))</td><td>\(time(row.at))</td>"
            + "<td>\(row.after.map(time) ?? "…") – \(row.before.map(time) ?? "(\(time(row.logged)) by the broker's clock)")</td><td>\(text(row.verdict))</td>"
            + "<td>\(text(row.restsOn.isEmpty ? "–" : row.restsOn.joined(separator: ", ")))</td><td>\(text(receipts))</td>"
            + "<td>\(row.isProved ? "proved" : "referenced")</td></tr>"
    }

    private static func time(_ instant: Instant) -> String {
        Date(timeIntervalSince1970: TimeInterval(instant.seconds)).formatted(Date.ISO8601FormatStyle(timeZone: .gmt))
            .replacing("T", with: " ").replacing("Z", with: "")
    }

    /// What a bundle says is never markup.
    private static func text(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
