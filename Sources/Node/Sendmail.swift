// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation

/// Hands a message to the machine's mail program. Blocks until that has taken it.
enum Sendmail {
    /// It did not take the message.
    struct Fault: Error { let code: String }
    static let tooSlow = "too-slow"

    /// One notice: the same bytes for every reader of a language, but for the address.
    static func message(_ sentence: String, from: String?, to address: String) -> [UInt8] {
        let fields =
            (from.map { ["From: \($0)"] } ?? []) + [
                "To: \(address)", "Subject: Kheya", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
            ]
        let body = Data(sentence.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        return Array((fields.joined(separator: "\n") + "\n\n" + body + "\n").utf8)
    }

    /// A program that does nothing holds the others' notices up for so long, and no longer.
    static let patienceSeconds = 30.0

    /// - Parameters:
    ///   - message: with its receivers in its head; shorter than a pipe holds.
    ///   - seconds: after which the program is asked to end, and killed where it does not.
    static func send(_ message: [UInt8], by path: String, patience seconds: Double = patienceSeconds) throws {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = ["-i", "-t"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardInput = pipe
        // Before there is a reader that could go away: the pipe holds all of it.
        try pipe.fileHandleForWriting.write(contentsOf: message)
        try pipe.fileHandleForWriting.close()
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        do { try process.run() } catch { throw Fault(code: "not-started") }
        guard ended.wait(timeout: .now() + seconds) == .success else {
            process.terminate()
            if ended.wait(timeout: .now() + min(seconds, 5)) == .timedOut {
                kill(process.processIdentifier, SIGKILL)
                ended.wait()
            }
            throw Fault(code: tooSlow)
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else { throw Fault(code: "refused") }
    }
}
