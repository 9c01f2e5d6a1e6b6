import Crypto

/// SHA-256 over fields, each preceded by its length as 8 bytes, big-endian: no two lists of fields give the same bytes.
/// Numbers are fields of decimal text. One value can be used for many hashes, so that its memory is taken once.
package struct FieldHasher: Sendable {
    private var bytes: [UInt8] = []

    package init(capacity: Int = 1_024) { self.bytes.reserveCapacity(capacity) }

    package mutating func add(_ field: UnsafeRawBufferPointer) {
        self.addLength(field.count)
        self.bytes.append(contentsOf: field)
    }

    package mutating func add(_ field: [UInt8]) { field.withUnsafeBytes { self.add($0) } }

    package mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { self.add(UnsafeRawBufferPointer($0)) }
    }

    package mutating func add(_ number: Int64) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { space in
            var rest = number.magnitude
            var start = space.count
            repeat {
                start -= 1
                space[start] = UInt8(0x30 + rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 {
                start -= 1
                space[start] = UInt8(ascii: "-")
            }
            self.add(UnsafeRawBufferPointer(rebasing: space[start...]))
        }
    }

    package mutating func add(_ number: Int) { self.add(Int64(number)) }

    /// The hash of what was added since the last one; begins anew.
    package mutating func finish() -> ChainHash {
        defer { self.bytes.removeAll(keepingCapacity: true) }
        return ChainHash(SHA256.hash(data: self.bytes))
    }

    private mutating func addLength(_ count: Int) {
        let length = UInt64(count).bigEndian
        withUnsafeBytes(of: length) { self.bytes.append(contentsOf: $0) }
    }
}
