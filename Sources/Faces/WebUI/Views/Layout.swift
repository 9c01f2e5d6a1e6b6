/// Who looks at the page, and the token that every form carries.
package struct Viewer: Sendable {
    package var actor: String
    package var formToken: String

    package init(actor: String, formToken: String) {
        self.actor = actor
        self.formToken = formToken
    }
}

/// A page: its title, and what stands in `main`.
package struct Page: Sendable {
    package var title: String
    package var main: HTML
    /// Path under `/fragments` that gives `main` anew; nil for a page that does not change.
    package var fragment: Link?
    /// One sentence for people who do not see the page; spoken when it changes.
    package var summary: String

    init(title: String, fragment: Link?, summary: String = "", @HTMLBuilder main: () -> HTML) {
        self.title = title
        self.fragment = fragment
        self.summary = summary
        self.main = main()
    }

    /// What the script puts in place of the old `main`.
    package var fragmentMarkup: String {
        el("main", .id("main"), .named("data-summary", self.summary), .named("tabindex", "-1")) { self.main }.markup
    }

    /// The whole document. Without a viewer (sign-in) there is no navigation.
    package func markup(for viewer: Viewer?) -> String {
        HTML.document(
            el("html", .named("lang", "en")) {
                self.head
                el("body") {
                    el("a", .class("skip"), .named("href", "#main")) { "Skip to content" }
                    Self.banner(viewer)
                    el(
                        "main", .id("main"), .named("tabindex", "-1"), .named("data-summary", self.summary),
                        .named("data-fragment", self.fragment?.target ?? "")
                    ) { self.main }
                    el("p", .id("spoken"), .class("hidden"), .named("role", "status"), .named("aria-live", "polite"))
                    el("p", .id("offline"), .class("offline"), .named("role", "alert"), .flag("hidden")) {
                        "The connection to the server is lost. This page shows an old state; trying again …"
                    }
                }
            }
        ).markup
    }

    private var head: HTML {
        el("head") {
            el("meta", .named("charset", "utf-8"))
            el("meta", .named("name", "viewport"), .named("content", "width=device-width, initial-scale=1"))
            el("meta", .named("name", "color-scheme"), .named("content", "light dark"))
            el("title") { "\(self.title) · Slipway" }
            el("link", .named("rel", "icon"), .named("href", Style.icon))
            el("link", .named("rel", "stylesheet"), .named("href", "/app.css"))
            if self.fragment != nil {
                el("script", .named("src", "/app.js"), .flag("defer"))
                el("noscript") { el("meta", .named("http-equiv", "refresh"), .named("content", "5")) }
            }
        }
    }

    private static func banner(_ viewer: Viewer?) -> HTML {
        el("header", .class("banner")) {
            el("a", .class("brand"), .href(Link())) { "Slipway" }
            if let viewer {
                el("nav", .named("aria-label", "Pages")) {
                    el("a", .href(Link())) { "Status" }
                    el("a", .href(Link("releases"))) { "Releases" }
                    el("a", .href(Link("calendar"))) { "Calendar" }
                    el("a", .href(Link("events"))) { "Events" }
                }
                el("form", .class("who"), .named("method", "post"), .action(Link("sign-out"))) {
                    el("input", .named("type", "hidden"), .named("name", "csrf"), .named("value", viewer.formToken))
                    el("a", .href(Link("me"))) { name(viewer.actor) }
                    el("button", .class("quiet")) { "Sign out" }
                }
            }
        }
    }
}
