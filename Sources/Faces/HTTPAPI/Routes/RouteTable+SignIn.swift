import APIClient
import Core
import HTTPTypes

extension RouteTable {
    static var signIn: [Route] {
        get throws {
            [
                try .read("sessions", "The browsers that the caller is signed in at.", needs: nil) {
                    try await $0.operations.signIn.sessions($0.caller)
                },
                try .read("sessions", "Sign out everywhere.", method: .delete, needs: nil) {
                    try await $0.operations.signIn.endSessions($0.caller, nil)
                },
                try .read("sessions/{session}", "Sign out at one browser.", method: .delete, needs: nil) {
                    try await $0.operations.signIn.endSessions($0.caller, $0.variable("session"))
                },
                try .write(
                    "people/{person}/invite", "Make a link that sets the person's password once, within a day.",
                    status: 201, needs: .in(.organisation, .administer)
                ) { (call, _: Wire.Invite) in
                    try await call.operations.signIn.invite(call.caller, call.variable("person"))
                },
            ]
        }
    }
}
