/// Reads `text/event-stream` (WHATWG HTML, section 9.2.6) from pieces of any size.
package struct EventParser {
    package struct Record: Sendable, Equatable {
        package var id: String
        package var data: String
    }

    let lineBytesMax: Int
    private var line: [UInt8] = []
    private var afterReturn = false
    private var id = ""
    private var data: [String] = []
    private var dataBytes = 0

    package init(lineBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
    }

    /// The records that these bytes complete. Throws where a line or a record is longer than the limit.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws(ClientError) -> [Record] {
        var records: [Record] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n") where self.afterReturn:
                self.afterReturn = false
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                self.afterReturn = byte == UInt8(ascii: "\r")
                if let record = self.endLine() { records.append(record) }
            default:
                self.afterReturn = false
                self.line.append(byte)
                guard self.line.count + self.dataBytes <= self.lineBytesMax else {
                    throw ClientError(
                        .badAnswer, "The event stream holds a record of more than \(self.lineBytesMax) bytes.")
                }
            }
        }
        return records
    }

    private mutating func endLine() -> Record? {
        let text = String(decoding: self.line, as: UTF8.self)
        self.line.removeAll(keepingCapacity: true)
        if text.isEmpty {
            defer {
                self.data = []
                self.dataBytes = 0
            }
            return self.data.isEmpty ? nil : Record(id: self.id, data: self.data.joined(separator: "\n"))
        }
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        var value = text[colon...].dropFirst()
        if value.first == " " { value = value.dropFirst() }
        switch text[..<colon] {
        case "id": self.id = String(value)
        case "data":
            self.data.append(String(value))
            self.dataBytes += value.utf8.count
        default: break  // comments, `event`, `retry` and what is not known are skipped (same section)
        }
        return nil
    }
}
