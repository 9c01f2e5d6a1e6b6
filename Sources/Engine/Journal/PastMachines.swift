import Core
import Ports

/// Machines as they stood at the numbers that a decision names: all that it read, and nothing else.
struct PastMachines: Machines {
    private let streams: [StreamID: (machine: any StreamMachine, number: Int)]

    /// The decision does not say in which state it read this stream.
    struct NotRead: Error {
        let stream: StreamID
    }

    func service(_ name: ServiceName) async throws -> Loaded<Service> { try self.loaded(.service(name)) }
    func release(_ id: ReleaseID) async throws -> Loaded<Release> { try self.loaded(.release(id)) }
    func lane(_ id: LaneID) async throws -> Loaded<Lane> { try self.loaded(.lane(id)) }
    func change(_ id: ChangeID) async throws -> Loaded<ChangeRequest> { try self.loaded(.change(id)) }
    /// Where the decision read none there was none.
    func change(ifThereIs id: ChangeID) async throws -> Loaded<ChangeRequest>? {
        self.streams[.change(id)] == nil ? nil : try self.loaded(.change(id))
    }
    /// Before there was a calendar nothing was frozen.
    func calendar() async throws -> Loaded<FreezeCalendar> {
        guard self.streams[.calendar] != nil else {
            return Loaded(stream: .calendar, machine: FreezeCalendar(), number: 0)
        }
        return try self.loaded(.calendar)
    }

    /// The decision has read them all.
    func dependents(of name: ServiceName) async throws -> [Loaded<Service>] {
        self.streams.compactMap { stream, kept in
            guard let service = kept.machine as? Service,
                service.current?.dependsOn?.contains(where: { $0.service == name }) == true
            else { return nil }
            return Loaded(stream: stream, machine: service, number: kept.number)
        }.sorted { $0.stream.description < $1.stream.description }
    }

    /// Before there was a directory, names in `from` were people.
    func directory() async throws -> Loaded<Directory> {
        guard self.streams[.directory] != nil else {
            return Loaded(stream: .directory, machine: Directory(), number: 0)
        }
        return try self.loaded(.directory)
    }

    private func loaded<M: StreamMachine>(_ stream: StreamID) throws -> Loaded<M> {
        guard let (machine, number) = self.streams[stream], let machine = machine as? M else {
            throw NotRead(stream: stream)
        }
        return Loaded(stream: stream, machine: machine, number: number)
    }
}

extension PastMachines {
    /// Folds streams to the numbers that decisions name. These rise from one decision to the next, so each stream is read about once.
    struct Reader {
        let ledger: any Ledger
        private var folded: [StreamID: (machine: any StreamMachine, number: Int)] = [:]

        /// Streams that are kept between two decisions.
        private static let most = 500

        init(ledger: any Ledger) { self.ledger = ledger }

        /// `readings`: each `stream@number`.
        mutating func machines(at readings: [String]) async throws -> PastMachines {
            if self.folded.count > Self.most { self.folded = [:] }
            var streams: [StreamID: (machine: any StreamMachine, number: Int)] = [:]
            for reading in readings {
                guard let mark = reading.lastIndex(of: "@"), let stream = StreamID(String(reading[..<mark])),
                    let number = Int(reading[reading.index(after: mark)...]), number >= 0
                else { throw LedgerError(.damaged, "`\(reading.prefix(200))` names no state of a stream") }
                guard let machine = try await self.machine(of: stream, at: number) else { continue }
                streams[stream] = (machine, number)
            }
            return PastMachines(streams: streams)
        }

        /// nil: no machine lives in such a stream.
        private mutating func machine(of stream: StreamID, at number: Int) async throws -> (any StreamMachine)? {
            switch stream {
            case .service: try await self.fold(Service.self, stream, number)
            case .release: try await self.fold(Release.self, stream, number)
            case .lane: try await self.fold(Lane.self, stream, number)
            case .change: try await self.fold(ChangeRequest.self, stream, number)
            case .calendar: try await self.fold(FreezeCalendar.self, stream, number)
            case .access: try await self.fold(Access.self, stream, number)
            case .directory: try await self.fold(Directory.self, stream, number)
            case .train, .flag, .ledger: nil
            }
        }

        private mutating func fold<M: StreamMachine>(_ type: M.Type, _ stream: StreamID, _ number: Int) async throws
            -> M
        {
            var (machine, place) = (M(), 0)
            if let kept = self.folded[stream], kept.number <= number, let known = kept.machine as? M {
                (machine, place) = (known, kept.number)
            }
            machine.stands(in: stream)
            while place < number {
                let events = try await self.ledger.events(of: stream, after: place, limit: min(1_000, number - place))
                guard let last = events.last else {
                    throw LedgerError(.damaged, "\(stream) ends at number \(place); number \(number) was read")
                }
                for envelope in events { try machine.apply(try EventJSON.event(M.Event.self, of: envelope)) }
                place = last.number
            }
            self.folded[stream] = (machine, number)
            return machine
        }
    }
}
