// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

import Commands

@main
struct Kheya {
    static func main() async { await KheyaCommand.runProgram() }
}
