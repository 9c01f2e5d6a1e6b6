package import Core

/// Why somebody is not signed in. Says the same of a person that there is not, and of one whose password is another.
package struct SignInRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// The name, the password, or both.
        case wrong
        /// Too many wrong ones: try again after `wait`.
        case slow
        /// The server checks as many passwords as it has room for.
        case busy
        /// A link that was used, is over, or never was.
        case link
        /// The provider's answer is not to be believed, or it refused.
        case provider
        /// The provider knows the person, and Slipway does not.
        case unknown
        /// A new password that is not taken.
        case password
    }

    package let code: Code
    package let message: String
    package let wait: Milliseconds?

    package init(_ code: Code, _ message: String, wait: Milliseconds? = nil) {
        self.code = code
        self.message = message
        self.wait = wait
    }

    package var description: String { self.message }

    static var wrong: SignInRefusal { SignInRefusal(.wrong, "This name or this password is wrong.") }

    static func slow(_ wait: Milliseconds) -> SignInRefusal {
        let seconds = max(1, (wait.count + 999) / 1_000)
        return SignInRefusal(
            .slow, "Too many wrong passwords for this name or from this address. Try again in \(seconds) s.",
            wait: wait)
    }

    static var busy: SignInRefusal {
        SignInRefusal(
            .busy, "Many are signing in at this moment. Try again in a few seconds.", wait: .seconds(5))
    }

    static var link: SignInRefusal {
        SignInRefusal(
            .link,
            "This link was used, is over, or never was one. An administrator makes another: `slipway person invite NAME`."
        )
    }
}
