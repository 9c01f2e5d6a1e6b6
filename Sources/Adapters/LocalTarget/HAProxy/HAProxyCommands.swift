import Core

/// The commands that turn a running HAProxy from what it does into what it should do, in steps that are safe to be cut
/// between.
package enum HAProxyCommands {
    package static let noVersion = "none"

    /// Asks for what `HAProxyCounters.fallbacks` reads.
    package static let fallbacks = "show table fallbacks"

    /// Asks for everything that `HAProxyPicture` reads.
    package static let picture: String = {
        let slots = (1...HAProxyState.slotCount).flatMap { ["proc.capacity\($0)", "proc.version\($0)"] }
        let names = ["proc.shape", "proc.generation", "proc.route", "proc.preview"] + slots
        return (names.map { "get var \($0)" } + ["show servers state"]).joined(separator: ";")
    }()

    /// First step: all that changes no traffic. Slots get their capacities, new servers are made ready.
    package static func raise(from now: HAProxyPicture, to state: HAProxyState) -> [String] {
        var commands: [String] = []
        for (index, slot) in state.slots.enumerated() {
            guard let slot, !slot.isRetired else { continue }
            let old = now.slots[index]
            let changesHands = old.capacity != slot.capacity
            if now.split.weight(of: index + 1) == 0, now.preview != index + 1 {
                // What the slot had before must not get a request that is meant for what it has next.
                commands += self.unwanted(old, slot).map { "set server arm\(index + 1)/\($0.name) state maint" }
            }
            commands += self.newServers(index + 1, old, slot)
            if changesHands || old.isRetired {
                commands.append("set var proc.capacity\(index + 1) int(\(slot.capacity))")
            }
            if old.version != slot.version {
                commands.append("set var proc.version\(index + 1) str(\(slot.version))")
            }
        }
        return commands
    }

    /// Second step: the switch itself. One number for all weights, so there is nothing between before and after.
    package static func turn(from now: HAProxyPicture, to state: HAProxyState) -> [String] {
        var commands: [String] = []
        if now.preview != state.preview { commands.append("set var proc.preview int(\(state.preview))") }
        if now.split != state.split { commands.append("set var proc.route int(\(state.split.number))") }
        if now.generation != state.generation { commands.append("set var proc.generation int(\(state.generation))") }
        return commands
    }

    /// Last step: what is no longer wanted gets nothing new. Servers of a retired slot stay ready: nothing new is sent
    /// there, and what is under way may still be tried again on them.
    package static func lower(from now: HAProxyPicture, to state: HAProxyState) -> [String] {
        var commands: [String] = []
        for (index, slot) in state.slots.enumerated() {
            let old = now.slots[index]
            guard let slot, !slot.isRetired else {
                if old.capacity > 0, !old.isRetired {
                    commands.append("set var proc.capacity\(index + 1) int(-\(old.capacity))")
                }
                continue
            }
            commands += self.unwanted(old, slot).map { "set server arm\(index + 1)/\($0.name) state maint" }
        }
        return commands
    }

    /// Whether the process has all that the state wants ready; `turned`: and sends traffic so.
    package static func difference(
        of now: HAProxyPicture, from state: HAProxyState, turned: Bool
    ) -> String? {
        for (index, slot) in state.slots.enumerated() {
            guard let slot, !slot.isRetired else { continue }
            let old = now.slots[index]
            guard old.capacity == slot.capacity, !old.isRetired, old.version == slot.version else {
                return "arm\(index + 1) has \(old.capacity) \(old.version), not \(slot.capacity) \(slot.version)"
            }
            let missing = self.missing(old, slot)
            guard missing.isEmpty else { return "arm\(index + 1) lacks \(missing)" }
        }
        guard turned else { return nil }
        guard now.split == state.split else { return "the weights are \(now.split), not \(state.split)" }
        guard now.preview == state.preview else { return "the preview is \(now.preview), not \(state.preview)" }
        guard now.generation == state.generation else {
            return "the generation is \(now.generation), not \(state.generation)"
        }
        return nil
    }

    /// The commands as lines for the socket: joined, each line far below HAProxy's buffer of 16 KB.
    package static func lines(_ commands: [String]) -> [String] {
        var lines: [String] = []
        var line = ""
        for command in commands {
            if !line.isEmpty, line.utf8.count + command.utf8.count > 4_000 {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? "experimental-mode on;\(command)" : ";\(command)"
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// The value of `proc.capacityN`: the number, negative when retired, 0 when never used.
    static func capacityValue(_ slot: HAProxySlot?) -> Int {
        guard let slot else { return 0 }
        return slot.isRetired ? -slot.capacity : slot.capacity
    }

    private static func newServers(_ number: Int, _ old: HAProxyPicture.Slot, _ slot: HAProxySlot) -> [String] {
        let (missing, unwanted) = self.compare(old, slot)
        // Unused servers first; one that is ready but unwanted only when there is no other.
        let free = old.servers.filter { !$0.isReady } + unwanted
        return zip(missing, free).flatMap { address, server in
            guard let (host, port) = address.numeric else { return [String]() }
            return [
                "set server arm\(number)/\(server.name) addr \(host) port \(port)",
                "set server arm\(number)/\(server.name) state ready",
                // What stood in this place before may have been out.
                "set server arm\(number)/\(server.name) health up",
            ]
        }
    }

    /// Ready servers that the slot does not list, or lists less often.
    private static func unwanted(_ old: HAProxyPicture.Slot, _ slot: HAProxySlot) -> [HAProxyPicture.Server] {
        self.compare(old, slot).unwanted
    }

    private static func missing(_ old: HAProxyPicture.Slot, _ slot: HAProxySlot) -> [ListenAddress] {
        self.compare(old, slot).missing
    }

    /// Each ready server stands for one that is wanted, or for none.
    private static func compare(
        _ old: HAProxyPicture.Slot, _ slot: HAProxySlot
    ) -> (missing: [ListenAddress], unwanted: [HAProxyPicture.Server]) {
        var ready = old.servers.filter(\.isReady)
        var missing: [ListenAddress] = []
        for address in slot.servers {
            let found = ready.firstIndex { $0.stands(at: address) }
            if let found { ready.remove(at: found) } else { missing.append(address) }
        }
        return (missing, ready)
    }
}

extension HAProxyPicture.Server {
    fileprivate func stands(at address: ListenAddress) -> Bool {
        address.numeric.map { $0 == (self.address, self.port) } ?? false
    }
}
