// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// The stock `openssl` command in a folder of its own: the second implementation that tests compare with.
public final class StockCommand: Sendable {
    public let folder: URL

    public init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "kheya-stock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    public func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: folder.appending(path: name))
    }

    public func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

    /// Runs `openssl` with arguments split at spaces.
    ///
    /// - Returns: The exit status and what it said.
    @discardableResult
    public func run(_ arguments: String) throws -> (status: Int32, output: String) {
        try run(arguments.split(separator: " ").map(String.init))
    }

    @discardableResult
    public func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = folder
        let log = folder.appending(path: ".log")
        try Data().write(to: log)
        let handle = try FileHandle(forWritingTo: log)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try handle.close()
        return (process.terminationStatus, String(decoding: try Data(contentsOf: log), as: UTF8.self))
    }
}
