// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// What one connection may take its time for: an event goes in, and what the timer must do comes out.
///
/// No clock and no channel: ``ConnectionGuard`` performs it, tests drive it by hand.
struct ConnectionPace: Hashable {
    /// What the timer waits for.
    enum Timer: Hashable {
        case handshake
        /// The next request's head: silence between requests and a head that drips are the same.
        case head
        /// The next window of a body.
        case body
        /// The end of a refused connection.
        case linger
        /// We work or answer: no hurry is the peer's.
        case none
    }

    enum Expiry: Hashable {
        case close
        /// The body drips: tell whoever reads it.
        case tooSlow
        /// The window was good: begin the next.
        case again
    }

    private let windowBytes: Int
    private var isSecured = false
    private var heads = 0
    private var answers = 0
    private(set) var isReadingBody = false
    private var received = 0
    private var isLingering = false

    init(windowBytes: Int) { self.windowBytes = windowBytes }

    var timer: Timer {
        if isLingering { return .linger }
        if !isSecured { return .handshake }
        // With requests sent ahead, our own back pressure stops their bytes: only a single request's body is timed.
        if isReadingBody { return heads - answers == 1 ? .body : .none }
        return heads == answers ? .head : .none
    }

    var hasOpenRequest: Bool { heads > answers }

    mutating func secured() { isSecured = true }

    mutating func head() {
        heads += 1
        isReadingBody = true
        received = 0
    }

    mutating func body(_ count: Int) { received += count }
    mutating func requestEnd() { isReadingBody = false }

    /// The answer's last byte was handed to the socket.
    mutating func answerEnd(closing: Bool) {
        answers += 1
        if closing { isLingering = true }
    }

    mutating func linger() { isLingering = true }

    mutating func expired() -> Expiry {
        guard timer == .body else { return .close }
        guard received >= windowBytes else { return .tooSlow }
        received = 0
        return .again
    }
}
