// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),  // a file says what it leaks: `public import`
    .enableUpcomingFeature("MemberImportVisibility"),  // … and what it uses
    .treatAllWarnings(as: .error),  // our targets only, not the dependencies
]
/// Targets that hold C pointers mark every unsafe expression (SE-0458): `grep -rn unsafe Sources` is the audit list.
let pointerSettings = swiftSettings + [.strictMemorySafety()]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

/// The modules without a network package; `swift build --product KheyaCore` takes seconds.
let core: [Target] = [
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "COpenSSLShims", dependencies: ["COpenSSL"]),
    .target(name: "Procedure", swiftSettings: swiftSettings),
    .target(
        name: "Letters", dependencies: ["Procedure"],
        resources: ["bn", "en", "hi"].map { .embedInCode("Words/words-\($0).json") }, swiftSettings: swiftSettings),
    .target(name: "Cryptography", dependencies: ["COpenSSL", "COpenSSLShims"], swiftSettings: pointerSettings),
    .target(name: "Sealing", dependencies: ["Procedure", "Letters", "Cryptography"], swiftSettings: swiftSettings),
    .target(
        name: "Membership", dependencies: ["Procedure", "Letters", "Sealing", "Cryptography", "TransparencyLog"],
        swiftSettings: swiftSettings),
    .target(
        name: "TransparencyLog", dependencies: ["Procedure", "Letters", "Cryptography"], swiftSettings: swiftSettings),
    .target(
        name: "TrailAudit",
        dependencies: ["Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog"],
        swiftSettings: swiftSettings),
    .target(
        name: "MessageStore", dependencies: ["Procedure", "Letters", "TransparencyLog"], swiftSettings: swiftSettings),
    .target(
        name: "SQLiteStore",
        dependencies: ["MessageStore", "Procedure", "Letters", "Cryptography", "TransparencyLog", grdb],
        swiftSettings: swiftSettings),
    .target(
        name: "CaseFile",
        dependencies: ["Procedure", "Letters", "Cryptography", "Sealing", "Membership", "SQLiteStore", grdb],
        swiftSettings: swiftSettings),
]

let services: [Target] = [
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
    .target(
        name: "Exchange",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "TransparencyLog", "MessageStore", hummingbirdCore,
            hummingbirdTLS, asyncHTTPClient, httpTypes, nioCore, nioHTTP1, nioPosix, nioSSL, nioTLS, serviceLifecycle,
            logging,
        ],
        swiftSettings: swiftSettings),
    .target(
        name: "Broker",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog", "TrailAudit",
            "MessageStore",
            "SQLiteStore", "Exchange", serviceLifecycle, logging,
        ],
        swiftSettings: swiftSettings),
    .target(
        name: "Node",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog", "MessageStore",
            "CaseFile", "Exchange", serviceLifecycle, logging,
        ],
        resources: ["htcds", "jj-forms"].map { .embedInCode("Import/\($0).json") }, swiftSettings: swiftSettings),
    .target(
        name: "WebInterface",
        dependencies: [
            "CZlib", "CQREncode", "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog",
            "TrailAudit", "CaseFile", "Node",
            hummingbirdCore,
            hummingbirdTLS,
            httpTypes, nioCore, nioPosix, nioSSL, serviceLifecycle, logging,
        ],
        resources: ["words-bn.json", "words-en.json", "words-hi.json", "style.css", "script.js"].map {
            .embedInCode("Resources/\($0)")
        },
        swiftSettings: swiftSettings),
    .target(
        name: "Commands",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "MessageStore", "SQLiteStore", "CaseFile",
            "TransparencyLog", "TrailAudit", "Exchange", "Broker", "Node", "WebInterface", argumentParser,
            serviceLifecycle,
            unixSignals, logging,
        ],
        swiftSettings: swiftSettings),
    .executableTarget(name: "kheya", dependencies: ["Commands", argumentParser], swiftSettings: swiftSettings),
]

/// One test target a module, and the scenarios, which run the real program.
let tests: [Target] = [
    .target(
        name: "TestSupport",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog", "TrailAudit",
            "MessageStore",
        ],
        path: "Tests/TestSupport", swiftSettings: swiftSettings),
    .testTarget(
        name: "ProcedureTests", dependencies: ["Procedure", "Letters", "TestSupport"], swiftSettings: swiftSettings),
    .testTarget(
        name: "LettersTests", dependencies: ["Procedure", "Letters", "TestSupport"], swiftSettings: swiftSettings),
    .testTarget(
        name: "CryptographyTests", dependencies: ["Cryptography", "TestSupport"], swiftSettings: swiftSettings),
    .testTarget(
        name: "SealingTests", dependencies: ["Procedure", "Letters", "Cryptography", "Sealing", "TestSupport"],
        swiftSettings: swiftSettings),
    .testTarget(
        name: "MembershipTests",
        dependencies: ["Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TestSupport"],
        swiftSettings: swiftSettings),
    .testTarget(
        name: "TransparencyLogTests",
        dependencies: ["Procedure", "Letters", "Cryptography", "TransparencyLog", "TestSupport"],
        swiftSettings: swiftSettings),
    .testTarget(
        name: "TrailAuditTests",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog", "TrailAudit",
            "TestSupport",
        ],
        swiftSettings: swiftSettings),
    .testTarget(
        name: "StoreConformance",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "TransparencyLog", "MessageStore", "SQLiteStore", "TestSupport",
        ],
        swiftSettings: swiftSettings),
    .testTarget(
        name: "BrokerTests",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog", "TrailAudit",
            "MessageStore",
            "SQLiteStore", "Exchange", "Broker", "TestSupport", logging,
        ],
        swiftSettings: swiftSettings),
    .testTarget(
        name: "ExchangeTests",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog", "MessageStore",
            "Exchange", "TestSupport",
            asyncHTTPClient, nioCore, nioPosix, nioSSL, serviceLifecycle, logging,
        ],
        swiftSettings: swiftSettings),
    .testTarget(
        name: "NodeTests",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog", "MessageStore",
            "SQLiteStore", "CaseFile",
            "Exchange",
            "Broker", "Node", "TestSupport", logging,
        ],
        swiftSettings: swiftSettings),
    .testTarget(
        name: "WebInterfaceTests",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "MessageStore", "CaseFile", "Node",
            "WebInterface", "TrailAudit", "TestSupport", logging, nioPosix,
        ],
        swiftSettings: swiftSettings),
    .testTarget(
        name: "Scenarios",
        dependencies: [
            "Procedure", "Letters", "Cryptography", "TransparencyLog", "MessageStore", "SQLiteStore", "Commands",
            "TestSupport", argumentParser,
        ], swiftSettings: swiftSettings),
]

let package = Package(
    name: "kheya",
    products: [
        .executable(name: "kheya", targets: ["kheya"]),
        // For the nested packages in Tests/, which see products only.
        .library(
            name: "KheyaCore",
            targets: [
                "Procedure", "Letters", "Cryptography", "Sealing", "Membership", "TransparencyLog", "TrailAudit",
                "MessageStore",
                "SQLiteStore",
                "CaseFile",
            ]),
        .library(name: "KheyaServices", targets: ["Exchange", "Broker", "Node"]),
        .library(name: "KheyaPractice", targets: ["TestSupport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: core + services + tests)
