// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Procedure

/// *She wants to stop* where somebody practises: the two presses of a real stop, which stop nothing. A real case is one more press away.
enum PracticeStopPage {
    static func show(_ call: Call) throws -> WebResponse {
        let work = try practice(call)
        return page(call, work, heading: .sheWantsToStop) {
            E("p") { call.say(.practiceStopHow) }
            E("form", ["method": "post", "action": "/drafts/\(work.id.hex)/stop"]) {
                call.tokenField
                E("button", ["class": "button stop main"]) { call.say(.practiceStopNow) }
            }
        }
    }

    static func record(_ call: Call) throws -> WebResponse {
        let work = try practice(call)
        return page(call, work, heading: .practiceStopDone) { E("p") { call.say(.practiceStopDoneHow) } }
    }

    /// - Throws: WebFault `.notFound` for a draft of a real case, whose pages lead to its own stop.
    private static func practice(_ call: Call) throws -> DraftWork {
        let work = try DraftWork(call)
        guard work.isPractice else { throw WebFault.notFound }
        return work
    }

    private static func page(
        _ call: Call, _ work: DraftWork, heading: Word, @Markup _ content: () -> HTML
    ) -> WebResponse {
        let content = content()
        return Page(call: call, title: .stopTitle, heading: call.say(heading), practice: work.practice).response {
            content
            E("p") { E("a", ["href": "/drafts/\(work.id.hex)"]) { call.say(.taskList) } }
            E("p") { E("a", ["href": "/stop"]) { call.say(.practiceStopReal) } }
        }
    }
}
