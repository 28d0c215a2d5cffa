@main struct Kheya { static func main() {} }
