// A change over time: what voids it, how long it waits, and the emergency that people approve afterwards.
extension ChangeRequest {
    /// What was approved has changed: those of `needs` are asked, and what was said before counts no more.
    package struct Voided: Sendable, Equatable, Codable {
        package let definition: Int
        package let needs: [Need]
        /// What differs, in words.
        package let reason: String
        package let at: Instant
    }

    /// An emergency change (ITIL 4): now, for a reason, approved afterwards. It passes approval, freezes and soak; it still has to be verified
    /// in the environments before, so that at least one small exposure and one verdict remain.
    package struct Emergency: Sendable, Equatable, Codable {
        package let by: Actor
        package let reason: String
        package let at: Instant

        /// People have until then to say whether it was right; then it escalates.
        package var approveBy: Instant { self.at + ChangeRequest.approvedWithin }
    }

    /// How long a change waits for the word of people.
    package static let decidedWithin = Milliseconds.hours(7 * 24)
    /// How long after its begin an emergency has to be approved.
    package static let approvedWithin = Milliseconds.hours(24)

    /// When it expires, or escalates; nil: it is decided.
    package var deadline: Instant? {
        guard let request, self.state == .requested else { return nil }
        guard let emergency else { return (self.askedAt ?? request.at) + Self.decidedWithin }
        return self.escalatedAt == nil ? emergency.approveBy : nil
    }

    /// People are reminded once, when half of the time is over.
    private var reminder: Instant? {
        guard let request, self.deadline != nil, self.remindedAt == nil else { return nil }
        guard let emergency else {
            return (self.askedAt ?? request.at) + Milliseconds(Self.decidedWithin.count / 2)
        }
        return emergency.at + Milliseconds(Self.approvedWithin.count / 2)
    }

    /// When `tick` has something to say; nil: never.
    package var nextTick: Instant? { [self.reminder, self.deadline].compactMap(\.self).min() }

    func passTime(_ now: Instant) -> [Event] {
        if let deadline, deadline <= now {
            return [self.emergency == nil ? .expired(At(at: now)) : .escalated(At(at: now))]
        }
        if let reminder, reminder <= now { return [.reminded(At(at: now))] }
        return []
    }

    func declareEmergency(_ emergency: Emergency) throws(Refusal) -> [Event] {
        switch self.state {
        case .requested: break
        case .approved: throw Refusal(.nothingToDo, "This change is approved already; no emergency is needed.")
        case .unknown, .rejected, .closed, .expired:
            throw Refusal(
                .wrongState, "This change is \(self.state.rawValue); only a requested one can become an emergency.")
        }
        guard emergency.by.personID != nil else {
            throw Refusal(.notAllowed, "\(emergency.by) is no person; an emergency is declared by people.")
        }
        if let before = self.emergency {
            throw Refusal(.nothingToDo, "\(before.by) declared the emergency already: \(before.reason.asSentence)")
        }
        // Where nobody's word is asked for, none is missing afterwards.
        let isNobodyAsked = self.request?.needs.isEmpty == true
        return [.emergencyDeclared(emergency)] + (isNobodyAsked ? [.approved(At(at: emergency.at))] : [])
    }
}
