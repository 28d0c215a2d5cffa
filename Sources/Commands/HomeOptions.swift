// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cryptography
import Foundation
import Membership

/// Which home a command works in, and how its keys are unlocked.
struct HomeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Directory with keys, settings and letters. Default: $KHEYA_HOME.", valueName: "dir"))
    var home: String?

    @Option(help: ArgumentHelp("File that unlocks the keys (mode 0600). Default: $KHEYA_KEY_FILE.", valueName: "file"))
    var keyFile: String?

    @Option(
        help: ArgumentHelp(
            "File with the passphrase in its first line. Default: $KHEYA_PASSPHRASE_FILE, else the terminal asks.",
            valueName: "file"))
    var passphraseFile: String?

    var directory: URL {
        get throws {
            guard let path = home ?? ProcessInfo.processInfo.environment["KHEYA_HOME"], !path.isEmpty else {
                throw CommandFailure(.usage, "no home given", cure: "Add --home DIR, or set KHEYA_HOME.")
            }
            return URL(fileURLWithPath: path, isDirectory: true)
        }
    }

    /// Reads what unlocks the home.
    ///
    /// - Parameter isNew: asks twice on a terminal, and makes a key file that is not there yet.
    func unlock(isNew: Bool = false) throws -> Unlock {
        let environment = ProcessInfo.processInfo.environment
        if let path = keyFile ?? (passphraseFile == nil ? environment["KHEYA_KEY_FILE"] : nil), !path.isEmpty {
            if isNew, !FileManager.default.fileExists(atPath: path) {
                try Files.create(path, bytes: Array(hex(SecureRandom.bytes(32)).utf8) + [0x0A])
            }
            return .keyFile(try Files.readSecret(path))
        }
        if let path = passphraseFile ?? environment["KHEYA_PASSPHRASE_FILE"], !path.isEmpty {
            let bytes = try Files.readSecret(path).prefix { $0 != 0x0A && $0 != 0x0D }
            guard !bytes.isEmpty else { throw CommandFailure(.dataError, "the passphrase file is empty") }
            return .passphrase(Array(bytes))
        }
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(
                .usage, "nothing unlocks the keys",
                cure: "Add --key-file FILE or --passphrase-file FILE, or run it on a terminal.")
        }
        let first = try Self.ask("Passphrase: ")
        guard !isNew || first.count >= 12 else {
            throw CommandFailure(
                .dataError, "a passphrase of fewer than 12 bytes", cure: "Take four or more random words.")
        }
        if isNew {
            let second = try Self.ask("Once more: ")
            guard Secret.areEqual(second, first) else { throw CommandFailure(.dataError, "the two passphrases differ") }
        }
        return .passphrase(first)
    }

    /// A line from the terminal that it does not show.
    static func ask(_ prompt: String) throws -> [UInt8] {
        Console.write(Data(prompt.utf8), to: .standardError)
        var settings = termios()
        tcgetattr(STDIN_FILENO, &settings)
        let before = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        defer {
            var before = before
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            Console.write(Data("\n".utf8), to: .standardError)
        }
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw CommandFailure(.noInput, "no passphrase was typed")
        }
        return Array(line.utf8)
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
