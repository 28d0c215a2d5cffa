// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Procedure
import TransparencyLog

/// Where each case stands in an operator's line of logs: stage 7 of Protocols/Trail.md §6.
struct CaseChain {
    struct Link {
        var number: Int64
        var hash: Digest
        /// Leaves that are closed up to there: each may have been an event of the case.
        var closed: Int64
    }

    private(set) var links: [CaseID: Link] = [:]

    init() {}

    /// As an audit before has left it.
    init(_ since: TrailState.Log) {
        let closed = since.head.size - since.readCount
        links = since.heads.mapValues { Link(number: $0.number, hash: $0.hash, closed: closed) }
    }

    /// The same for the next log, whose closed leaves are counted from its own first one.
    func rebased(by closed: Int64) -> CaseChain {
        var result = self
        result.links = links.mapValues { Link(number: $0.number, hash: $0.hash, closed: $0.closed - closed) }
        return result
    }

    /// Adds an event. A case's number goes on by one and names the leaf before; where leaves between are closed, they may be what is missing.
    ///
    /// - Parameter closed: leaves below the event that are closed.
    /// - Returns: whether the case goes on so.
    mutating func add(_ place: LogEvent.Place, hash: Digest, closed: Int64) -> Bool {
        let last = links[place.caseID] ?? Link(number: -1, hash: MerkleHash.empty, closed: 0)
        links[place.caseID] = Link(number: place.number, hash: hash, closed: closed)
        let missing = place.number - last.number - 1
        if missing == 0, place.number == 0 || place.previous == last.hash { return true }
        return missing > 0 && missing <= closed - last.closed
    }

    /// The root of a tree with each case's newest event as a row.
    var headsRoot: Digest {
        var frontier = Frontier()
        for (caseID, link) in links.sorted(by: { $0.key < $1.key }) {
            frontier.append(leafHash: HeadRow(caseID: caseID, number: link.number, leafHash: link.hash).rowHash)
        }
        return frontier.head.root
    }
}
