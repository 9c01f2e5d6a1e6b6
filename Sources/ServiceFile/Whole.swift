import Core

/// What can be judged only when all environments are known.
struct Whole {
    let drafts: [Draft]
    /// The build names test results, or is itself not readable.
    let buildMayHaveTests: Bool
    /// Of the release; nil if that is itself not readable.
    let replicas: Int?

    func check(_ problems: inout Problems) {
        for draft in self.drafts {
            self.checkOrder(draft, &problems)
            self.checkGates(draft, &problems)
            self.checkWorker(draft, &problems)
            self.checkBatch(draft, &problems)
            self.checkLike(draft, &problems)
        }
        self.checkCycles(&problems)
        self.checkAddresses(&problems)
    }

    private func checkOrder(_ draft: Draft, _ problems: inout Problems) {
        let names = Set(self.drafts.map(\.name))
        var seen: Set<EnvironmentName> = []
        for before in draft.environment.after {
            let place = draft.fields.place(of: before.text, in: EnvironmentKeys.after)
            if before == draft.name {
                problems.add(.contradiction, place, "\(draft.path).after: \(draft.name) can't come after itself")
            } else if !names.contains(before) {
                let known = names.filter { $0 != draft.name }.sorted().map { "`\($0)`" }.joined(separator: ", ")
                let hint =
                    nearest(to: before.text, in: names.map(\.text).sorted()).map { "; did you mean `\($0)`?" } ?? ""
                problems.add(
                    .unknownKind, place,
                    "\(draft.path).after: there is no environment `\(before)`\(hint) "
                        + "(known: \(known.isEmpty ? "none" : known))"
                )
            }
            if !seen.insert(before).inserted {
                problems.add(.duplicate, place, "\(draft.path).after: `\(before)` is named twice: keep one of them")
            }
        }
    }

    private func checkGates(_ draft: Draft, _ problems: inout Problems) {
        var seen: Set<String> = []
        for (index, gate) in draft.environment.gates.enumerated() {
            let place = draft.fields.place(ofEntry: index, in: EnvironmentKeys.gates)
            let path = "\(draft.path).gates[\(index + 1)]"
            switch gate {
            case .tests where !self.buildMayHaveTests:
                problems.add(
                    .contradiction, place,
                    "\(path): the gate `tests` needs results: name the build's JUnit file in `build.tests`")
            case .soak where !draft.fields.has(EnvironmentKeys.after):
                problems.add(
                    .contradiction, place,
                    "\(path): `soak` is time in the environment before, and there is none: "
                        + "give `after`, or take the gate out"
                )
            case .like where draft.environment.like == nil:
                problems.add(
                    .contradiction, place,
                    "\(path): the gate `like` needs to know what to compare with: give `like: production`, or take it out"
                )
            case .tests, .soak, .approval, .like: break
            }
            // Two approvals by different people are two conditions; two soaks or two tests are a mistake.
            let isSecond = !seen.insert(gate.kindName).inserted
            if isSecond, gate.kindName != "approval" {
                problems.add(.duplicate, place, "\(path): `\(gate.kindName)` is given twice: keep one of them")
            }
        }
    }

    private func checkWorker(_ draft: Draft, _ problems: inout Problems) {
        guard !draft.fields.has(EnvironmentKeys.listen) else { return }
        switch draft.environment.strategy {
        case .bigBang: break
        case .blueGreen, .canary, .rolling:
            problems.add(
                .contradiction, draft.fields.place(EnvironmentKeys.strategy),
                "\(draft.path).strategy: `\(draft.environment.strategy.name)` shares traffic, and without `listen` "
                    + "there is none: give `listen`, or use `bigBang`"
            )
        }
        let aboutRequests = [
            draft.fields.placeIfGiven(EnvironmentKeys.noData).map { ("noData", $0) },
            draft.fields.placeIfGiven(EnvironmentKeys.objective).map { ("objective", $0) },
            draft.fields.placeIfGiven(EnvironmentKeys.userKey).map { ("userKey", $0) },
        ].compactMap { $0 }
        for (name, place) in aboutRequests {
            problems.add(
                .contradiction, place,
                "\(draft.path).\(name): `\(name)` is about requests, and without `listen` there are none: give "
                    + "`listen`, or take `\(name)` out")
        }
        for (index, verify) in draft.environment.verify.enumerated() {
            switch verify {
            case .run: break
            case .http:
                problems.add(
                    .contradiction, draft.fields.place(ofEntry: index, in: EnvironmentKeys.verify),
                    "\(draft.path).verify[\(index + 1)]: `http` asks the version under test, which needs `listen`: "
                        + "give it, or use `run`"
                )
            }
        }
    }

    private func checkLike(_ draft: Draft, _ problems: inout Problems) {
        guard let like = draft.environment.like?.environment else { return }
        if like == draft.name {
            problems.add(
                .contradiction, draft.fields.place(EnvironmentKeys.like),
                "\(draft.path).like: \(draft.name) is like itself: name another environment")
        } else if !self.drafts.contains(where: { $0.name == like }) {
            let known = self.drafts.map(\.name).filter { $0 != draft.name }.map { "`\($0)`" }.joined(separator: ", ")
            problems.add(
                .unknownKind, draft.fields.place(EnvironmentKeys.like),
                "\(draft.path).like: there is no environment `\(like)` (known: \(known.isEmpty ? "none" : known))")
        }
    }

    /// A batch with all instances would show the release to everybody before anything was seen.
    private func checkBatch(_ draft: Draft, _ problems: inout Problems) {
        guard case .rolling(let settings) = draft.environment.strategy,
            let replicas = draft.environment.replicas ?? self.replicas, settings.batch >= replicas
        else { return }
        problems.add(
            .contradiction, draft.fields.place(EnvironmentKeys.strategy),
            "\(draft.path).strategy: `rolling` with a batch of \(settings.batch) and \(replicas) "
                + "\(replicas == 1 ? "replica" : "replicas") brings all at once: give more `replicas` than `batch`, or "
                + "use `canary` or `blueGreen`")
    }

    private func checkCycles(_ problems: inout Problems) {
        let edges = Dictionary(self.drafts.map { ($0.name, $0.environment.after) }) { first, _ in first }
        var done: Set<EnvironmentName> = []
        for draft in self.drafts where !done.contains(draft.name) {
            guard let cycle = Self.cycle(from: draft.name, edges, &done), cycle.count > 1 else { continue }
            let place = self.drafts.first { $0.name == cycle[0] }?.fields.place(EnvironmentKeys.after) ?? .start
            let names = (cycle + [cycle[0]]).map(\.text).joined(separator: " after ")
            problems.add(
                .contradiction, place,
                "environments: \(names): a circle, so no release could ever enter; take one `after` out")
        }
    }

    /// The first circle that can be reached, beginning with its environment that stands first on the way.
    private static func cycle(
        from start: EnvironmentName, _ edges: [EnvironmentName: [EnvironmentName]], _ done: inout Set<EnvironmentName>
    ) -> [EnvironmentName]? {
        var path: [(name: EnvironmentName, next: Int)] = [(start, 0)]
        while let (name, next) = path.last {
            let after = edges[name] ?? []
            guard next < after.count else {
                done.insert(name)
                path.removeLast()
                continue
            }
            path[path.count - 1].next += 1
            if let index = path.firstIndex(where: { $0.name == after[next] }) {
                done.formUnion(path.map(\.name))
                return path[index...].map(\.name)
            }
            if !done.contains(after[next]), edges[after[next]] != nil { path.append((after[next], 0)) }
        }
        return nil
    }

    private func checkAddresses(_ problems: inout Problems) {
        for (index, draft) in self.drafts.enumerated() {
            guard let listen = draft.environment.listen else { continue }
            let other = self.drafts[..<index].first { $0.environment.listen.map { $0.collides(with: listen) } ?? false }
            guard let other, let taken = other.environment.listen else { continue }
            problems.add(
                .contradiction, draft.fields.place(EnvironmentKeys.listen),
                "\(draft.path).listen: `\(listen)` is taken by \(other.name) (`\(taken)`): "
                    + "give each environment a port of its own"
            )
        }
    }
}

extension Draft {
    fileprivate var path: String { self.fields.tree.path }
}

extension ListenAddress {
    /// Can't be listened on at once: the same port on the same address, or on one that stands for all.
    fileprivate func collides(with other: ListenAddress) -> Bool {
        func family(_ host: String) -> String { host == "localhost" ? "127.0.0.1" : host }
        let all = ["0.0.0.0", "[::]"]
        return self.port == other.port
            && (family(self.host) == family(other.host) || all.contains(self.host) || all.contains(other.host))
    }
}
