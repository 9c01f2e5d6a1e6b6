/// Where a repository is: a folder of the server's machine, or an address that git fetches from.
package enum RepositoryPlace: Sendable, Equatable {
    case folder(String)
    case address(String)

    package static let rule =
        "an absolute path on the server's machine, or an address with https, http, ssh, git or file, such as "
        + "ssh://git@git.example/shop.git or git@git.example:shop.git (which has no port: that needs ssh://), without a "
        + "password, of at most 4,096 bytes"

    /// nil: neither. An address with a password is refused, as it would stand in the record for ever.
    package init?(_ text: String) {
        let isClean = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isClean, text.utf8.count <= 4_096 else { return nil }
        if text.hasPrefix("/") {
            self = .folder(text)
            return
        }
        guard let end = text.firstRange(of: "://") else {
            guard Self.isShortAddress(text) else { return nil }
            self = .address(text)
            return
        }
        let rest = text[end.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard ["https", "http", "ssh", "git", "file"].contains(text[..<end.lowerBound]), !rest.isEmpty,
            !rest.hasPrefix("-"), !text.contains(" ")
        else { return nil }
        if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") { return nil }
        self = .address(text)
    }

    /// `USER@HOST:PATH` (git-fetch(1), "GIT URLS"), which git reads as ssh. The user has to be there, so that a mistyped scheme
    /// is no host; nothing in it begins with a hyphen, which ssh or the other side could take for an option; and a path that
    /// begins with a number is refused, because who writes `host:2222/shop.git` means a port.
    private static func isShortAddress(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":"), let at = text[..<colon].firstIndex(of: "@") else { return false }
        let (user, host) = (text[..<at], text[text.index(after: at)..<colon])
        let path = text[text.index(after: colon)...]
        func consists(_ part: Substring, of more: String) -> Bool {
            !part.isEmpty && !part.hasPrefix("-")
                && part.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                        || more.utf8.contains(byte)
                }
        }
        guard consists(user, of: "._-"), consists(host, of: ".-"), consists(path, of: "._~/+-") else { return false }
        // The first part of an absolute path is empty.
        return path.hasPrefix("/") || path.prefix { $0 != "/" }.contains { !$0.isNumber }
    }
}
