// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

// A package of its own, so that the project's build and tests know nothing of it. `make bench` runs it.
let package = Package(
    name: "benchmarks",
    products: [
        .library(name: "SyncCounter", type: .dynamic, targets: ["SyncCounter"])
    ],
    dependencies: [
        .package(name: "kheya", path: "../.."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .target(name: "CFloors", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "SyncCounter"),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "CFloors",
                .product(name: "KheyaCore", package: "kheya"),
                .product(name: "KheyaServices", package: "kheya"),
                .product(name: "KheyaPractice", package: "kheya"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swiftSettings),
    ])
