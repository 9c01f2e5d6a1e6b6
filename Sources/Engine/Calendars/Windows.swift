package import ChangeCalendar
package import Core
import Synchronization

/// The calendar's entries as windows, read once for each state of the calendar: reading a rule that ends by COUNT counts its starts, and every
/// lane asks again and again.
///
/// A class, because all lanes share what was read; its only state is behind a lock.
package final class Windows: Sendable {
    package let zones: any ZoneRules
    private let read = Mutex<(number: Int, entries: [Window])?>(nil)

    package init(zones: any ZoneRules) { self.zones = zones }

    /// An entry, and what it means; an error where it can't be read any more (a zone that is gone from the zone data).
    package struct Window: Sendable {
        package let entry: CalendarEntry
        package let window: Result<ChangeWindow, CalendarError>
    }

    /// In the order in which they were added. `number` is that of the calendar's newest event.
    package func entries(of calendar: FreezeCalendar, number: Int) -> [Window] {
        if let read = self.read.withLock({ $0 }), read.number == number { return read.entries }
        let entries = calendar.entries.map { dated in
            Window(entry: dated.value, window: self.window(of: dated.value))
        }
        self.read.withLock { $0 = (number, entries) }
        return entries
    }

    private func window(of entry: CalendarEntry) -> Result<ChangeWindow, CalendarError> {
        do throws(CalendarError) {
            return .success(try ChangeWindow(entry, zones: self.zones))
        } catch {
            return .failure(error)
        }
    }
}
