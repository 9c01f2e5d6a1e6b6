import Core

/// The release team's alert period is the bake: it begins with it, and is over before the deployment is.
extension HistoryWatch {
    func check(_ body: Lane.AlertPeriodBegan, on lane: Lane) throws(Violation) {
        guard let deployment = lane.deployment, deployment.number == body.number, deployment.bakes,
            deployment.stepUntil == body.until, deployment.alert == nil,
            lane.weight(of: deployment.capacity) == .all
        else { throw Violation(.alertPeriodIsTheBake, "that of \(body.number) began outside of its bake") }
    }

    func checkAlertEnd(on lane: Lane) throws(Violation) {
        guard lane.deployment?.alert != nil else {
            throw Violation(.alertPeriodIsTheBake, "one ended that had not begun")
        }
    }

    func checkAlertIsOver(_ body: Lane.Ended, on lane: Lane) throws(Violation) {
        guard lane.deployment?.alert == nil else {
            throw Violation(.alertPeriodIsTheBake, "\(body.number) ended, and its alert period did not")
        }
    }
}
