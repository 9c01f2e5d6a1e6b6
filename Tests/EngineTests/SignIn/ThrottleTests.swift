import Core
import Engine
import Testing

@Suite struct ThrottleTests {
    private static let start = Instant(milliseconds: 1_800_000_000_000)

    @Test func `after five wrong tries each one doubles the wait, up to five minutes`() {
        var throttle = SignInThrottle()
        var now = Self.start
        for _ in 0..<5 { #expect(throttle.begin("ana", from: "10.0.0.1", at: now) == nil) }
        var waits: [Int64] = []
        for _ in 0..<12 {
            guard let wait = throttle.begin("ana", from: "10.0.0.1", at: now) else {
                Issue.record("a try too early")
                return
            }
            waits.append(wait.count / 1_000)
            now = now + wait
            #expect(throttle.begin("ana", from: "10.0.0.1", at: now) == nil)
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
    }

    @Test func `tries while one waits are refused and do not make it longer`() {
        var throttle = SignInThrottle()
        for _ in 0..<5 { _ = throttle.begin("ana", from: "10.0.0.1", at: Self.start) }
        for _ in 0..<1_000 { #expect(throttle.begin("ana", from: "10.0.0.1", at: Self.start) == .seconds(1)) }
        #expect(throttle.begin("ana", from: "10.0.0.1", at: Self.start + .seconds(1)) == nil)
    }

    @Test func `whoever signed in from an address before is not locked out by others who try the name`() {
        var throttle = SignInThrottle()
        #expect(throttle.begin("ana", from: "10.0.0.1", at: Self.start) == nil)
        throttle.succeeded("ana", from: "10.0.0.1", at: Self.start)
        for number in 0..<10_000 {
            // One a second, so that each wait is used to the full.
            let address = "10.1.\(number / 250).\(number % 250)"
            _ = throttle.begin("ana", from: address, at: Self.start + .seconds(Int64(number)))
        }
        let now = Self.start + .seconds(10_000)
        #expect(throttle.begin("ana", from: "10.0.0.1", at: now) == nil)
        // From a new address: five minutes at most.
        let wait = throttle.begin("ana", from: "10.0.0.2", at: now)
        #expect(wait.map { .zero < $0 && $0 <= .minutes(5) } == true)
        #expect(throttle.begin("ana", from: "10.0.0.2", at: now + (wait ?? .zero)) == nil)
    }

    @Test func `ten thousand tries over ten thousand names and addresses keep the tables bounded, and nobody out`() {
        var throttle = SignInThrottle()
        for round in 0..<3 {
            for number in 0..<10_000 {
                let address = "10.\(number / 65_025).\(number / 255 % 255).\(number % 255)"
                _ = throttle.begin("name-\(number)", from: address, at: Self.start + .seconds(Int64(round)))
            }
        }
        #expect(throttle.count <= 2 * SignInThrottle.most)
        #expect(throttle.begin("ana", from: "192.0.2.7", at: Self.start + .seconds(4)) == nil)
    }

    @Test func `one address that tries many names waits, and others do not`() {
        var throttle = SignInThrottle()
        for number in 0..<20 { #expect(throttle.begin("n\(number)", from: "10.0.0.1", at: Self.start) == nil) }
        #expect(throttle.begin("n20", from: "10.0.0.1", at: Self.start) == .seconds(1))
        #expect(throttle.begin("n20", from: "10.0.0.2", at: Self.start) == nil)
    }

    @Test func `an IPv6 network counts as one address`() {
        var throttle = SignInThrottle()
        for number in 0..<20 { _ = throttle.begin("n\(number)", from: "2001:db8:1:2::\(number)", at: Self.start) }
        #expect(throttle.begin("n", from: "2001:db8:1:2:aaaa:bbbb:cccc:dddd", at: Self.start) != nil)
        #expect(throttle.begin("n", from: "2001:db8:1:3::1", at: Self.start) == nil)
    }

    @Test func `all is forgotten after a quiet hour, and a right one takes its own try back`() {
        var throttle = SignInThrottle()
        for _ in 0..<5 { _ = throttle.begin("ana", from: "10.0.0.1", at: Self.start) }
        #expect(throttle.begin("ana", from: "10.0.0.1", at: Self.start + .hours(1)) == nil)
        var other = SignInThrottle()
        for _ in 0..<50 {
            #expect(other.begin("bob", from: "10.0.0.3", at: Self.start) == nil)
            other.succeeded("bob", from: "10.0.0.3", at: Self.start)
        }
    }
}
