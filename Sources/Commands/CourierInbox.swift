// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Exchange
import Foundation
import Letters
import Logging
import Membership
import MessageStore
import Procedure
import Sealing
import ServiceLifecycle
import Synchronization

/// What `kheya courier import` has laid into a running broker's home: `courier/<shipment>/…`. Each shipment is taken in as if its
/// letters had come by line, then moved out; `courier/<shipment>.json` says what became of it.
struct CourierInbox: Service {
    let core: BrokerCore
    let home: MemberHome
    let identities: [SealingIdentity]
    let logger: Logger

    static func directory(of home: String) -> String { home + "/courier" }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(300))
                let directory = Self.directory(of: home.path)
                let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter {
                    CaseID($0) != nil
                }
                guard !names.isEmpty else { continue }
                do {
                    let (report, putOff) = try await take(from: directory)
                    // The others of a stick came in all the same; a letter that was put off is found on it once more.
                    guard putOff == 0 else {
                        logger.notice("letters of a shipment put off", metadata: ["letters": "\(putOff)"])
                        try? await Task.sleep(for: .seconds(60))
                        continue
                    }
                    for (name, outcome) in report.shipments {
                        let result = try JSONEncoder().encode(CourierCommand.ShipmentReport(name, outcome))
                        try result.write(to: URL(fileURLWithPath: "\(directory)/\(name).json"), options: .atomic)
                        try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
                    }
                    logger.notice("shipments taken", metadata: ["letters": "\(report.letters)"])
                } catch {
                    logger.error("shipments not taken", metadata: ["code": "\(CommandFailure(explaining: error).code)"])
                    try? await Task.sleep(for: .seconds(5))
                }
            }
        }
    }

    /// Hands everything on a stick to the broker; each letter is judged by its own signature.
    ///
    /// - Returns: how many letters the broker put off, because of a quota for example.
    func take(from directory: String) async throws -> (report: Courier.ImportReport, putOff: Int) {
        let connection = core.connection(for: .courier)
        let core = self.core
        let home = self.home
        let putOff = Mutex<Set<LetterID>>([])
        let report = try await Courier.import(from: directory, hop: core.id, identities: identities) { item in
            switch item {
            case .letter(let bundle):
                for outcome in try await connection.push([bundle], context: []) {
                    if case .later = outcome { _ = putOff.withLock { $0.insert(bundle.id) } }
                }
            case .context(let context): _ = try await connection.push([], context: [context])
            case .document(let file):
                var directories = core.directories
                let document = SignedDocument(slip: file.slip, file: file.file)
                if (try? document.type) == .directory {
                    _ = try? home.accept(document, into: &directories, now: Moment.now())
                } else {
                    _ = try? home.accept(profile: document, into: &directories)
                }
            }
        }
        return (report, putOff.withLock { $0.count })
    }
}
