// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Broker
import Foundation
import Logging
import Membership
import ServiceLifecycle
import UnixSignals

/// A broker as the command line runs it: the process of ``Broker``, with what an operator has beside it: letters from a stick.
struct BrokerAssembly {
    let opened: OpenedHome
    let process: BrokerProcess
    private let logger: Logger

    /// Opens the store; no other process may have it.
    ///
    /// - Throws: ``StoreError`` `.busy` when a broker of this home runs.
    init(_ opened: OpenedHome, logger: Logger) throws {
        self.opened = opened
        self.logger = logger
        process = try BrokerProcess(home: opened.home, clock: Moment.now, logger: logger)
    }

    /// What takes letters in from a stick.
    var inbox: CourierInbox {
        get throws {
            CourierInbox(
                core: process.core, home: opened.home, identities: try opened.home.keys().sealing, logger: logger)
        }
    }

    /// Serves members and other brokers until SIGTERM or SIGINT.
    func run() async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: process.services + [try inbox], gracefulShutdownSignals: [.sigterm, .sigint],
                logger: .lines("broker", level: .error)))
        logger.info("broker running", metadata: ["broker": "\(opened.id)"])
        try await group.run()
        logger.info("broker ended")
    }
}
