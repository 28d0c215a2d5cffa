// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
public import MessageStore
public import Procedure
public import ServiceLifecycle

/// Hands letters on to one other broker for as long as the program runs: at once when something is queued, again after a rest when the
/// line is down.
public struct Forwarder: Service {
    private let core: BrokerCore
    private let broker: MemberID
    private let connection: @Sendable () async throws -> any BrokerConnection

    /// - Parameter connection: the way to that broker; asked once, then again after an error.
    public init(
        core: BrokerCore, to broker: MemberID, connection: @escaping @Sendable () async throws -> any BrokerConnection
    ) {
        self.core = core
        self.broker = broker
        self.connection = connection
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await self.work()
        }
    }

    private func work() async {
        var pause = BrokerLimits.reconnectSeconds
        var isResumed = false
        while !Task.isCancelled {
            let tickets = (core.bell.ticket(QueueName(broker, .forward)), core.bell.ticket(QueueName(broker, .context)))
            do {
                if !isResumed {
                    try await core.resumeForwarding(to: broker)
                    isResumed = true
                }
                if let due = try await core.nextForward(to: broker), due <= core.now {
                    _ = try await core.forward(to: broker, over: try await connection())
                    pause = BrokerLimits.reconnectSeconds
                    continue
                }
                await waitForWork(tickets)
            } catch {
                let code =
                    (error as? ExchangeError)?.code.rawValue ?? (error as? StoreError)?.code.rawValue ?? "unknown"
                core.log(.info, "the other broker is not reached", ["broker": .member(broker), "code": .code(code)])
                // With jitter, so that two brokers that start together do not meet in step.
                try? await Task.sleep(for: .milliseconds(Int64(pause * Double.random(in: 500...1_000))))
                pause = min(pause * 2, BrokerLimits.longestReconnectSeconds)
            }
        }
    }

    /// Until something is queued, something that rests is due, or half a minute has passed.
    private func waitForWork(_ tickets: (UInt64, UInt64)) async {
        var seconds = Double(BrokerLimits.sweepSeconds)
        if let due = try? await core.nextForward(to: broker) {
            seconds = min(seconds, Double(max(0, due - core.now)) + 0.05)
        }
        let limit = seconds
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await core.bell.wait(QueueName(broker, .forward), after: tickets.0, seconds: limit) }
            group.addTask { await core.bell.wait(QueueName(broker, .context), after: tickets.1, seconds: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}

/// Runs ``BrokerCore/sweep()`` when something may have ended.
public struct BrokerSweeper: Service {
    private let core: BrokerCore

    public init(core: BrokerCore) { self.core = core }

    public func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let ticket = core.bell.ticket(.sweeper)
                do { try await core.sweep() } catch { core.log(.warning, "sweep failed") }
                // A store that cannot be believed ends the process: starting again runs the ordinary recovery.
                if let failure = core.failure { throw failure }
                var seconds = Double(BrokerLimits.sweepSeconds)
                if let next = try? await core.nextExpiry() { seconds = min(seconds, Double(max(1, next - core.now))) }
                await core.bell.wait(.sweeper, after: ticket, seconds: seconds)
                // Acknowledgements come in bursts: one sweep for many.
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
