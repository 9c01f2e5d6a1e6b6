import Core
import Crypto

/// The configuration file of one lane's HAProxy, as a pure function of what it should do.
///
/// Everything that changes in a lane's life is a process variable or a server's address, and so can be changed over the
/// runtime socket (management guide 2.6, section 9.3: `set var`, `set server`). The file holds the same values for a
/// restart.
package enum HAProxyConfiguration {
    /// The environment variable that holds the path of the runtime socket. A start that fails would otherwise take the
    /// path away from a process that runs (seen), so every start has a path of its own.
    package static let socketVariable = "SLIPWAY_ROUTER_SOCKET"

    /// The whole file.
    package static func text(_ state: HAProxyState) -> String {
        [
            self.global(state), self.defaults(state), self.traffic(state), self.preview(state),
            state.slots.indices.map { self.backend($0 + 1, state.slots[$0]) }.joined(separator: "\n"), self.lines(),
            self.fallbacks(),
        ].joined(separator: "\n")
    }

    /// Tells processes apart that can't be turned into one another over the socket: listeners, header name, this text's
    /// version.
    package static func shape(_ state: HAProxyState) -> String {
        var bare = state
        bare.slots = Array(repeating: nil, count: HAProxyState.slotCount)
        let parts = [
            self.defaults(bare), self.traffic(bare), self.preview(bare),
            bare.slots.indices.map { self.backend($0 + 1, nil) }.joined(), self.lines(), self.fallbacks(),
        ]
        let digest = SHA256.hash(data: Array(parts.joined().utf8))
        return digest.prefix(8).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    private static func global(_ state: HAProxyState) -> String {
        var lines = [
            "# \(state.lane): written by Slipway after each confirmed change; edits are overwritten.",
            "global",
            "    nbthread 1",
            "    # An address that somebody else has is an error, never shared with them.",
            "    noreuseport",
            "    fd-hard-limit 20000",
            "    # Only for one that another takes over from.",
            "    hard-stop-after 10m",
            "    stats socket \"${\(self.socketVariable)}\" mode 600 level admin expose-fd listeners",
            "    stats timeout 10s",
            "    set-var proc.shape str(\(self.shape(state)))",
            "    set-var proc.generation int(\(state.generation))",
            "    set-var proc.route int(\(state.split.number))",
            "    set-var proc.preview int(\(state.preview))",
        ]
        for (index, slot) in state.slots.enumerated() {
            lines.append("    set-var proc.capacity\(index + 1) int(\(HAProxyCommands.capacityValue(slot)))")
            lines.append("    set-var proc.version\(index + 1) str(\(slot?.version ?? HAProxyCommands.noVersion))")
        }
        return self.section(lines)
    }

    private static func defaults(_ state: HAProxyState) -> String {
        self.section([
            "defaults",
            "    mode http",
            "    balance roundrobin",
            "    option forwardfor",
            "    # An instance that is gone costs no request: the next one is tried at once.",
            "    option redispatch 1",
            "    retries 5",
            "    retry-on conn-failure empty-response",
            "    timeout connect 5s",
            "    timeout client 5m",
            "    timeout server 5m",
            "    timeout tunnel 1h",
            "    timeout queue 10s",
            "    timeout http-request 10s",
            "    timeout http-keep-alive 60s",
            "    timeout check 5s",
            "    # Refused connections have an instance looked at at once; out is only one that then refuses twice more.",
            "    # While all is well nobody is looked at, and who is looked at sees a connection that is closed, not reset.",
            "    option tcp-check",
            "    tcp-check connect linger",
            "    default-server weight 256 check inter 10m fastinter 10ms downinter 200ms fall 2 rise 1 "
                + "observe layer4 error-limit 2 on-error fastinter",
            "    log 127.0.0.1:\(state.logPort) len \(HAProxyLogLine.sizeLimit) format raw local0",
            "    log-format \"\(HAProxyLogLine.format)\"",
            "    option dontlognull",
            "    http-error status 503 content-type \"text/plain; charset=utf-8\" string "
                + "\"\(state.lane.service): no version is ready in \(state.lane.environment).\\n\"",
        ])
    }

    /// The main listener. A user's key is a cookie, set only while traffic is split; its bucket of 10,000 decides.
    private static func traffic(_ state: HAProxyState) -> String {
        self.section(
            [
                "frontend traffic",
                "    bind \(state.listen)",
                "    http-request set-var(txn.route) var(proc.route)",
                "    http-request set-var(txn.share) var(txn.route),mod(100000)",
                "    http-request set-var(txn.arm) var(txn.route),div(1000000),mod(10)",
                "    acl split var(txn.share) -m int gt 0",
                "    acl in_share var(txn.bucket),sub(txn.share) -m int lt 0",
                "    acl fresh var(txn.fresh) -m found",
            ] + self.user(state) + [
                "    http-request set-var(txn.fresh) uuid if split !{ var(txn.user) -m len 1:128 }",
                "    http-request set-var(txn.user) var(txn.fresh) if fresh",
                "    http-request set-var(txn.salt) var(txn.route),div(10000000) if split",
                "    http-request set-var(txn.bucket) var(txn.user),concat(:,txn.salt),sdbm(1),mod(10000) if split",
                "    http-request set-var(txn.arm) var(txn.route),div(100000),mod(10) if split in_share",
                "    acl forced req.hdr(\(state.previewHeader)) -m found",
                "    http-request set-var(txn.arm) var(proc.preview) if forced { var(proc.preview) -m int gt 0 }",
            ] + self.fallback() + [
                "    http-request set-var(txn.newcomer) int(1) if fresh !forced !fallback",
                "    http-after-response add-header Set-Cookie "
                    + "\"\(self.userCookie)=%[var(txn.fresh)]; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly\" if fresh",
                "    http-request return status 503 default-errorfiles unless { var(txn.arm) -m int gt 0 }",
                "    use_backend arm%[var(txn.arm)]",
            ])
    }

    /// While traffic is split, an arm of which no instance takes connections has its users answered by the other one. They
    /// keep their key, so they return to it; what was forced to an arm stays there.
    private static func fallback() -> [String] {
        let slots = 1...HAProxyState.slotCount
        return [
            "    http-request set-var(txn.other) var(txn.route),div(100000),mod(10) if split",
            "    http-request set-var(txn.other) var(txn.route),div(1000000),mod(10) if split in_share",
        ]
            + slots.map {
                "    http-request set-var(txn.here) nbsrv(arm\($0)) if split !forced { var(txn.arm) -m int \($0) }"
            } + ["    acl nobody var(txn.here) -m int 0"]
            + slots.map {
                "    http-request set-var(txn.there) nbsrv(arm\($0)) if nobody { var(txn.other) -m int \($0) }"
            }
            + [
                "    acl fallback var(txn.there) -m int gt 0",
                "    http-request track-sc1 var(txn.arm) table fallbacks if fallback",
                "    http-request set-var(txn.arm) var(txn.other) if fallback",
            ]
    }

    /// The user's key: what the environment says, else the router's own cookie. One that is empty or too long is none.
    private static func user(_ state: HAProxyState) -> [String] {
        let own = "    http-request set-var(txn.user) req.cook(\(self.userCookie)) if split"
        switch state.userKey {
        case nil: return [own]
        case .cookie(let name):
            return [
                "    http-request set-var(txn.user) req.cook(\(name)) if split",
                own + " !{ var(txn.user) -m len 1:128 }",
            ]
        case .header(let name):
            return [
                "    http-request set-var(txn.user) req.fhdr(\(name)) if split",
                own + " !{ var(txn.user) -m len 1:128 }",
            ]
        }
    }

    private static func preview(_ state: HAProxyState) -> String {
        self.section([
            "frontend preview",
            "    bind \(state.previewListener)",
            "    http-request set-var(txn.arm) var(proc.preview)",
            "    http-request return status 503 default-errorfiles unless { var(txn.arm) -m int gt 0 }",
            "    use_backend arm%[var(txn.arm)]",
        ])
    }

    private static func backend(_ number: Int, _ slot: HAProxySlot?) -> String {
        let servers = slot.map { $0.isRetired ? [] : $0.servers } ?? []
        var lines = [
            "backend arm\(number)",
            "    http-request set-var(txn.version) var(proc.version\(number))",
            "    http-request set-var(txn.slot) int(\(number))",
            "    http-request track-sc0 int(\(number)) table lines",
            "    # Only what may be sent twice (RFC 9110, section 9.2.2) is sent again after it reached an instance.",
            "    http-request disable-l7-retry unless { method GET HEAD OPTIONS TRACE PUT DELETE }",
            "    http-after-response set-header Slipway-Version %[var(txn.version)]",
        ]
        for (index, address) in servers.enumerated() {
            lines.append("    server s\(index + 1) \(address)")
        }
        if servers.count < HAProxyState.serverCount {
            let range = "\(servers.count + 1)-\(HAProxyState.serverCount)"
            lines.append("    server-template s \(range) 127.0.0.1:1 disabled")
        }
        return self.section(lines)
    }

    /// Numbers the log lines of each arm.
    private static func lines() -> String {
        self.section([
            "backend lines", "    stick-table type integer size \(HAProxyState.slotCount) nopurge store gpc0",
        ])
    }

    /// Counts, by slot, the requests of an arm's users that the other arm got.
    private static func fallbacks() -> String {
        self.section([
            "backend fallbacks",
            "    stick-table type integer size \(HAProxyState.slotCount) nopurge store http_req_cnt",
        ])
    }

    private static let userCookie = "Slipway-User"

    private static func section(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }
}
