// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Letters
import Node
import Procedure

/// The checkpoints of a case, drawn from the profile's tracks, and under them everything else that has a state.
enum BoardPage {
    static func show(_ call: Call) throws -> WebResponse {
        let caseID = try call.caseID()
        let view = try call.desk.view(of: caseID, at: call.now)
        let words = try call.procedure(caseID)
        let profile = try call.profile(of: caseID)
        let tracks = profile.definition.tracks
        let reference = caseID.text
        func others(_ group: ProfileDefinition.Track.Group) -> [String] {
            tracks.filter { $0.value.group == group && !(view.state.tracks[$0.key] ?? []).isEmpty }.keys.sorted()
        }
        return Page(call: call, title: .board, caseReference: reference).response {
            call.ways(reference)
            E("p", ["class": "hint"]) { call.say(.boardHow) }
            E("ul", ["class": "board"]) {
                for checkpoint in view.checkpoints { E("li") { item(checkpoint, words, call, profile) } }
            }
            for (group, word) in [(ProfileDefinition.Track.Group.consent, Word.consentsGroup), (.side, .otherTracks)] {
                E("h2") { call.say(word) }
                E("dl") {
                    for track in others(group) {
                        E("dt") { words.track(track) }
                        E("dd") {
                            if group == .consent {
                                TrackMark(view.state.tracks[track] ?? [], of: track, in: profile).html
                            }
                            words.states(view.state.tracks[track] ?? [], of: track)
                        }
                    }
                }
            }
        }
    }

    private static func item(_ checkpoint: Checkpoint, _ words: DeskWords, _ call: Call, _ profile: Profile) -> HTML {
        let mark = TrackMark(
            checkpoint.states, of: checkpoint.track, standing: checkpoint.standing, in: profile)
        return group {
            E("b") {
                mark.html
                words.track(checkpoint.track)
            }
            E("span", ["class": mark == .stopped ? "late" : nil]) {
                words.states(checkpoint.states, of: checkpoint.track)
            }
            E("span", ["class": "since"]) {
                mark == .stopped ? "" : " · \(words.standing(of: checkpoint))"
                if let since = checkpoint.since { " · \(call.say(.since, ["time": words.moment(since)]))" }
            }
        }
    }
}
