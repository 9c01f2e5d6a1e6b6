import APIClient
import Core
import HTTPTypes

extension RouteTable {
    static var people: [Route] {
        get throws {
            let all = Needed.in(.organisation, .administer)
            return [
                try .read("whoami", "Who the caller is, and what they may do where.", needs: nil) {
                    try await $0.operations.people.whoAmI($0.caller)
                },
                try .read("people", "People, active or not.", needs: all) {
                    try await $0.operations.people.people($0.caller)
                },
                try .write("people", "Add a person, change one, or make one active again.", status: 201, needs: all) {
                    try await $0.operations.people.addPerson($0.caller, $1)
                },
                try .write("people/{person}/deactivate", "A person has no right from now on.", needs: all) {
                    try await $0.operations.people.deactivate($0.caller, $0.variable("person"), $1)
                },
                try .read("teams", "Teams, with members and service accounts.", needs: all) {
                    try await $0.operations.people.teams($0.caller)
                },
                try .write("teams", "Add a team, or map it to other groups.", status: 201, needs: all) {
                    try await $0.operations.people.addTeam($0.caller, $1)
                },
                try .write("teams/{team}/members", "Put a person into a team.", needs: all) {
                    (call, body: Wire.AddMember) in
                    try await call.operations.people.member(call.caller, call.variable("team"), body.person, true)
                },
                try .read(
                    "teams/{team}/members/{person}", "Take a person out of a team.", method: .delete, needs: all
                ) {
                    try await $0.operations.people.member($0.caller, $0.variable("team"), $0.variable("person"), false)
                },
                try .write("teams/{team}/accounts", "Add a service account of a team.", needs: all) {
                    (call, body: Wire.AddAccount) in
                    try await call.operations.people.account(call.caller, call.variable("team"), body.account, true)
                },
                try .read(
                    "teams/{team}/accounts/{account}", "Remove a service account, with its grants.", method: .delete,
                    needs: all
                ) {
                    try await $0.operations.people.account(
                        $0.caller, $0.variable("team"), $0.variable("account"), false)
                },
                try .read("grants", "Who may do what where.", needs: all) {
                    try await $0.operations.people.grants($0.caller)
                },
                try .write(
                    "grants", "Give a right in a scope to a person, a team or a service account.", status: 201,
                    needs: .in(.subject, .administer)
                ) {
                    try await $0.operations.people.grant($0.caller, $1, true)
                },
                try .write("grants/remove", "Take a right back.", needs: .in(.subject, .administer)) {
                    try await $0.operations.people.grant($0.caller, $1, false)
                },
            ]
        }
    }
}
