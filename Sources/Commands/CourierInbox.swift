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
            /// Shipments with letters that were put off, and when they are looked at again.
            var resting: [String: (until: ContinuousClock.Instant, seconds: Int)] = [:]
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(300))
                let directory = Self.directory(of: home.path)
                let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [])
                    .filter { CaseID($0) != nil }
                for name in names.sorted() where resting[name].map({ $0.until < .now }) ?? true {
                    do {
                        if let outcome = try await take(name, in: directory) {
                            resting[name] = nil
                            try finish(name, in: directory, outcome)
                            continue
                        }
                    } catch {
                        logger.error(
                            "shipment not taken", metadata: ["code": "\(CommandFailure(explaining: error).code)"])
                    }
                    let seconds = min((resting[name]?.seconds ?? 15) * 2, 3_600)
                    resting[name] = (.now + .seconds(seconds), seconds)
                }
            }
        }
    }

    /// - Returns: `nil` when a letter of it was put off: the others came in all the same, and it is found on the shipment once more.
    private func take(_ name: String, in directory: String) async throws -> Courier.Outcome? {
        let (report, putOff) = try await take(from: directory) { $0 != name }
        guard putOff == 0 else {
            logger.notice("letters of a shipment put off", metadata: ["letters": "\(putOff)"])
            return nil
        }
        return report.shipments[name]
    }

    private func finish(_ name: String, in directory: String, _ outcome: Courier.Outcome) throws {
        let result = try JSONEncoder().encode(CourierCommand.ShipmentReport(name, outcome))
        try result.write(to: URL(fileURLWithPath: "\(directory)/\(name).json"), options: .atomic)
        try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
        logger.notice("shipment taken", metadata: ["shipment": "\(name)"])
    }

    /// Hands everything on a stick to the broker; each letter is judged by its own signature.
    ///
    /// - Parameter isLeft: shipments that are left alone.
    /// - Returns: how many letters the broker put off, because of a quota for example.
    func take(
        from directory: String, unless isLeft: (String) async throws -> Bool = { _ in false }
    ) async throws -> (report: Courier.ImportReport, putOff: Int) {
        let connection = core.connection(for: .courier)
        let core = self.core
        let home = self.home
        let putOff = Mutex<Set<LetterID>>([])
        let report = try await Courier.import(from: directory, hop: core.id, identities: identities, isTaken: isLeft) {
            item in
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
