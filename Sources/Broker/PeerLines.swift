// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Membership
import Procedure
import ServiceLifecycle

/// The work on the lines to others, as the directory names them: one ``Forwarder`` for each other broker, started when it appears, and the
/// ``Cosigning`` by all witnesses.
struct PeerLines: Service {
    let core: BrokerCore
    let lines: BrokerLines

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await Cosigning(core: core) { try lines.connection(to: $0) }.run() }
                var started: Set<MemberID> = []
                while !Task.isCancelled {
                    let ticket = core.bell.ticket(.directory)
                    for peer in core.directories.peers(of: core.id)
                    where !peer.isWitness && started.insert(peer.id).inserted {
                        let forwarder = Forwarder(core: core, to: peer.id) { try lines.connection(to: peer.id) }
                        group.addTask { try? await forwarder.run() }
                    }
                    await core.bell.wait(.directory, after: ticket, seconds: 60)
                }
                group.cancelAll()
            }
        }
        await lines.close()
    }
}
