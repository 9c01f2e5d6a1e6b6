import APIClient
import Core

extension RouteTable {
    static var secrets: [Route] {
        get throws {
            [
                try .read(
                    "services/{service}/secrets", "Names and versions of a service's secrets, never values.",
                    needs: .in(.service, .view)
                ) {
                    try await $0.operations.secrets.secrets($0.caller, $0.variable("service"))
                },
                try .write(
                    "services/{service}/secrets/{name}",
                    "Keep a new value of a secret, encrypted; instances get it with the next deployment.", status: 201,
                    needs: .in(.subject, .administer)
                ) {
                    try await $0.operations.secrets.set($0.caller, $0.variable("service"), $0.variable("name"), $1)
                },
                try .write(
                    "services/{service}/secrets/{name}/remove", "Take a secret out; what runs keeps it.",
                    needs: .in(.subject, .administer)
                ) {
                    try await $0.operations.secrets.remove($0.caller, $0.variable("service"), $0.variable("name"), $1)
                },
                try .write(
                    "secrets/rotate-key", "Encrypt all values under a new key.", needs: .in(.organisation, .administer)
                ) {
                    try await $0.operations.secrets.rotateKey($0.caller, $1)
                },
            ]
        }
    }
}
