/// One entry of an artifact's archive and its header: ustar (POSIX.1-1988) with a pax header (POSIX.1-2001) where a
/// path, a link or a size does not fit. Owner, time and names of the machine are left out, so that the same content
/// gives the same bytes.
struct ArchiveEntry: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case folder
        case file(bytes: Int64, isExecutable: Bool)
        case link(target: String)
    }

    static let blockSize = 512

    var path: RelativePath
    var kind: Kind

    init(path: RelativePath, kind: Kind) {
        self.path = path
        self.kind = kind
    }

    var bytes: Int64 {
        switch self.kind {
        case .file(let bytes, _): bytes
        case .folder, .link: 0
        }
    }

    /// Bytes of zeros after content of this length.
    static func padding(after bytes: Int64) -> Int {
        let rest = Int(bytes % Int64(self.blockSize))
        return rest == 0 ? 0 : self.blockSize - rest
    }

    /// A link stays inside when `..` stands only at its beginning and no more often than the link is deep: then no
    /// chain of links can lead out either, as every folder above a link is a real one.
    static func isInside(target: String, of link: RelativePath) -> Bool {
        let components = target.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let ups = components.prefix { $0 == ".." }
        let rest = components.dropFirst(ups.count)
        return !target.isEmpty && target.utf8.count <= 1_024 && !target.utf8.contains(0)
            && ups.count < link.components.count
            && rest.allSatisfy { $0 != ".." && $0 != "." && !$0.isEmpty }
    }
}

// MARK: Writing

extension ArchiveEntry {
    /// The header blocks, the pax ones included.
    var header: [UInt8] {
        let (name, target, type, mode) = self.fields
        var records: [UInt8] = []
        if name.utf8.count > 100 { records += Self.paxRecord("path", name) }
        if target.utf8.count > 100 { records += Self.paxRecord("linkpath", target) }
        if self.bytes > Self.largestOctal { records += Self.paxRecord("size", "\(self.bytes)") }
        let size = self.bytes > Self.largestOctal ? 0 : self.bytes
        let block = Self.block(name: name, target: target, type: type, mode: mode, size: size)
        guard !records.isEmpty else { return block }
        return Self.paxBlock(bytes: Int64(records.count)) + records
            + [UInt8](repeating: 0, count: Self.padding(after: Int64(records.count))) + block
    }

    private static let largestOctal: Int64 = 0o777_7777_7777

    private var fields: (name: String, target: String, type: Unicode.Scalar, mode: Int64) {
        switch self.kind {
        case .folder: (self.path.text + "/", "", "5", 0o755)
        case .file(_, let isExecutable): (self.path.text, "", "0", isExecutable ? 0o755 : 0o644)
        case .link(let target): (self.path.text, target, "2", 0o777)
        }
    }

    private static func paxBlock(bytes: Int64) -> [UInt8] {
        self.block(name: "pax", target: "", type: "x", mode: 0o644, size: bytes)
    }

    /// `LENGTH SP KEY=VALUE LF`, where the length counts itself.
    private static func paxRecord(_ key: String, _ value: String) -> [UInt8] {
        let rest = " \(key)=\(value)\n".utf8.count
        var length = rest + 1
        while "\(length)".utf8.count + rest != length { length = "\(length)".utf8.count + rest }
        return Array("\(length) \(key)=\(value)\n".utf8)
    }

    private static func block(
        name: String, target: String, type: Unicode.Scalar, mode: Int64, size: Int64
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: self.blockSize)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int, longest: Int) {
            for (index, byte) in bytes.prefix(longest).enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int64, digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8)
        }
        put(name.utf8, at: 0, longest: 100)
        put(octal(mode, digits: 7), at: 100, longest: 7)
        put(octal(0, digits: 7), at: 108, longest: 7)
        put(octal(0, digits: 7), at: 116, longest: 7)
        put(octal(size, digits: 11), at: 124, longest: 11)
        put(octal(0, digits: 11), at: 136, longest: 11)
        put([UInt8(ascii: type)], at: 156, longest: 1)
        put(target.utf8, at: 157, longest: 100)
        put(Array("ustar\0".utf8) + Array("00".utf8), at: 257, longest: 8)
        put(octal(self.checksum(of: block), digits: 6) + [0, 32], at: 148, longest: 8)
        return block
    }

    /// The sum of all bytes, with the checksum's own field read as spaces.
    private static func checksum(of block: [UInt8]) -> Int64 {
        block.enumerated().reduce(0) { sum, byte in
            sum + ((148..<156).contains(byte.offset) ? 32 : Int64(byte.element))
        }
    }
}

// MARK: Reading

extension ArchiveEntry {
    /// What a header block says, before it is known to be an entry.
    enum Header: Equatable {
        case end
        /// Bytes of pax records that follow and speak of the next entry.
        case pax(bytes: Int64)
        case entry(ArchiveEntry)
    }

    /// What pax records may change.
    struct Override: Equatable {
        var path: String?
        var target: String?
        var bytes: Int64?
    }

    /// Reads one block. Refuses all that `header` does not write: the only archives that we read are those that we
    /// wrote.
    static func read(_ block: [UInt8], override: Override) throws(ArchiveError) -> Header {
        guard block.count == self.blockSize else { throw ArchiveError(.damaged, "the archive ends inside a header") }
        if block.allSatisfy({ $0 == 0 }) { return .end }
        guard Array(block[257..<263]) == Array("ustar\0".utf8),
            self.octal(block[148..<154]) == self.checksum(of: block)
        else { throw ArchiveError(.damaged, "a header of the archive is damaged: its checksum is wrong") }
        guard let mode = self.octal(block[100..<107]), let stored = self.octal(block[124..<135]) else {
            throw ArchiveError(.damaged, "a header of the archive is damaged: a number is wrong")
        }
        let size = override.bytes ?? stored
        if block[156] == UInt8(ascii: "x") {
            guard block == self.paxBlock(bytes: stored) else { throw ArchiveError.foreign }
            return .pax(bytes: stored)
        }
        let entry = try self.entry(block, override: override, bytes: size, isExecutable: mode & 0o100 != 0)
        // One way to write each entry: whatever else a header could say is refused with it.
        guard block == Array(entry.header.suffix(self.blockSize)) else { throw ArchiveError.foreign }
        return .entry(entry)
    }

    private static func entry(
        _ block: [UInt8], override: Override, bytes: Int64, isExecutable: Bool
    ) throws(ArchiveError) -> ArchiveEntry {
        let name = if let path = override.path { path } else { try self.text(block[0..<100]) }
        guard let path = RelativePath(name) else {
            throw ArchiveError(.unsafe, "`\(name.quotable)` is no path inside an artifact: \(RelativePath.rule)")
        }
        switch block[156] {
        case UInt8(ascii: "0"):
            return ArchiveEntry(path: path, kind: .file(bytes: bytes, isExecutable: isExecutable))
        case UInt8(ascii: "5"):
            return ArchiveEntry(path: path, kind: .folder)
        case UInt8(ascii: "2"):
            let target = if let target = override.target { target } else { try self.text(block[157..<257]) }
            guard self.isInside(target: target, of: path) else { throw ArchiveError.link(path, target) }
            return ArchiveEntry(path: path, kind: .link(target: target))
        default:
            throw ArchiveError(
                .unsafe, "`\(path.text.quotable)` is no file, folder or symbolic link; artifacts hold only these")
        }
    }

    static func override(from records: [UInt8]) throws(ArchiveError) -> Override {
        let damaged = ArchiveError(.damaged, "an extended header of the archive is damaged")
        var override = Override()
        var rest = records[...]
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard digits.count <= 5, let length = Int(String(decoding: digits, as: UTF8.self)),
                length > digits.count + 1, length <= rest.count
            else { throw damaged }
            let record = rest.prefix(length)
            guard record.last == UInt8(ascii: "\n"), record[record.startIndex + digits.count] == UInt8(ascii: " "),
                let equals = record.firstIndex(of: UInt8(ascii: "=")),
                let value = String(validating: record[(equals + 1)...].dropLast(), as: UTF8.self)
            else { throw damaged }
            switch String(decoding: record[(record.startIndex + digits.count + 1)..<equals], as: UTF8.self) {
            case "path": override.path = value
            case "linkpath": override.target = value
            case "size":
                guard let bytes = Int64(value), bytes >= 0 else { throw damaged }
                override.bytes = bytes
            default: throw damaged
            }
            rest = rest.dropFirst(length)
        }
        return override
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int64? {
        field.allSatisfy { (0x30...0x37).contains($0) } ? Int64(String(decoding: field, as: UTF8.self), radix: 8) : nil
    }

    private static func text(_ field: ArraySlice<UInt8>) throws(ArchiveError) -> String {
        guard let text = String(validating: field.prefix { $0 != 0 }, as: UTF8.self) else {
            throw ArchiveError(.damaged, "a name in the archive is not UTF-8")
        }
        return text
    }
}

/// An artifact that can't be packed or unpacked.
package struct ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// There is nothing at the path.
        case missing
        /// A device, a path or link that leads out, a name that is no UTF-8.
        case unsafe
        /// More bytes, entries or levels than an artifact may have.
        case tooLarge
        /// Not an archive that was written here, or cut off.
        case damaged
        /// The file system said no.
        case failed
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static let foreign = ArchiveError(
        .damaged, "the archive was not written by Slipway, or was changed; only artifacts made here are unpacked")

    static func link(_ path: RelativePath, _ target: String) -> ArchiveError {
        ArchiveError(
            .unsafe,
            "the symbolic link `\(path.text.quotable)` points at `\(target.quotable)`; in an artifact a link has to be "
                + "relative and to stay inside, with `..` only at its beginning")
    }

    package var description: String { self.message }
}
