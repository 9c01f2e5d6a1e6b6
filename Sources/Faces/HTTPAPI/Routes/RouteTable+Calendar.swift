import APIClient
import Core

extension RouteTable {
    static var calendar: [Route] {
        get throws {
            let direction = QueryParameter(
                name: "direction", kind: .text, summary: "forward (if none is given), rollback, kill or emergency.")
            return [
                try .read(
                    "calendar", "Freezes and change windows, and whether everything is stopped.",
                    needs: .in(.any, .view)
                ) {
                    try await $0.operations.calendar.calendar($0.caller)
                },
                try .write("calendar", "Add a freeze or change window.", status: 201, needs: .in(.subject, .administer))
                {
                    try await $0.operations.calendar.add($0.caller, $1)
                },
                try .write(
                    "calendar/{name}/remove", "Take a freeze or change window out.", needs: .in(.subject, .administer)
                ) {
                    try await $0.operations.calendar.remove($0.caller, $0.variable("name"), $1)
                },
                try .read(
                    "lanes/{service}/{environment}/outlook", "Is a lane open, why not, and when next.",
                    query: [direction], needs: .in(.lane, .view)
                ) {
                    try await $0.operations.calendar.outlook(
                        $0.caller, $0.variable("service"), $0.variable("environment"),
                        $0.query["direction"] ?? "forward")
                },
                try .write(
                    "promotions/{service}/{environment}/{number}/override",
                    "Let one waiting promotion through the freezes and windows that close its lane now.",
                    needs: .in(.lane, .administer)
                ) {
                    try await $0.operations.calendar.override($0.caller, $0.promotionID, $1)
                },
                try .write(
                    "stop", "Stop everything: nothing moves forward, what is on its way stands still.",
                    needs: .in(.organisation, .operate)
                ) {
                    try await $0.operations.calendar.stop($0.caller, $1)
                },
                try .write(
                    "lift", "Let things move again; what was paused stays paused.",
                    needs: .in(.organisation, .administer)
                ) {
                    try await $0.operations.calendar.lift($0.caller, $1)
                },
            ]
        }
    }
}
