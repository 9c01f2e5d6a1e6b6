package import Core

/// Something that people outside should hear of. `key` is the same whenever the same notice is sent again: receivers drop repeats by it.
package struct Notice: Sendable, Equatable, Codable {
    package var key: String
    package var occasion: Notify.Occasion
    package var lane: LaneID
    package var version: String
    /// One sentence: what happened, why, and what to do next.
    package var text: String
    package var at: Instant

    package init(key: String, occasion: Notify.Occasion, lane: LaneID, version: String, text: String, at: Instant) {
        self.key = key
        self.occasion = occasion
        self.lane = lane
        self.version = version
        self.text = text
        self.at = at
    }
}

/// Brings notices to people. Throws when it could not be delivered; the engine tries again.
package protocol Messenger: Sendable {
    /// - Parameter attempt: 1, 2, … within one sending: a try that failed is made anew, not remembered.
    func send(_ notice: Notice, by channel: Notify.Channel, attempt: Int) async throws
}
