import Glibc
import Ports

import struct Crypto.SHA256

/// The header of one regular file in a tar archive (POSIX.1-2017, pax, "ustar Interchange Format"): any `tar` can list
/// and unpack a backup.
struct TarHeader: Equatable {
    static let block = 512
    static let mostName = 100

    let name: String
    let bytes: Int64

    init(name: String, bytes: Int64) {
        self.name = name
        self.bytes = bytes
    }

    /// What follows the content up to the next block.
    var padding: Int { Int((Int64(Self.block) - self.bytes % Int64(Self.block)) % Int64(Self.block)) }

    /// `name` has at most 100 bytes.
    var encoded: [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.block)
        func put(_ text: String, at offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(self.name, at: 0)
        for (offset, text) in [(100, "0000600"), (108, "0000000"), (116, "0000000"), (136, "00000000000")] {
            put(text, at: offset)
        }
        if self.bytes < 1 << 33 {
            put(Self.octal(self.bytes, digits: 11), at: 124)
        } else {
            // GNU tar's form of a size that 11 octal digits can't hold: a first byte of 0x80, then big-endian.
            block[124] = 0x80
            for place in 0..<8 { block[128 + place] = UInt8(truncatingIfNeeded: self.bytes >> (56 - 8 * place)) }
        }
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put(Self.octal(block.reduce(0) { $0 + Int64($1) }, digits: 6), at: 148)
        block[154] = 0
        return block
    }

    /// nil: this is no header that `encoded` makes.
    init?(_ block: [UInt8]) {
        guard block.count == Self.block else { return nil }
        let name = block.prefix(Self.mostName).prefix { $0 != 0 }
        let size = block[124..<136]
        var bytes: Int64 = 0
        if size.first == 0x80 {
            guard size.dropFirst().prefix(3).allSatisfy({ $0 == 0 }), size[128] < 0x80 else { return nil }
            for byte in size.suffix(8) { bytes = bytes << 8 | Int64(byte) }
        } else {
            for byte in size.prefix(11) {
                guard (0x30...0x37).contains(byte) else { return nil }
                bytes = bytes << 3 | Int64(byte - 0x30)
            }
        }
        self.init(name: String(decoding: name, as: UTF8.self), bytes: bytes)
        guard self.encoded == block else { return nil }
    }

    private static func octal(_ number: Int64, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

/// A file as it went into an archive or came out of it.
struct Packed: Equatable {
    let name: String
    let bytes: Int64
    /// SHA-256, 64 hexadecimal digits.
    let sha256: String
}

/// Writes an archive from its beginning.
struct TarWriter: ~Copyable {
    private static let chunk = 1 << 20

    private let file: Descriptor
    private let path: String
    private var offset: Int64 = 0

    init(_ path: String) throws {
        self.file = try Descriptor(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        self.path = path
    }

    /// Adds the file at `source`; nil, and nothing is added, unless `isRight` takes it as it was read.
    mutating func add(
        _ name: String, from source: borrowing Descriptor, where isRight: (Packed) -> Bool = { _ in true }
    ) throws -> Packed? {
        let header = TarHeader(name: name, bytes: try source.fileSize(name))
        try self.file.write(header.encoded, self.path)
        var hasher = SHA256()
        var chunk: [UInt8] = []
        var left = header.bytes
        while left > 0 {
            try source.read(into: &chunk, most: Int(min(left, Int64(Self.chunk))))
            if chunk.isEmpty { break }
            hasher.update(data: chunk)
            try self.file.write(chunk, self.path)
            left -= Int64(chunk.count)
        }
        let packed = Packed(name: name, bytes: header.bytes - left, sha256: hexadecimal(hasher.finalize()))
        guard left == 0, isRight(packed) else {
            try self.file.cut(to: self.offset, self.path)
            return nil
        }
        try self.file.write([UInt8](repeating: 0, count: header.padding), self.path)
        self.offset += Int64(TarHeader.block) + header.bytes + Int64(header.padding)
        return packed
    }

    /// Ends the archive with a small file, and flushes it. Its size.
    mutating func finish(_ name: String, _ content: [UInt8]) throws -> Int64 {
        let header = TarHeader(name: name, bytes: Int64(content.count))
        let end = [UInt8](repeating: 0, count: header.padding + 2 * TarHeader.block)
        try self.file.write(header.encoded + content + end, self.path)
        try self.file.flush(self.path)
        return self.offset + Int64(TarHeader.block + content.count + end.count)
    }
}

/// Reads an archive once, from its beginning to its end.
struct TarReader: ~Copyable {
    private static let chunk = 1 << 20

    private let file: Descriptor
    let path: String

    init(_ path: String) throws {
        let file = try Descriptor(path, O_RDONLY | O_NONBLOCK)
        _ = try file.fileSize(path)
        self.file = file
        self.path = path
    }

    /// The next file's header; nil at the end, which two empty blocks make.
    func next() throws -> TarHeader? {
        let block = try self.exactly(TarHeader.block)
        if block.allSatisfy({ $0 == 0 }) {
            let rest = try self.exactly(TarHeader.block)
            var more: [UInt8] = []
            try self.file.read(into: &more, most: 1)
            guard more.isEmpty, rest.allSatisfy({ $0 == 0 }) else { throw self.damaged("there is more after its end") }
            return nil
        }
        guard let header = TarHeader(block) else { throw self.damaged("a file in it has no right header") }
        return header
    }

    /// Hands on the content after a header, and says what it was.
    func content(of header: TarHeader, each: ([UInt8]) throws -> Void) throws -> Packed {
        var hasher = SHA256()
        var left = header.bytes
        while left > 0 {
            let chunk = try self.exactly(Int(min(left, Int64(Self.chunk))))
            hasher.update(data: chunk)
            try each(chunk)
            left -= Int64(chunk.count)
        }
        guard try self.exactly(header.padding).allSatisfy({ $0 == 0 }) else {
            throw self.damaged("\(header.name) is not followed by zeros")
        }
        return Packed(name: header.name, bytes: header.bytes, sha256: hexadecimal(hasher.finalize()))
    }

    func damaged(_ what: String) -> LedgerError {
        LedgerError(
            .damaged, "\(self.path) is no whole backup of Slipway: \(what). Nothing was changed; use another backup.")
    }

    private func exactly(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        var chunk: [UInt8] = []
        while all.count < count {
            try self.file.read(into: &chunk, most: count - all.count)
            if chunk.isEmpty { throw self.damaged("it is cut off") }
            all += chunk
        }
        return all
    }
}

func hexadecimal(_ digest: SHA256.Digest) -> String {
    digest.map { byte in
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }.joined()
}
