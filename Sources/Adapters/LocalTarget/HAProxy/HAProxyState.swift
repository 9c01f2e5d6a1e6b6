package import Core
package import Ports

/// All that one lane's HAProxy should do: what its configuration file and its run-time commands are made from.
package struct HAProxyState: Sendable, Equatable, Codable {
    /// Backends of one HAProxy: old, new, and warm older ones. One digit in `HAProxySplit`.
    package static let slotCount = 6
    /// Servers of one backend: the most replicas behind this router.
    package static let serverCount = 32

    package var lane: LaneID
    package var listen: ListenAddress
    package var previewHeader: String
    /// The private listener that reaches only the preview.
    package var previewListener: ListenAddress
    /// nil: a cookie of the router's own.
    package var userKey: UserKey?
    package var generation: Int
    /// Exactly `slotCount`; slot numbers begin at 1.
    package var slots: [HAProxySlot?]
    package var split: HAProxySplit
    /// The slot that the preview header and the private listener reach; 0: nobody.
    package var preview: Int

    package init(
        lane: LaneID, listen: ListenAddress, previewHeader: String, previewListener: ListenAddress,
        userKey: UserKey? = nil, generation: Int, slots: [HAProxySlot?], split: HAProxySplit, preview: Int
    ) {
        self.lane = lane
        self.listen = listen
        self.previewHeader = previewHeader
        self.previewListener = previewListener
        self.userKey = userKey
        self.generation = generation
        self.slots = slots
        self.split = split
        self.preview = preview
    }

    /// Gives every arm a slot. An arm keeps the slot it has; a new one gets an empty slot, else the retired one with
    /// the fewest requests under way. Throws `TargetError` for a routing that HAProxy can't or must not carry out.
    ///
    /// - Parameters:
    ///   - occupied: who has which slot now, by the word of the running process where there is one.
    ///   - underWay: requests at each slot, for the choice among retired ones.
    package init(
        _ routing: Routing, previewListener: ListenAddress, occupied: [HAProxySlot?], underWay: [Int]
    ) throws(TargetError) {
        try routing.check()
        var slots = occupied + Array(repeating: nil, count: max(0, Self.slotCount - occupied.count))
        for index in slots.indices { slots[index]?.isRetired = true }
        for arm in routing.arms {
            let index =
                slots.firstIndex { $0?.capacity == arm.capacity.number }
                ?? Self.freeSlot(slots, wanted: routing.arms.map(\.capacity.number), underWay: underWay)
            guard let index else {
                throw .invalid("\(routing.arms.count) versions at once are too many", "at most \(Self.slotCount)")
            }
            slots[index] = HAProxySlot(
                capacity: arm.capacity.number, version: arm.version, addresses: arm.addresses, isRetired: false)
        }
        func slot(of key: CapacityKey) -> Int { (slots.firstIndex { $0?.capacity == key.number } ?? -1) + 1 }
        self.init(
            lane: routing.lane, listen: routing.listen, previewHeader: routing.previewHeader,
            previewListener: previewListener, userKey: routing.userKey, generation: routing.generation, slots: slots,
            split: Self.split(routing, slot: slot(of:)), preview: routing.preview.map(slot(of:)) ?? 0)
    }

    /// The UDP port on loopback that its log goes to. UDP ports are apart from those of listeners, so one number, which
    /// is this lane's alone, does for both.
    var logPort: Int { self.previewListener.port }

    private static func freeSlot(_ slots: [HAProxySlot?], wanted: [Int], underWay: [Int]) -> Int? {
        if let empty = slots.firstIndex(where: { $0 == nil }) { return empty }
        func load(_ index: Int) -> Int { underWay.indices.contains(index) ? underWay[index] : 0 }
        return slots.indices.filter { !wanted.contains(slots[$0]?.capacity ?? 0) }.min {
            (load($0), slots[$0]?.capacity ?? 0) < (load($1), slots[$1]?.capacity ?? 0)
        }
    }

    private static func split(_ routing: Routing, slot: (CapacityKey) -> Int) -> HAProxySplit {
        let serving = routing.arms.filter { $0.weight > .zero }.sorted { $0.capacity.number < $1.capacity.number }
        guard let older = serving.first, let newer = serving.last else { return .nothing }
        guard serving.count == 2 else {
            return HAProxySplit(salt: 0, main: slot(older.capacity), side: 0, share: 0)
        }
        return HAProxySplit(
            salt: newer.capacity.number % HAProxySplit.saltLimit, main: slot(older.capacity),
            side: slot(newer.capacity),
            share: newer.weight.count)
    }
}

extension TargetError {
    static func invalid(_ what: String, _ allowed: String) -> TargetError {
        TargetError(.invalid, "\(what); allowed is \(allowed).", retryable: false)
    }
}

extension Routing {
    /// Throws what no HAProxy could do, before anything is changed.
    func check() throws(TargetError) {
        guard !self.arms.isEmpty else {
            throw TargetError(
                .emptyRouting, "The routing of \(self.lane) has no version in it; to take a lane away use `down`.",
                retryable: false)
        }
        let keys = self.arms.map(\.capacity)
        guard Set(keys).count == keys.count, keys.allSatisfy({ $0.lane == self.lane && $0.number > 0 }) else {
            throw .invalid("The routing of \(self.lane) names \(keys)", "each capacity of this lane once")
        }
        if let preview = self.preview, !keys.contains(preview) {
            throw TargetError(
                .unknownCapacity, "The preview \(preview) is not among the versions of \(self.lane).", retryable: false)
        }
        try self.checkWeights()
        for arm in self.arms { try arm.check() }
        guard isHeaderName(self.previewHeader) else {
            throw .invalid(
                "`\(self.previewHeader.prefix(80))` as preview header", "1 to 64 letters, digits and hyphens")
        }
        try self.checkUserKey()
    }

    private func checkUserKey() throws(TargetError) {
        switch self.userKey {
        case .cookie(let name):
            guard isCookieName(name) else {
                throw .invalid(
                    "`\(name.prefix(80))` as cookie of the user's key", "1 to 64 letters, digits, and . _ -")
            }
        case .header(let name):
            guard isHeaderName(name) else {
                throw .invalid(
                    "`\(name.prefix(80))` as header of the user's key", "1 to 64 letters, digits and hyphens")
            }
        case nil: break
        }
    }

    private func checkWeights() throws(TargetError) {
        let sum = self.arms.reduce(0) { $0 + $1.weight.count }
        guard sum == 10_000 || sum == 0 else {
            throw .invalid("The weights of \(self.lane) sum to \(sum)", "10000, or 0 before the first switch")
        }
        guard self.arms.count(where: { $0.weight > .zero }) <= 2 else {
            throw .invalid("Traffic of \(self.lane) for more than two versions", "at most two at a time")
        }
    }
}

extension Routing.Arm {
    fileprivate func check() throws(TargetError) {
        guard isVersion(self.version) else {
            throw .invalid("`\(self.version.prefix(80))` as version", "1 to 128 letters, digits and . + - _ ~")
        }
        guard self.addresses.count <= HAProxyState.serverCount else {
            throw .invalid(
                "\(self.addresses.count) instances of \(self.capacity)", "at most \(HAProxyState.serverCount)")
        }
        guard self.addresses.allSatisfy({ $0.numeric != nil }) else {
            throw .invalid("The addresses \(self.addresses) of \(self.capacity)", "IP addresses or localhost")
        }
        // Kept as it was rather than turned to nobody: the instances may be ready a moment later.
        guard self.weight == .zero || !self.addresses.isEmpty else {
            throw TargetError(
                .invalid, "\(self.capacity) should get traffic but has no ready instance; the traffic stays as it was.",
                retryable: true)
        }
    }
}

extension ListenAddress {
    /// The IP address as HAProxy prints it in `show servers state`, without brackets; nil if it is a name.
    var numeric: (address: String, port: Int)? {
        if self.host == "localhost" { return ("127.0.0.1", self.port) }
        if self.host.hasPrefix("["), self.host.hasSuffix("]") {
            return (String(self.host.dropFirst().dropLast()), self.port)
        }
        let parts = self.host.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        return parts.count == 4 && parts.map(String.init).joined(separator: ".") == self.host
            ? (self.host, self.port) : nil
    }
}

/// What goes into a configuration line or a command unquoted; so nothing that HAProxy could read as more than text.
private func isVersion(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count)
        && text.utf8.allSatisfy { isLetterOrDigit($0) || ".+-_~".utf8.contains($0) }
}

private func isCookieName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
}

private func isHeaderName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}
