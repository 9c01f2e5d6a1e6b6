/// The one script, served as `/app.js`: it keeps the page up to date. Without it the page reloads itself every 5 s.
package enum Script {
    package static let text = #"""
        "use strict";
        // The page's `main` names its fragment. An event of the server asks for the fragment anew, at most once a
        // second; what a person is filling in (open forms, typed reasons, focus) is kept.
        (() => {
          const path = () => document.getElementById("main").dataset.fragment;
          const fragment = path();
          if (!fragment) return;
          const spoken = document.getElementById("spoken"), offline = document.getElementById("offline");
          let last = 0, waiting = null, busy = false, again = false;

          const seconds = (text) => new Date(text).getTime() / 1000;
          const words = (given) => {
            const s = Math.floor(Math.max(0, given));
            if (s < 60) return s + " s";
            if (s < 600 && s % 60 > 0) return Math.floor(s / 60) + " min " + (s % 60) + " s";
            if (s < 3600) return Math.floor(s / 60) + " min";
            const hours = Math.floor(s / 3600), minutes = Math.floor(s % 3600 / 60);
            if (s < 86400) return hours + " h" + (minutes < 1 ? "" : " " + minutes + " min");
            return Math.floor(s / 86400) + " d" + (hours % 24 < 1 ? "" : " " + hours % 24 + " h");
          };
          // The browser's clock may be wrong: count on from what the server wrote.
          let skew = 0;
          const tick = () => {
            const now = Date.now() / 1000 - skew;
            for (const time of document.querySelectorAll("time[data-since]"))
              time.textContent = words(now - seconds(time.dataset.since)) + " ago";
            for (const time of document.querySelectorAll("time[data-until]")) {
              const left = seconds(time.dataset.until) - now;
              time.textContent = left > 0 ? words(left) + " left" : "due now";
            }
            // Charts grow without events.
            const live = document.querySelector("[data-every]");
            if (live && Date.now() - last >= live.dataset.every * 1000) ask();
          };

          const links = (main, to) =>
            [...main.querySelectorAll("a[href]")].filter((e) => e.getAttribute("href") === to);
          const keep = (main) => ({
            open: [...main.querySelectorAll("details[open][id]")].map((e) => e.id),
            values: [...main.querySelectorAll("input[id]")].map((e) => [e.id, e.value]),
            scrolled: [...main.querySelectorAll(".scroll[id]")].map((e) => [e.id, e.scrollTop, e.scrollLeft]),
            focus: main.contains(document.activeElement)
              ? document.activeElement.id || document.activeElement.parentElement.id : null,
            to: document.activeElement?.getAttribute("href"),
            link: links(main, document.activeElement?.getAttribute("href")).indexOf(document.activeElement),
          });
          const restore = (kept) => {
            for (const id of kept.open) { const e = document.getElementById(id); if (e) e.open = true; }
            for (const [id, value] of kept.values) { const e = document.getElementById(id); if (e) e.value = value; }
            for (const [id, top, left] of kept.scrolled) {
              const e = document.getElementById(id);
              if (e) e.scrollTo(left, top);
            }
            const same = links(document.getElementById("main"), kept.to)[kept.link];
            if (same) same.focus({ preventScroll: true });
            else if (kept.focus) {
              const e = document.getElementById(kept.focus);
              if (e) (e.tagName === "DETAILS" ? e.querySelector("summary") : e).focus({ preventScroll: true });
            }
          };

          const load = async () => {
            if (busy) { again = true; return; }
            busy = true;
            last = Date.now();
            try {
              const answer = await fetch(fragment, { headers: { "Accept": "text/html" }, redirect: "manual" });
              if (answer.type === "opaqueredirect") { location.reload(); return; }
              if (!answer.ok) return;
              skew = Date.now() / 1000 - Number(answer.headers.get("Slipway-Time") || Date.now() / 1000);
              const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
              const main = document.getElementById("main");
              if (!next || next.innerHTML === main.dataset.shown) return;
              const kept = keep(main), shown = next.innerHTML;
              main.replaceChildren(...next.childNodes);
              main.dataset.shown = shown;
              restore(kept);
              if (main.dataset.summary !== next.dataset.summary) {
                main.dataset.summary = next.dataset.summary;
                spoken.textContent = next.dataset.summary;
              }
            } catch { /* the event stream reports the lost connection */ }
            finally { busy = false; if (again) { again = false; ask(); } }
          };
          const ask = () => {
            if (waiting !== null || document.hidden) return;
            waiting = setTimeout(() => { waiting = null; load(); }, Math.max(0, last + 1000 - Date.now()));
          };

          // A hidden page holds no connection: browsers allow few to one server.
          let source = null;
          const connect = () => {
            if (source || document.hidden) return;
            source = new EventSource("/fragments/events");
            source.onmessage = ask;
            source.onopen = () => { offline.hidden = true; ask(); };
            source.onerror = () => {
              offline.hidden = false;
              // Closed for good: the session ended (the server was started anew). Loading the page asks to sign in.
              if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000);
            };
          };
          const disconnect = () => { if (source) { source.close(); source = null; } };
          document.addEventListener("visibilitychange", () => document.hidden ? disconnect() : connect());
          addEventListener("pagehide", disconnect);
          addEventListener("pageshow", connect);
          connect();
          setInterval(tick, 1000);
        })();
        """#
}
