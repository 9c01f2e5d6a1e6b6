import APIClient
import Demo
import Foundation
import Testing

/// A repository of one's own, by the README's five steps: every word through the command line, as a person types it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OwnServiceTests {
    @Test func `from init to a rollback, with an approval on the way`() async throws {
        try await OwnPlace.with(portsFrom: 7_401) { place in
            try await place.begin()
            try await place.serving { place in
                // The record and the token are this user's alone.
                #expect(try place.rights(of: "") == 0o700)
                #expect(try place.rights(of: "/token") == 0o600)
                try await self.firstRelease(place)
                try await self.secondRelease(place)
                try await self.wayBack(place)
                try await AnswersOfTheServer(place).check()
            }
            // Without a server it goes on serving, and is told and stopped from the data folder.
            #expect(try await place.page() == "one")
            #expect(try await place.slipway("status").out.contains("0.1.0"))
            #expect(try await place.slipway("audit", "verify").code == 0)
            let down = try await place.slipway("down", "--yes")
            #expect(down.code == 0, "\(down.err)")
            #expect(place.ports.allSatisfy { UInt16(exactly: $0).map(FreePorts.isFree) == true })
        }
    }

    private func firstRelease(_ place: OwnPlace) async throws {
        let plan = try await place.slipway("apply", "--plan")
        #expect(plan.code == 0 && plan.out.contains("new service"), "\(plan)")
        #expect(try await place.slipway("status", "--json").out.contains("\"services\" : ["))
        #expect(try await !place.slipway("status").out.contains("production"))
        #expect(try await place.slipway("apply").code == 0)
        try place.write("never committed", to: "notes.txt")
        let made = try await place.slipway("release", "create", "--json")
        #expect(made.code == 0, "\(made.err)")
        let release = try JSONDecoder().decode(Wire.Release.self, from: Data(made.out.utf8))
        #expect(release.service == "own-shop" && release.version == "0.1.0" && release.state == .built)
        // The same release once more; only its tag may have been made meanwhile.
        let again = try await place.slipway("release", "create", "--json")
        let same = try JSONDecoder().decode(Wire.Release.self, from: Data(again.out.utf8))
        #expect(same.id == release.id && same.version == release.version && same.artifacts == release.artifacts)
        #expect(try await place.git("status", "--porcelain") == "?? notes.txt\n")
        try await Stage.wait(for: "the local tag", within: .seconds(10)) {
            try await place.git("tag") == "v0.1.0\n" ? () : nil
        }
        try await self.approve(place, "own-shop@0.1.0", number: 1)
        #expect(try await place.page() == "one")
        let log = try await place.slipway("logs", "own-shop", "--env", "production")
        #expect(log.code == 0 && log.out.contains("GET /"), "\(log)")
    }

    private func secondRelease(_ place: OwnPlace) async throws {
        try place.write(OwnPlace.program("two"), to: "app.py")
        try await place.git("commit", "-qam", "fix: say two")
        #expect(try await place.slipway("release", "create").out.contains("0.1.1"))
        try await self.approve(place, "own-shop@0.1.1", number: 2)
        #expect(try await place.page() == "two")
    }

    /// Asks for production, is let wait, and has it approved by the only person who may.
    private func approve(_ place: OwnPlace, _ release: String, number: Int) async throws {
        let early = try await place.slipway("promote", release, "--to", "production", "--wait", "--timeout", "1s")
        #expect(early.code == 4, "\(early)")
        try await Stage.wait(for: "the change request", within: .seconds(20)) {
            try await place.slipway("queue").out.contains("approval") ? () : nil
        }
        let change = "c-own-shop-production-\(number)"
        let id = try await place.change(ofPromotion: "own-shop/production/\(number)") ?? change
        let mine = try await place.slipway("approve", id, "--reason", "my own")
        #expect(mine.code == 1, "\(mine)")
        if number == 1 { try await place.invite("ada") }
        let token = try #require(try place.secret("ada"))
        let said = try await place.slipway("approve", id, "--reason", "read it", token: token)
        #expect(said.code == 0, "\(said)")
        let ended = try await Stage.wait(for: "the end", within: .seconds(60)) {
            let shown = try await place.slipway("status", "own-shop", "--json")
            let status = try JSONDecoder().decode(Wire.Status.self, from: Data(shown.out.utf8))
            return status.services.flatMap(\.environments).flatMap(\.recent).first {
                $0.id == "own-shop/production/\(number)"
            }
        }
        #expect(ended.state == .completed, "\(ended)")
        let why = try await place.slipway("why", ended.id).out
        #expect(why.contains("read it"), "\(why)")
    }

    private func wayBack(_ place: OwnPlace) async throws {
        let plan = try await place.slipway("rollback", "own-shop", "--env", "production", "--plan")
        #expect(plan.code == 0 && plan.out.contains("Back to 0.1.0 in about "), "\(plan)")
        #expect(try await place.page() == "two", "a plan moves nothing")
        let back = try await place.slipway(
            "rollback", "own-shop", "--env", "production", "--reason", "two is too many")
        #expect(back.code == 0, "\(back)")
        #expect(back.err.hasPrefix("Back to 0.1.0 in about "), "how long it would take comes first: \(back)")
        #expect(try await place.page() == "one")
        #expect(try await place.slipway("why", "own-shop/production/3").out.contains("two is too many"))
        #expect(try await place.slipway("log", "own-shop/production/3").out.contains("rollback"))
        #expect(try await place.slipway("status").out.contains("two is too many"))
    }
}

/// What the OpenAPI document says, against what a real server answers about real things.
private struct AnswersOfTheServer {
    let place: OwnPlace

    init(_ place: OwnPlace) { self.place = place }

    func check() async throws {
        let text = try await self.place.ask("GET", "/api/v1/openapi.json").text
        let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let answers = DocumentedAnswers(document)
        let release = try await self.place.releaseID()
        let change = try #require(try await self.place.change(ofPromotion: "own-shop/production/1"))
        let real = [
            "service": "own-shop", "environment": "production", "number": "1", "release": release, "change": change,
            "id": release,
        ]
        for route in answers.routes {
            // Writes go to what is not there: each has to say so in the documented way.
            let values = route.method == "GET" ? real : [:]
            let path = route.path.replacing(/\{([a-z]+)\}/) { values[String($0.1)] ?? "nowhere-\($0.1)" }
            let isEndless = answers.isStream(route)
            let body = try answers.body(for: route)
            let answer = try await self.place.ask(route.method, path, body: body, firstPieceOnly: isEndless)
            #expect(
                try answers.faults(of: answer, to: route) == [], "\(route.method) \(path): \(answer.text.prefix(500))")
            if route.method == "GET", path.hasSuffix("/rollback") {
                // It has gone back already, and there is nothing earlier.
                #expect(answer.status == 409 && answer.text.contains("no earlier verified version"), "\(answer.text)")
            } else if route.method == "GET" {
                #expect(answer.status == 200, "\(path): \(answer.text)")
            }
            if isEndless { #expect(answer.text.contains("id: 1\n") && answer.type == "text/event-stream") }
        }
        #expect(answers.routes.count >= 40)
        try await self.checkWrites(answers)
    }

    /// Writes that have an effect.
    private func checkWrites(_ answers: DocumentedAnswers) async throws {
        let lane = "/api/v1/lanes/own-shop/development"
        let file = try String(contentsOfFile: self.place.repository + "/slipway.yaml", encoding: .utf8)
        let act = ["reason": "to see"]
        let writes: [(method: String, path: String, body: [String: Any]?)] = [
            ("POST", "\(lane)/hold", act), ("POST", "\(lane)/unhold", act),
            ("POST", "\(lane)/pin", ["reason": "to see", "subject": "0.1.1"]), ("POST", "\(lane)/unpin", act),
            ("POST", "\(lane)/block", ["reason": "to see", "subject": "own-shop@0.1.0"]),
            ("POST", "\(lane)/unblock", ["reason": "to see", "subject": "own-shop@0.1.0"]),
            ("POST", "/api/v1/tokens", ["name": "ci", "owner": "service-account:ci"]),
            ("DELETE", "/api/v1/tokens/ci", nil), ("POST", "/api/v1/audit/verify", nil),
            (
                "POST", "/api/v1/services/apply",
                ["file": file + "\n# the same\n", "repository": self.place.repository, "plan": true]
            ),
            ("POST", "/api/v1/releases", ["repository": self.place.repository, "ref": "HEAD"]),
        ]
        for write in writes {
            let route = try #require(answers.routes.first { $0.fits(write.method, write.path) })
            let body = try write.body.map { try JSONSerialization.data(withJSONObject: $0) }
            let answer = try await self.place.ask(
                write.method, write.path, body: body.map { String(decoding: $0, as: UTF8.self) })
            #expect(try answers.faults(of: answer, to: route) == [], "\(write.path): \(answer.text.prefix(500))")
            #expect((200..<300).contains(answer.status), "\(write.method) \(write.path): \(answer.text)")
        }
    }
}
