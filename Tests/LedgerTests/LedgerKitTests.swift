import Kits
import Testing

@Suite struct `Every ledger` {
    @Test(arguments: Store.allCases) func `keeps order`(store: Store) async throws {
        try await store.withKit { try await $0.keepsOrder() }
    }

    @Test(arguments: Store.allCases) func `pages through a stream`(store: Store) async throws {
        try await store.withKit { try await $0.pagesThroughAStream() }
    }

    @Test(arguments: Store.allCases) func `refuses a stream that moved on`(store: Store) async throws {
        try await store.withKit { try await $0.refusesAStreamThatMovedOn() }
    }

    @Test(arguments: Store.allCases) func `holds read-only expectations`(store: Store) async throws {
        try await store.withKit { try await $0.holdsReadOnlyExpectations() }
    }

    @Test(arguments: Store.allCases) func `appends to all streams or none`(store: Store) async throws {
        try await store.withKit { try await $0.appendsToAllStreamsOrNone() }
    }

    @Test(arguments: Store.allCases) func `refuses what can't be stored`(store: Store) async throws {
        try await store.withKit { try await $0.refusesWhatCanNotBeStored() }
    }

    @Test(arguments: Store.allCases) func `keeps time from going back`(store: Store) async throws {
        try await store.withKit { try await $0.keepsTimeFromGoingBack() }
    }

    @Test(arguments: Store.allCases) func `lets many write at once`(store: Store) async throws {
        try await store.withKit { try await $0.letsManyWriteAtOnce() }
    }

    @Test(arguments: Store.allCases) func `gives a stream to one of many writers`(store: Store) async throws {
        try await store.withKit { try await $0.givesAStreamToOneOfManyWriters() }
    }

    @Test(arguments: Store.allCases) func `answers readers meanwhile`(store: Store) async throws {
        try await store.withKit { try await $0.answersReadersMeanwhile() }
    }

    @Test(arguments: Store.allCases) func `holds a hundred thousand events`(store: Store) async throws {
        try await store.withKit { try await $0.holdsAHundredThousandEvents() }
    }

    @Test(arguments: Store.allCases) func `gives each owner a term`(store: Store) async throws {
        try await store.withKit { try await $0.givesEachOwnerATerm() }
    }

    @Test(arguments: Store.allCases) func `refuses a second owner`(store: Store) async throws {
        try await store.withKit { try await $0.refusesASecondOwner() }
    }

    @Test(arguments: Store.allCases) func `refuses a stale term`(store: Store) async throws {
        try await store.withKit { try await $0.refusesAStaleTerm() }
    }

    @Test(arguments: Store.allCases) func `keeps what was acknowledged before a kill`(store: Store) async throws {
        try await store.withKit { try await $0.keepsWhatWasAcknowledgedBeforeAKill() }
    }

    @Test(arguments: Store.allCases) func `refuses every call once closed`(store: Store) async throws {
        try await store.withKit { try await $0.refusesEveryCallOnceClosed() }
    }

    @Test(arguments: Store.allCases) func `writes rows with the events`(store: Store) async throws {
        try await store.withKit { try await $0.writesRowsWithTheEvents() }
    }

    @Test(arguments: Store.allCases) func `replaces all rows`(store: Store) async throws {
        try await store.withKit { try await $0.replacesAllRows() }
    }

    @Test(arguments: Store.allCases) func `keeps the newest snapshot`(store: Store) async throws {
        try await store.withKit { try await $0.keepsTheNewestSnapshot() }
    }

    @Test(arguments: Store.allCases) func `keeps observations`(store: Store) async throws {
        try await store.withKit { try await $0.keepsObservations() }
    }

    @Test(arguments: Store.allCases) func `seals every thousand positions and at the end`(store: Store) async throws {
        try await store.withKit { try await $0.sealsEveryThousandAndAtTheEnd() }
    }
}
