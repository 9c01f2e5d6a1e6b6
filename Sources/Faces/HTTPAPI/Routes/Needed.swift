import Core

/// The right that a route asks for, and where: the document says it, and the test of all routes holds the use cases to it.
struct Needed: Sendable, Equatable {
    enum Place: String, Sendable, CaseIterable {
        /// The whole organisation.
        case organisation
        /// The service that path, query or body name; without one, the whole organisation.
        case service
        /// The lane that path or body name.
        case lane
        /// What the entry, grant or stream is about.
        case subject
        /// Any place: a list shows what the caller may see.
        case any
    }

    let right: Right
    let place: Place

    static func `in`(_ place: Place, _ right: Right) -> Needed { Needed(right: right, place: place) }
}
