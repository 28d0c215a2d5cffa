// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Node
import Procedure

/// How the state of a track is drawn: by shape and colour beside its words.
enum TrackMark: String, Sendable {
    case open = "mark"
    case settled = "mark green"
    case lapsed = "mark lapsed"
    case unknown = "mark unknown"
    /// Taken back, refused, held: never to be taken for what is merely not there yet.
    case stopped = "mark bad"

    init(_ states: [String], of track: String, standing: Checkpoint.Standing? = nil, in profile: Profile) {
        let stopped = profile.stoppedStates(of: track)
        if !states.isEmpty, stopped.isSuperset(of: states) {
            self = .stopped
        } else if let standing {
            self = [.green: .settled, .lapsed: .lapsed, .unknown: .unknown][standing] ?? .open
        } else if states.count > 1 {
            self = .unknown
        } else {
            self = states.first == profile.definition.tracks[track]?.initial ? .open : .settled
        }
    }

    var html: HTML { E("span", ["class": rawValue, "aria-hidden": "true"]) { "" } }
}

extension Profile {
    /// States that nothing but a stop leads to.
    func stoppedStates(of name: String) -> Set<String> {
        guard let track = definition.tracks[name] else { return [] }
        let (stops, others) = track.edges.reduce(into: (Set<String>(), Set(track.green + [track.initial]))) {
            sets, edge in
            if event(edge.event)?.kind == .stop { sets.0.insert(edge.to) } else { sets.1.insert(edge.to) }
        }
        return stops.subtracting(others)
    }
}
