import Core
import Foundation
import Synchronization

/// The zones of this system's time zone data, by their IANA names. Foundation answers one question in microseconds; so each year of a zone is
/// read once, as the moments at which its offset changes.
///
/// A class, because what was read is shared by all who ask; its only state is behind a lock.
package final class SystemZones: ZoneRules {
    private let read = Mutex<[Key: Year]>([:])

    /// Years that are kept; when there are more, reading begins anew.
    private static let yearLimit = 4_096

    package init() {}

    package var dataVersion: String { TimeZone.timeZoneDataVersion }

    private struct Key: Hashable {
        let zone: String
        let year: Int
    }

    /// Offsets from `starts[i]` on, in UTC; the first start is the year's.
    private struct Year {
        var starts: [Int64]
        var offsets: [Int64]

        func offset(at utc: Int64) -> Int64 {
            var index = self.starts.count - 1
            while index > 0, self.starts[index] > utc { index -= 1 }
            return self.offsets[index]
        }
    }

    package func offset(of zone: String, at utc: Int64) -> Int64? {
        let key = Key(zone: zone, year: CivilDay(number: Int(utc).dividedDown(by: 86_400)).parts.year)
        if let known = self.read.withLock({ $0[key] }) { return known.offset(at: utc) }
        guard let year = Self.year(key) else { return nil }
        self.read.withLock { read in
            if read.count >= Self.yearLimit { read.removeAll() }
            read[key] = year
        }
        return year.offset(at: utc)
    }

    /// nil for a name that is in no zone data: abbreviations such as `EST` and offsets such as `GMT+2` are none of its names.
    private static func year(_ key: Key) -> Year? {
        guard key.zone == "UTC" || self.isName(key.zone), let zone = TimeZone(identifier: key.zone) else { return nil }
        func offset(_ utc: Int64) -> Int64 { Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(utc)))) }
        let first = Int64(CivilDay(year: key.year, month: 1, day: 1).number) * 86_400
        let last = Int64(CivilDay(year: key.year + 1, month: 1, day: 1).number) * 86_400
        var year = Year(starts: [first], offsets: [offset(first)])
        // Two changes within a week that cancel each other out would not be seen; there are none in the zone data.
        for week in stride(from: first, to: last, by: 7 * 86_400) {
            var (low, high) = (week, min(week + 7 * 86_400, last))
            while offset(low) != offset(high) {
                let to = high
                while high - low > 1 {
                    let middle = low + (high - low) / 2
                    if offset(middle) == offset(low) { low = middle } else { high = middle }
                }
                year.starts.append(high)
                year.offsets.append(offset(high))
                (low, high) = (high, to)
            }
        }
        return year
    }

    /// `Area/Place`, as the zone data names them: the list that Foundation gives out leaves out what was renamed, as `Asia/Kolkata`. Neither
    /// a path nor the data's own other folders (`posix`, `right`).
    private static func isName(_ text: String) -> Bool {
        guard text.utf8.count <= 64 else { return false }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let area = parts.first, area != "posix", area != "right" else {
            return false
        }
        return parts.allSatisfy { part in
            part.utf8.first.map(\.isLetter) == true
                && part.utf8.allSatisfy { $0.isLetter || $0.isDigit || "_+-".utf8.contains($0) }
        }
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
}
