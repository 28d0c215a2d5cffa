// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Letters
import Procedure

/// The cases of a bundle, read one after the other by whichever thread has nothing to do, and what came of each, in their order.
final class CaseQueue: @unchecked Sendable {  // the lock guards everything
    /// One case to judge.
    struct Task {
        let world: TrailWorld
        let files: CaseFiles
        fileprivate let number: Int
    }

    private let lock = NSLock()
    private let world: TrailWorld?
    private var events: [CaseID: [TrailEvent]]
    private var reader: TrailReader
    /// The next file of the bundle.
    private var item: TrailItem?
    private var count: Int
    /// Cases of which logs speak and no slip is here, once all slips were read; descending.
    private var silent: [CaseID]?
    private var fault: TrailFault?
    private var given = 0
    private var results: [Int: CaseResult] = [:]
    private var taken = 0
    private var totals = CaseTotals()
    private let progress: (Int) -> Void
    private let story: ((CaseStory) -> Void)?

    /// - Parameters:
    ///   - item: the first file that is left in `reader`.
    ///   - count: bytes read so far.
    ///   - open: `nil` where no case can be judged; the bundle is read to its end all the same.
    init(
        _ reader: TrailReader, from item: TrailItem?, read count: Int,
        of open: (world: TrailWorld, events: [CaseID: [TrailEvent]])?, progress: @escaping (Int) -> Void,
        story: ((CaseStory) -> Void)?
    ) {
        self.reader = reader
        self.item = item
        self.count = count
        (world, events) = (open?.world, open?.events ?? [:])
        self.progress = progress
        self.story = story
    }

    /// - Returns: `nil` when there is none left.
    func next() -> Task? {
        lock.withLock {
            guard let files = read(), let world else { return nil }
            defer { given += 1 }
            return Task(world: world, files: files, number: given)
        }
    }

    private func read() -> CaseFiles? {
        var files: CaseFiles?
        while let next = item {
            if case .slip(let caseID, let digest)? = next.name, next.fault == nil, world != nil {
                if let files, files.id != caseID { return finished(files) }
                var own = files ?? CaseFiles(id: caseID)
                files = nil
                if own.slips.count < TrailLimits.letters {
                    own.slips.append((digest, next.digest == digest ? next.bytes : []))
                } else if !own.isCut {
                    own.isCut = true
                    totals.findings.append(TrailFinding(.malformed, detail: "a case of too many letters"))
                }
                files = own
            } else if let fault = next.fault {
                totals.findings.append(TrailFinding(.malformed, detail: fault))
            }
            do throws(TrailFault) {
                item = try reader.next()
                count += item?.bytes.count ?? 0
                progress(count)
            } catch {
                (fault, item) = (error, nil)
            }
        }
        guard fault == nil else { return nil }
        if let files { return finished(files) }
        if silent == nil { silent = events.keys.sorted(by: >) }
        return silent?.popLast().map { finished(CaseFiles(id: $0)) }
    }

    private func finished(_ files: CaseFiles) -> CaseFiles {
        var files = files
        files.events = events.removeValue(forKey: files.id) ?? []
        return files
    }

    func put(_ result: CaseResult, of task: Task) {
        lock.withLock {
            results[task.number] = result
            while let result = results.removeValue(forKey: taken) {
                taken += 1
                totals.add(result)
                if let told = result.story { story?(told) }
            }
        }
    }

    /// - Throws: ``TrailFault`` where the bundle could not be read to its end.
    func finish() throws(TrailFault) -> CaseTotals {
        if let fault { throw fault }
        return totals
    }
}
