// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

public import MessageStore

extension NodeService {
    /// Takes a letter that came by another way than the line, and judges what can be judged.
    ///
    /// - Parameter delivery: its large parts may lie in the store's files already.
    /// - Returns: whether it was new; `nil` when it is not whole, or no letter for us, and nothing was kept.
    @discardableResult
    public func take(_ delivery: Delivery) async throws -> Bool? {
        do {
            let isNew = try await receive(delivery)
            _ = try await judgeAll()
            return isNew
        } catch let error as ExchangeError where error.isTemporary {
            return nil  // a part that is on no stick yet; what has come is kept
        }
    }
}
