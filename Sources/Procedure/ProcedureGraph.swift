// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// The lifecycle or a track of a profile as a picture: Graphviz text, or SVG in layers by the number of steps from the
/// beginning.
public struct ProcedureGraph: Sendable {
    struct Edge: Sendable {
        let from: Int
        let to: Int
        var events: [String]
    }

    public let machine: String
    let states: [String]
    let initial: Int
    let ends: Set<Int>
    let settled: Set<Int>
    let edges: [Edge]
    /// Events that lead from most states to one: told beside that state, not drawn.
    let fromMost: [Int: [String]]

    /// The lifecycle and all tracks, by name.
    public static func names(of profile: Profile) -> [String] { profile.tables.machines.map(\.name) }

    /// - Returns: `nil` for a machine that the profile does not have.
    public init?(_ profile: Profile, machine: String) {
        guard let index = profile.tables.machineIndex[machine] else { return nil }
        let table = profile.tables.machines[index]
        self.machine = machine
        states = table.states
        initial = Int(table.initial)
        ends =
            index == 0
            ? Set(table.states.indices.filter { profile.tables.terminal & (1 << UInt64($0)) != 0 }) : []
        let green = profile.definition.tracks[machine]?.green ?? []
        settled = Set(table.states.indices.filter { green.contains(table.states[$0]) })
        var edges: [Edge] = []
        var fromMost: [Int: [String]] = [:]
        for event in profile.tables.events {
            guard let to = event.edges(on: index) else { continue }
            let from = to.indices.filter { to[$0] != ProfileTables.noEdge }
            let targets = Set(from.map { to[$0] })
            if from.count >= 6, targets.count == 1, let target = targets.first {
                fromMost[Int(target), default: []].append(event.name)
                continue
            }
            for state in from {
                if let known = edges.firstIndex(where: { $0.from == state && $0.to == Int(to[state]) }) {
                    edges[known].events.append(event.name)
                } else {
                    edges.append(Edge(from: state, to: Int(to[state]), events: [event.name]))
                }
            }
        }
        self.edges = edges
        self.fromMost = fromMost
    }

    // MARK: Graphviz

    /// A `digraph` with every edge.
    public var dot: String {
        var lines = ["digraph \"\(machine)\" {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
        for (index, state) in states.enumerated() {
            var style: [String] = []
            if index == initial { style.append("penwidth=2") }
            if ends.contains(index) { style.append("peripheries=2") }
            if settled.contains(index) { style.append("style=\"rounded,filled\", fillcolor=\"#d9ead3\"") }
            if let events = fromMost[index] {
                style.append("label=\"\(([state, "from most states:"] + events).joined(separator: "\\n"))\"")
            }
            lines.append("  \"\(state)\"" + (style.isEmpty ? "" : " [\(style.joined(separator: ", "))]") + ";")
        }
        for edge in edges {
            lines.append(
                "  \"\(states[edge.from])\" -> \"\(states[edge.to])\" [label=\"\(edge.events.joined(separator: "\\n"))\"];"
            )
        }
        return (lines + ["}", ""]).joined(separator: "\n")
    }

    // MARK: SVG

    private static let box = (width: 140, height: 34)
    private static let gap = (across: 150, down: 56)
    private static let margin = 30

    /// States by their distance from the initial one; what only events from most states lead to stands last.
    private var layers: [[Int]] {
        var distance: [Int: Int] = [initial: 0]
        var open = [initial]
        while !open.isEmpty {
            let state = open.removeFirst()
            for edge in edges where edge.from == state && distance[edge.to] == nil {
                distance[edge.to] = (distance[state] ?? 0) + 1
                open.append(edge.to)
            }
        }
        let last = (distance.values.max() ?? 0) + 1
        var result = Array(repeating: [Int](), count: last + 1)
        for state in states.indices { result[distance[state] ?? last].append(state) }
        // Each near the mean of those before it, so that fewer lines cross.
        var row: [Int: Int] = [:]
        return result.filter { !$0.isEmpty }.map { layer in
            let sorted = layer.sorted { left, right in
                func mean(_ state: Int) -> Int {
                    let rows = edges.filter { $0.to == state }.compactMap { row[$0.from] }
                    return rows.isEmpty ? 1_000 : rows.reduce(0, +) * 10 / rows.count
                }
                return (mean(left), left) < (mean(right), right)
            }
            for (index, state) in sorted.enumerated() { row[state] = index }
            return sorted
        }
    }

    /// A picture that needs nothing else: boxes, arrows with their events, every text also as a tooltip.
    ///
    /// - Parameter label: the name of a state in the reader's language, for the tooltip.
    public func svg(label: (_ state: String) -> String? = { _ in nil }) -> String {
        let layers = layers
        var place: [Int: (x: Int, y: Int)] = [:]
        for (column, layer) in layers.enumerated() {
            for (row, state) in layer.enumerated() {
                place[state] = (
                    Self.margin + column * (Self.box.width + Self.gap.across),
                    60 + row * (Self.box.height + Self.gap.down)
                )
            }
        }
        let rows = layers.map(\.count).max() ?? 1
        let width = 2 * Self.margin + layers.count * Self.box.width + (layers.count - 1) * Self.gap.across
        let back = edges.filter { isBack($0, place) }.count
        let bottom = 60 + rows * (Self.box.height + Self.gap.down)
        let height = bottom + back * 14 + Self.margin
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" height=\"\(height)\" "
                + "font-family=\"sans-serif\" font-size=\"12\">",
            "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
                + "orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#555\"/></marker></defs>",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            "<text x=\"\(Self.margin)\" y=\"30\" font-size=\"16\">\(Self.escaped(machine))</text>",
        ]
        var lane = 0
        for edge in edges {
            guard let from = place[edge.from], let to = place[edge.to] else { continue }
            let path: String
            let at: (x: Int, y: Int)
            let middle = (from: from.y + Self.box.height / 2, to: to.y + Self.box.height / 2)
            if isBack(edge, place) {
                // Below all boxes, each on a line of its own.
                let y = bottom + lane * 14
                lane += 1
                let (start, end) = (from.x + Self.box.width / 2 + 8, to.x + Self.box.width / 2 - 8)
                path =
                    "M\(start),\(from.y + Self.box.height) C\(start),\(y) \(start),\(y) \((start + end) / 2),\(y) "
                    + "S\(end),\(y) \(end),\(to.y + Self.box.height)"
                at = ((start + end) / 2, y - 3)
            } else {
                let (start, end) = (from.x + Self.box.width, to.x)
                let bend = (start + end) / 2
                path = "M\(start),\(middle.from) C\(bend),\(middle.from) \(bend),\(middle.to) \(end),\(middle.to)"
                at = (end - 6, middle.to - 4)
            }
            let text = edge.events.count > 1 ? "\(edge.events[0]) +\(edge.events.count - 1)" : edge.events[0]
            lines.append(
                "<g><title>\(Self.escaped("\(states[edge.from]) → \(states[edge.to]): \(edge.events.joined(separator: ", "))"))</title>"
                    + "<path d=\"\(path)\" fill=\"none\" stroke=\"#555\" marker-end=\"url(#arrow)\"/>"
                    + "<text x=\"\(at.x)\" y=\"\(at.y)\" font-size=\"8\" fill=\"#333\" "
                    + "text-anchor=\"\(isBack(edge, place) ? "middle" : "end")\">\(Self.escaped(text))</text></g>")
        }
        for state in states.indices { if let at = place[state] { lines += self.lines(of: state, at, label) } }
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }

    private func isBack(_ edge: Edge, _ place: [Int: (x: Int, y: Int)]) -> Bool {
        (place[edge.to]?.x ?? 0) <= (place[edge.from]?.x ?? 0)
    }

    private func lines(of state: Int, _ at: (x: Int, y: Int), _ label: (String) -> String?) -> [String] {
        let name = states[state]
        let fill = settled.contains(state) ? "#d9ead3" : ends.contains(state) ? "#eeeeee" : "#ffffff"
        var lines = [
            "<g><title>\(Self.escaped(label(name) ?? name))</title><rect x=\"\(at.x)\" y=\"\(at.y)\" rx=\"6\" "
                + "width=\"\(Self.box.width)\" height=\"\(Self.box.height)\" fill=\"\(fill)\" stroke=\"black\" "
                + "stroke-width=\"\(state == initial || ends.contains(state) ? 2 : 1)\"/>"
                + "<text x=\"\(at.x + Self.box.width / 2)\" y=\"\(at.y + 21)\" text-anchor=\"middle\">\(Self.escaped(name))</text></g>"
        ]
        for (index, event) in (fromMost[state] ?? []).enumerated() {
            lines.append(
                "<text x=\"\(at.x + 4)\" y=\"\(at.y + Self.box.height + 10 + index * 9)\" font-size=\"8\" fill=\"#777\">"
                    + "from most states: \(Self.escaped(event))</text>")
        }
        return lines
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
