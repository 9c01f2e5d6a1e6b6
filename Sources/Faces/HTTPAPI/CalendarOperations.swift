package import APIClient

/// Freezes, change windows, and the stop of everything.
package struct CalendarOperations: Sendable {
    package typealias Acting<Answer> = @Sendable (Caller, Wire.Act) async throws -> Answer

    package var calendar: @Sendable (Caller) async throws -> Wire.Calendar
    package var add: @Sendable (Caller, Wire.AddCalendarEntry) async throws -> Wire.Calendar
    package var remove: @Sendable (Caller, _ name: String, Wire.Act) async throws -> Wire.Calendar
    package var outlook:
        @Sendable (Caller, _ service: String, _ environment: String, _ direction: String) async throws -> Wire.Outlook
    /// `promotion`: SERVICE/ENVIRONMENT/NUMBER.
    package var override: @Sendable (Caller, _ promotion: String, Wire.Act) async throws -> Wire.Override
    package var stop: Acting<Wire.Stopped>
    package var lift: Acting<Wire.Calendar>

    package init(
        calendar: @escaping @Sendable (Caller) async throws -> Wire.Calendar,
        add: @escaping @Sendable (Caller, Wire.AddCalendarEntry) async throws -> Wire.Calendar,
        remove: @escaping @Sendable (Caller, _ name: String, Wire.Act) async throws -> Wire.Calendar,
        outlook:
            @escaping @Sendable (
                Caller, _ service: String, _ environment: String, _ direction: String
            ) async throws -> Wire.Outlook,
        override: @escaping @Sendable (Caller, _ promotion: String, Wire.Act) async throws -> Wire.Override,
        stop: @escaping Acting<Wire.Stopped>, lift: @escaping Acting<Wire.Calendar>
    ) {
        self.calendar = calendar
        self.add = add
        self.remove = remove
        self.outlook = outlook
        self.override = override
        self.stop = stop
        self.lift = lift
    }
}
