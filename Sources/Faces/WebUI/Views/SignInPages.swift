package import APIClient

extension Page {
    /// `/sign-in`
    /// - Parameters:
    ///   - provider: how the button of the identity provider is called.
    ///   - back: where to go afterwards.
    package static func signIn(problem: String?, provider: String?, back: Link) -> Page {
        Page(title: "Sign in", fragment: nil) {
            el("section", .class("sign-in")) {
                el("h1") { "Sign in" }
                if let problem { el("p", .class("note", "alarm"), .named("role", "alert")) { problem } }
                if let provider {
                    el(
                        "a", .class("button", "primary"),
                        .href(Link(segments: ["sign-in", "provider"], query: [("back", back.target)]))
                    ) {
                        "Sign in with "; name(provider)
                    }
                    el("p", .class("or")) { "or with a password" }
                }
                el("form", .named("method", "post"), .action(Link("sign-in"))) {
                    Self.hidden("back", back.target)
                    el("label", .named("for", "person")) { "Name" }
                    el(
                        "input", .id("person"), .named("name", "person"), .flag("required"),
                        .flag("autofocus"), .named("autocomplete", "username"), .named("autocapitalize", "none"),
                        .named("spellcheck", "false"))
                    el("label", .named("for", "password")) { "Password" }
                    el(
                        "input", .named("type", "password"), .id("password"), .named("name", "password"),
                        .flag("required"), .named("autocomplete", "current-password"))
                    el("button", .class("primary")) { "Sign in" }
                }
                Self.byToken(back)
            }
        }
    }

    private static func byToken(_ back: Link) -> HTML {
        el("details", .class("by-token")) {
            el("summary") { "With a token, or without a password" }
            el("form", .named("method", "post"), .action(Link("sign-in"))) {
                Self.hidden("back", back.target)
                el("label", .named("for", "token")) { "Token" }
                el(
                    "input", .named("type", "password"), .id("token"), .named("name", "token"), .flag("required"),
                    .named("autocomplete", "off"))
                el("button") { "Sign in with the token" }
            }
            el("p", .class("faint-text")) {
                el("code") { "slipway serve" }
                " wrote a token into its data folder (the file "
                el("code") { "token" }
                "); "
                el("code") { "slipway token add NAME" }
                " makes others. A lost password: an administrator makes a link, "
                el("code") { "slipway person invite NAME" }
                "."
            }
        }
    }

    /// `/link/SECRET`: sets a password once.
    package static func link(
        secret: String, person: String, problem: String?, words: Words, expiresAt: String
    ) -> Page {
        Page(title: "Choose a password", fragment: nil) {
            el("section", .class("sign-in")) {
                el("h1") {
                    "Welcome, "; name(person)
                }
                if let problem { el("p", .class("note", "alarm"), .named("role", "alert")) { problem } }
                el("p") { "Choose the password that you will sign in with: at least 12 characters." }
                el("form", .named("method", "post"), .action(Link("link"))) {
                    Self.hidden("secret", secret)
                    // So that a browser that keeps passwords knows whose it is.
                    el(
                        "input", .class("hidden"), .named("name", "username"), .named("value", person),
                        .named("autocomplete", "username"), .flag("readonly"), .named("tabindex", "-1"),
                        .named("aria-hidden", "true"))
                    Self.newPassword("password", "Password", isFirst: true)
                    Self.newPassword("again", "The same again", isFirst: false)
                    el("button", .class("primary")) { "Set the password and sign in" }
                }
                el("p", .class("faint-text")) {
                    "This link is good once, until "; words.exact(expiresAt); "."
                }
            }
        }
    }

    private static func newPassword(_ field: String, _ label: String, isFirst: Bool) -> HTML {
        el("label") {
            label
            if isFirst {
                el(
                    "input", .named("type", "password"), .named("name", field), .flag("required"), .flag("autofocus"),
                    .named("minlength", "12"), .named("maxlength", "1024"), .named("autocomplete", "new-password"))
            } else {
                el(
                    "input", .named("type", "password"), .named("name", field), .flag("required"),
                    .named("minlength", "12"), .named("maxlength", "1024"), .named("autocomplete", "new-password"))
            }
        }
    }

    /// `/me`: who I am, where I am signed in, and my password.
    /// - Parameter current: the hash of this session's id; its name is the beginning.
    package static func me(_ sessions: [Wire.Session], current: String?, viewer: Viewer, words: Words) -> Page {
        Page(title: "You", fragment: nil) {
            el("h1") {
                "You are "; name(viewer.actor)
            }
            el("section") {
                el("h2") { "Where you are signed in" }
                el("div", .class("scroll")) {
                    el("table") {
                        el("tbody") {
                            for session in sessions {
                                Self.row(session, isThis: current?.hasPrefix(session.name) ?? false, viewer, words)
                            }
                        }
                    }
                }
                el("form", .class("row"), .named("method", "post"), .action(Link("sign-out-everywhere"))) {
                    Self.hidden("csrf", viewer.formToken)
                    el("button", .class("danger")) { "Sign out everywhere" }
                }
            }
            Self.password(viewer)
        }
    }

    private static func row(_ session: Wire.Session, isThis: Bool, _ viewer: Viewer, _ words: Words) -> HTML {
        el("tr") {
            el("td", .class("wide")) {
                el("div") { name(session.agent.isEmpty ? "unknown" : session.agent) }
                el("div", .class("faint-text")) {
                    "from "; name(session.address); " by "; name(session.means); ", last used "
                    words.exact(session.lastUsedAt)
                }
            }
            el("td") {
                if isThis {
                    el("span", .class("faint-text")) { "this one" }
                } else {
                    el("form", .named("method", "post"), .action(Link("sessions", session.name, "end"))) {
                        Self.hidden("csrf", viewer.formToken)
                        el("button") { "Sign out" }
                    }
                }
            }
        }
    }

    private static func password(_ viewer: Viewer) -> HTML {
        el("section") {
            el("h2") { "Another password" }
            el("p", .class("faint-text")) { "All other browsers are signed out. Without one so far: ask for a link." }
            el("form", .class("narrow"), .named("method", "post"), .action(Link("me", "password"))) {
                Self.hidden("csrf", viewer.formToken)
                el("label") {
                    "The one of now"
                    el(
                        "input", .named("type", "password"), .named("name", "old"), .flag("required"),
                        .named("autocomplete", "current-password"))
                }
                Self.newPassword("new", "The new one", isFirst: false)
                Self.newPassword("again", "The new one again", isFirst: false)
                el("button") { "Change the password" }
            }
        }
    }

    private static func hidden(_ field: String, _ value: String) -> HTML {
        el("input", .named("type", "hidden"), .named("name", field), .named("value", value))
    }
}
