import ChangeCalendar

/// Zones whose clocks are never moved: `UTC`, and `Fixed/+2` for two hours east of it.
package struct FixedZones: ZoneRules {
    package init() {}

    package var dataVersion: String { "fixed" }

    package func offset(of zone: String, at utc: Int64) -> Int64? {
        if zone == "UTC" { return 0 }
        guard zone.hasPrefix("Fixed/"), let hours = Int64(zone.dropFirst(6)), (-14...14).contains(hours) else {
            return nil
        }
        return hours * 3_600
    }
}
