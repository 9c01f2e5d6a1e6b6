package import Core

/// Who speaks in a random history.
package enum Voice: String, Sendable, CaseIterable {
    case anna, bert, ci, schedule, judge

    package var actor: Actor {
        switch self {
        case .anna: .person("anna")
        case .bert: .person("bert")
        case .ci: .serviceAccount("ci")
        case .schedule: .schedule
        case .judge: .judge
        }
    }
}

/// One thing that happens. Means something in every state (a slot counts modulo what is there), so that a history
/// with steps taken out is a history too.
package enum HistoryStep: Sendable, Equatable {
    case promote(release: Int, by: Voice)
    case cancel(slot: Int, by: Voice)
    case pause(by: Voice)
    case resume(by: Voice)
    case abort(by: Voice)
    case skip(by: Voice)
    case handOver(by: Voice)
    case retry(release: Int, by: Voice)
    /// nil: to the version before.
    case rollback(to: Int?, by: Voice)
    case hold(forTime: Milliseconds?, by: Voice)
    case releaseHold(by: Voice)
    case pin(release: Int, by: Voice)
    case unpin(by: Voice)
    case block(release: Int, by: Voice)
    case unblock(release: Int, by: Voice)
    case clearAlarm(by: Voice)
    case down(by: Voice)
    /// What is under way arrives; then the most urgent outstanding effect is done and answered, so often.
    case work(effects: Int)
    /// Performs one outstanding effect; its answer is still to come.
    case perform(slot: Int, Fault)
    /// An effect that is under way reaches the world.
    case land(slot: Int)
    case deliver(slot: Int)
    /// An answer that came before comes again.
    case repeatAnswer(slot: Int)
    /// What the gates say about the queue, two bits a promotion: pass, pending, pending until a time, fail.
    case evaluate(verdicts: UInt16)
    case pass(Milliseconds)
    case clockBack(Milliseconds)
    /// Time moves to the next thing that the lane waits for.
    case wake
    case kill(slot: Int)
    /// The runtime starts again what died.
    case supervise
    /// The engine asks the target what is there.
    case observe
    case restartRouter
    /// The judge looks: what it says (`HistoryStep.says`), and about the deployment that runs or an earlier one.
    case judge(Saying, ofEarlier: Bool)
    /// The engine is killed and started again: what was under way is lost, or reaches the world later under its old
    /// term.
    case crash
    case oldEffectLands(slot: Int)
    /// The machine is started again, with or without the instances.
    case reboot(comesBack: Bool)
}

extension HistoryStep {
    /// What the judge can come to.
    package enum Saying: String, Sendable, CaseIterable {
        case nothingYet, certified, harm, splitIsWrong, tooFewRequests, mayAdvance

        func judgement(at now: Instant) -> Judgement {
            let verdict: Verdict? =
                switch self {
                case .nothingYet, .mayAdvance: nil
                case .certified: .pass
                case .harm: .fail
                case .splitIsWrong: .error
                case .tooFewRequests: .noData
                }
            return Judgement(
                verdict: verdict, sentence: self.rawValue, metric: nil,
                new: Judgement.Counts(version: "new", requests: 100, errors: 1), old: nil,
                requestsInStep: self == .tooFewRequests ? 3 : 100, ratioAtLeast: 0, ratioAtMost: nil, harm: 0, safe: 0,
                mayAdvance: self == .mayAdvance, warning: nil, from: now, to: now, observations: "")
        }
    }

    /// The step as a person would say it.
    package var words: String {
        switch self {
        case .promote(let release, let by): "\(by) promotes \(release + 1).0.0"
        case .cancel(let slot, let by): "\(by) cancels waiting promotion no. \(slot)"
        case .pause(let by): "\(by) pauses"
        case .resume(let by): "\(by) resumes"
        case .abort(let by): "\(by) aborts"
        case .skip(let by): "\(by) skips the wait"
        case .handOver(let by): "\(by) lets the next take over"
        case .retry(let release, let by): "\(by) retries \(release + 1).0.0"
        case .rollback(let to, let by): "\(by) rolls back\(to.map { " to \($0 + 1).0.0" } ?? "")"
        case .hold(let time, let by): "\(by) holds\(time.map { " for \($0.count) ms" } ?? "")"
        case .releaseHold(let by): "\(by) releases the hold"
        case .pin(let release, let by): "\(by) pins to \(release + 1).0.0"
        case .unpin(let by): "\(by) unpins"
        case .block(let release, let by): "\(by) blocks \(release + 1).0.0"
        case .unblock(let release, let by): "\(by) unblocks \(release + 1).0.0"
        case .clearAlarm(let by): "\(by) clears the alarm"
        case .down(let by): "\(by) takes the environment down"
        case .work(let effects): "the world does what is outstanding, up to \(effects) effects"
        case .perform(let slot, let fault): "outstanding effect no. \(slot): \(fault.words)"
        case .land(let slot): "late effect no. \(slot) reaches the world"
        case .deliver(let slot): "answer no. \(slot) arrives"
        case .repeatAnswer(let slot): "earlier answer no. \(slot) arrives again"
        case .evaluate(let verdicts): "the gates are evaluated (\(verdicts))"
        case .pass(let time): "\(time.count) ms pass"
        case .clockBack(let time): "the clock is set back by \(time.count) ms"
        case .wake: "time passes to what the lane waits for"
        case .kill(let slot): "the instances of capacity no. \(slot) die"
        case .supervise: "the runtime starts again what died"
        case .observe: "the target is asked what is there"
        case .restartRouter: "the router dies and comes back from its file"
        case .judge(let saying, let ofEarlier): "the judge says \(saying)\(ofEarlier ? " of an earlier one" : "")"
        case .crash: "the engine is killed and started again"
        case .reboot(let comesBack):
            "the machine is started again\(comesBack ? "" : ", and no instance comes back")"
        case .oldEffectLands(let slot): "effect no. \(slot) of the killed engine reaches the world"
        }
    }
}

extension HistoryStep {
    /// A deployment without trouble, as far as the setting lets it.
    static func whole(release: Int) -> [HistoryStep] {
        [
            .promote(release: release, by: .anna), .evaluate(verdicts: 0), .work(effects: 12), .wake, .work(effects: 8),
            .wake, .work(effects: 8),
        ]
    }

    /// A few steps that by chance alone hardly ever come one after the other.
    static func scene(_ generator: inout SeededGenerator) -> [HistoryStep] {
        let (release, next) = (
            generator.below(HistorySetting.releaseCount), generator.below(HistorySetting.releaseCount)
        )
        let voice = Voice.allCases[generator.below(Voice.allCases.count)]
        let deploys: [HistoryStep] = [.promote(release: release, by: voice), .evaluate(verdicts: 0)]
        let bakes = deploys + [.work(effects: 12)]
        switch generator.below(5) {
        case 0:
            return deploys + [.work(effects: generator.below(6)), .perform(slot: 0, .isLate), .crash]
                + (generator.chance(50) ? [.work(effects: generator.below(4))] : []) + [.oldEffectLands(slot: 0)]
        case 1:
            return bakes + [
                .handOver(by: .bert), .promote(release: next, by: voice), .evaluate(verdicts: 0),
                .work(effects: generator.below(12)),
            ]
        case 2: return bakes + [.skip(by: .ci), .work(effects: generator.below(6))]
        case 3:
            return bakes + [
                .abort(by: .anna), .work(effects: 4), .retry(release: release, by: voice), .evaluate(verdicts: 0),
            ]
        default: return [.pin(release: release, by: .anna)] + bakes + [.unpin(by: .bert), .evaluate(verdicts: 0)]
        }
    }

    /// A step by chance: mostly work, so that deployments get somewhere, and often enough trouble.
    static func random(_ generator: inout SeededGenerator) -> HistoryStep {
        let voice = Voice.allCases[generator.below(Voice.allCases.count)]
        let small = generator.below(16)
        switch generator.below(100) {
        case 0..<13: return .promote(release: generator.below(HistorySetting.releaseCount), by: voice)
        case 13..<33: return .work(effects: 1 + generator.below(10))
        case 33..<50:
            return .evaluate(
                verdicts: UInt16(truncatingIfNeeded: generator.next() & generator.next() & generator.next()))
        case 50..<58: return .wake
        case 58..<68: return .perform(slot: small, Fault.allCases[generator.below(Fault.allCases.count)])
        case 68..<74: return .deliver(slot: small)
        case 74..<78: return Self.randomTrouble(&generator, slot: small)
        case 78..<81: return .pass(Milliseconds(Int64(generator.below(generator.chance(20) ? 4_000_000 : 60_000))))
        case 81..<84: return generator.chance(30) ? .land(slot: small) : .repeatAnswer(slot: small)
        case 84..<86: return .abort(by: voice)
        case 86..<90:
            let to = generator.chance(40) ? generator.below(HistorySetting.releaseCount) : nil
            return .rollback(to: to, by: voice)
        case 90..<92: return generator.chance(60) ? .pause(by: voice) : .resume(by: voice)
        case 92..<94: return .crash
        case 94..<95: return .observe
        case 95..<97:
            return .judge(
                HistoryStep.Saying.allCases[generator.below(HistoryStep.Saying.allCases.count)],
                ofEarlier: generator.chance(10))
        default: return Self.randomIntent(&generator, voice, slot: small)
        }
    }

    private static func randomTrouble(_ generator: inout SeededGenerator, slot: Int) -> HistoryStep {
        switch generator.below(8) {
        case 0, 1: .kill(slot: slot)
        case 2: .supervise
        case 3: .restartRouter
        case 4: .oldEffectLands(slot: slot)
        case 5: .reboot(comesBack: generator.chance(70))
        case 6: .pass(.hours(Int64(1 + generator.below(48))))
        default: .clockBack(Milliseconds(Int64(generator.below(generator.chance(30) ? 7_200_000 : 2_000))))
        }
    }

    private static func randomIntent(_ generator: inout SeededGenerator, _ by: Voice, slot: Int) -> HistoryStep {
        let release = generator.below(HistorySetting.releaseCount)
        switch generator.below(14) {
        case 0: return .cancel(slot: slot, by: by)
        case 1: return .skip(by: by)
        case 2: return .retry(release: release, by: by)
        case 3: return .hold(forTime: generator.chance(50) ? .seconds(Int64(generator.below(100))) : nil, by: by)
        case 4, 5: return .releaseHold(by: by)
        case 6: return .pin(release: release, by: by)
        case 7: return .unpin(by: by)
        case 8: return .block(release: release, by: by)
        case 9: return .unblock(release: release, by: by)
        case 10: return .clearAlarm(by: by)
        case 11, 12: return .handOver(by: by)
        default: return generator.chance(40) ? .down(by: by) : .resume(by: by)
        }
    }
}
