import APIClient
import HTTPTypes

extension RouteTable {
    static var signIn: [Route] {
        get throws {
            [
                try .read("me", "Who asks.") { Wire.Me(actor: $0.caller.actor, token: $0.caller.token) },
                try .read("sessions", "The browsers that the caller is signed in at.") {
                    try await $0.operations.signIn.sessions($0.caller)
                },
                try .read("sessions", "Sign out everywhere.", method: .delete) {
                    try await $0.operations.signIn.endSessions($0.caller, nil)
                },
                try .read("sessions/{session}", "Sign out at one browser.", method: .delete) {
                    try await $0.operations.signIn.endSessions($0.caller, $0.variable("session"))
                },
                try .write(
                    "people/{person}/invite", "Make a link that sets the person's password once, within a day.",
                    status: 201
                ) { (call, _: Wire.Invite) in
                    try await call.operations.signIn.invite(call.caller, call.variable("person"))
                },
            ]
        }
    }
}
