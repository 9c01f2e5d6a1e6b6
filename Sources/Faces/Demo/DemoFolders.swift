import Foundation

/// The folders of one run of the demo.
package struct DemoFolders: Sendable {
    /// Everything is in it, unless a data folder was named.
    package let root: String
    package let data: String
    package let repository: String
    package let log: String

    /// A data folder that was named must be empty or not there yet: the demo never plays in somebody's real one.
    package init(dataFolder: String?) throws {
        let files = FileManager.default
        // Short, because sockets live in it: their paths may have 107 bytes (unix(7)).
        // mkdtemp(3) puts characters of its own in place of the X.
        var template = Array((NSTemporaryDirectory() + "/slipway-demo-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw DemoFailure(.refused, "No folder can be made in \(NSTemporaryDirectory()).")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.root = URL(fileURLWithPath: path).standardizedFileURL.path
        self.repository = self.root + "/storefront"
        self.log = self.root + "/server.log"
        self.data = dataFolder ?? self.root + "/data"
        if let dataFolder {
            let content = (try? files.contentsOfDirectory(atPath: dataFolder)) ?? []
            guard content.isEmpty else {
                self.keepData()
                throw DemoFailure(
                    .refused, "\(dataFolder) is not empty. Name a folder that is empty, or leave --data away.")
            }
        }
        try files.createDirectory(
            atPath: self.data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    package func remove() {
        try? FileManager.default.removeItem(atPath: self.root)
        try? FileManager.default.removeItem(atPath: self.data)
    }

    /// Removes what is not needed to stop things later.
    func keepData() {
        if !self.data.hasPrefix(self.root) { try? FileManager.default.removeItem(atPath: self.root) }
    }
}
