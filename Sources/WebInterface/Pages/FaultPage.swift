// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A clear page for whatever went wrong; the case is as it was.
struct FaultPage {
    let call: Call
    let fault: WebFault

    var response: WebResponse {
        var response = Page(call: call, title: .faultTitle).response(status: fault.status) {
            E("p") { call.say(fault.word) }
            if fault == .verifying {
                E("p") { E("a", ["class": "button main", "href": "/audit"]) { call.say(.lookAgain) } }
            }
            E("p") { E("a", ["class": "button", "href": "/"]) { call.say(.toToday) } }
        }
        if fault.status == 429 { response.fields["retry-after"] = "30" }
        return response
    }
}
