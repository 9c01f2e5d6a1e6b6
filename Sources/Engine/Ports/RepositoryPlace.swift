/// Where a repository is: a folder of the server's machine, or an address that git fetches from.
package enum RepositoryPlace: Sendable, Equatable {
    case folder(String)
    case address(String)

    package static let rule =
        "an absolute path on the server's machine, or an address with https, http, ssh, git or file, such as "
        + "ssh://git@git.example/shop.git, without a password, of at most 4,096 bytes"

    /// nil: neither. An address with a password is refused, as it would stand in the record for ever.
    package init?(_ text: String) {
        let isClean = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isClean, text.utf8.count <= 4_096 else { return nil }
        if text.hasPrefix("/") {
            self = .folder(text)
            return
        }
        guard let end = text.firstRange(of: "://") else { return nil }
        let rest = text[end.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard ["https", "http", "ssh", "git", "file"].contains(text[..<end.lowerBound]), !rest.isEmpty,
            !rest.hasPrefix("-"), !text.contains(" ")
        else { return nil }
        if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") { return nil }
        self = .address(text)
    }
}
