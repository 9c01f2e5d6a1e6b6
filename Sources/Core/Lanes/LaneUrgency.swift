extension Lane {
    /// Whether these events, decided on this state, take traffic back, or are what that needs to come to its end: the record keeps room for
    /// them on a full disk.
    package func isUrgent(_ events: [Event]) -> Bool {
        events.contains { event in
            switch event.urgency {
            case .always: true
            case .onTheWayBack: self.isOnTheWayBack
            case .never: false
            }
        }
    }

    /// Its traffic is going back, or is to.
    private var isOnTheWayBack: Bool {
        guard let deployment else { return self.nextRollback != nil }
        return deployment.phase != .running || deployment.kind == .rollback || self.nextRollback != nil
    }
}

extension Lane.Event {
    fileprivate enum Urgency {
        case always, onTheWayBack, never
    }

    fileprivate var urgency: Urgency {
        switch self {
        case .aborted, .failed, .rollbackOrdered, .rollbackStarted: .always
        case .capacityWanted, .capacityReady, .capacityLost, .stepStarted, .stepCompleted, .routingWanted,
            .routingConfirmed, .ended, .verified, .alarmRaised:
            .onTheWayBack
        case .requested, .waiting, .movedFirst, .removed, .admitted, .capacityWarm, .capacityRetiring, .capacityGone,
            .instancesDied, .routerDied, .judged, .alertPeriodBegan, .alertPeriodEnded, .capacityScaled, .paused,
            .resumed, .skipped, .handedOver, .withdrawn, .passedNoReturn, .noReturnOverridden, .combinationOverridden,
            .blocked, .unblocked, .held, .holdReleased,
            .pinned, .unpinned, .alarmCleared, .downOrdered, .routerRemoved, .downFinished:
            .never
        }
    }
}
