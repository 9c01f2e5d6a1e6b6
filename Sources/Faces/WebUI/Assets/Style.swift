/// The one style sheet, served as `/app.css`.
package enum Style {
    /// A slipway: a hull on an incline.
    static let icon =
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' "
        + "height='32' rx='7' fill='%23155e75'/%3E%3Cpath d='M5 24 27 15v9z' fill='%23a5f3fc'/%3E%3Cpath "
        + "d='M7 17 24 9l-2 6-12 5z' fill='white'/%3E%3C/svg%3E"

    package static let sheet = """
        :root {
          color-scheme: light dark;
          --page: #f5f7f8; --card: #ffffff; --text: #16222b; --faint: #52636f; --line: #d8e0e4; --link: #0e5a75;
          --good: #11663a; --good-back: #e3f4ea; --bad: #a01c1c; --bad-back: #fdeaea; --warn: #7a4b00;
          --warn-back: #fdf2dc;
          --going: #1a4fa0; --going-back: #e5eefb; --chip: #e9eef1; --primary: #155e75; --on-primary: #ffffff;
          --arm-new: #0b62b0; --arm-old: #b35c00;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #10171c; --card: #182127; --text: #e4ebef; --faint: #9fb0bb; --line: #2c3942; --link: #7cc7e2;
            --good: #7fd7a2; --good-back: #14332199; --bad: #ff9d97; --bad-back: #48191999; --warn: #f3c26b;
            --warn-back: #40300f99;
            --going: #9cc3ff; --going-back: #1a315799; --chip: #28343c; --primary: #7cc7e2; --on-primary: #0c2029;
            --arm-new: #6db3ff; --arm-old: #f2a54a;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
        a { color: var(--link); text-underline-offset: 2px; text-decoration-thickness: 1px; }
        :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
        main:focus { outline: none; }
        h1 { font-size: 1.5rem; line-height: 1.25; margin: .75rem 0 .25rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.15rem; line-height: 1.3; margin: 1.75rem 0 .5rem; overflow-wrap: anywhere; }
        h3 { font-size: .95rem; margin: 0; overflow-wrap: anywhere; min-width: 0; }
        p { margin: .25rem 0; overflow-wrap: anywhere; }
        pre, code { font: .875em/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
        code { overflow-wrap: anywhere; }
        pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem;
          overflow-x: auto; max-height: 60vh; overflow-y: auto; }
        .hidden, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden;
          clip-path: inset(50%);
          white-space: nowrap; }
        .skip { position: absolute; top: .5rem; left: .5rem; background: var(--card); padding: .5rem 1rem;
          z-index: 2; }
        .faint-text { color: var(--faint); font-size: .875rem; }
        .faint-text a { color: inherit; }

        .banner { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem;
          padding: .5rem clamp(1rem, 4vw, 2.5rem);
          background: var(--card); border-bottom: 1px solid var(--line); }
        .brand { font-weight: 700; font-size: 1.1rem; color: var(--text); text-decoration: none;
          letter-spacing: -.01em; }
        .banner nav { display: flex; gap: 1.1rem; }
        .banner nav a { color: var(--faint); text-decoration: none; padding: .35rem 0; }
        .banner nav a:hover { color: var(--text); text-decoration: underline; }
        .who { margin-left: auto; display: flex; gap: .75rem; align-items: center; font-size: .875rem;
          color: var(--faint); }
        main { padding: .5rem clamp(1rem, 4vw, 2.5rem) 3rem; max-width: 100rem; margin: 0 auto; }
        .foot { margin-top: 2.5rem; }
        .trail { font-size: .875rem; color: var(--faint); margin-top: .75rem; overflow-wrap: anywhere; }
        .offline { position: fixed; bottom: 1rem; left: 50%; transform: translateX(-50%); background: var(--bad);
          color: var(--page);
          padding: .6rem 1.1rem; border-radius: 8px; max-width: 90vw; box-shadow: 0 4px 16px #0005; }

        .service > header { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: baseline; }
        .service > header h2 { margin-bottom: .35rem; }
        .lanes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: .9rem;
          align-items: start; }
        .lane { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
          padding: .8rem 1rem 1rem; min-width: 0; max-width: 36rem; width: 100%;
          display: flex; flex-direction: column; gap: .45rem; scroll-margin-top: 1rem; }
        .lane:target { border-color: var(--link); box-shadow: 0 0 0 1px var(--link); }
        .lane > header { display: flex; justify-content: space-between; gap: .75rem; align-items: baseline; }
        .lane h3 a { color: var(--text); text-decoration: none; }
        .lane h3 a:hover { text-decoration: underline; }
        .address { font: .8rem ui-monospace, "DejaVu Sans Mono", monospace; color: var(--faint);
          white-space: nowrap; overflow: hidden;
          text-overflow: ellipsis; min-width: 0; }
        .version { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .6rem; margin: 0; }
        .version .number { font-size: 1.5rem; line-height: 1.2; font-weight: 650; letter-spacing: -.02em;
          color: var(--text);
          text-decoration: none; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
        .version .number.long { font-size: 1.05rem; letter-spacing: 0; }
        .version .number:hover { text-decoration: underline; }
        .version.none { color: var(--faint); font-size: 1.05rem; }
        .share { margin-left: auto; font-size: .9rem; color: var(--faint); font-variant-numeric: tabular-nums; }
        .last { margin-top: auto; padding-top: .2rem; }
        .lane-actions { margin-top: .1rem; }
        .panel { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
          padding: .9rem 1.1rem; margin: .75rem 0; }
        .panel:empty { display: none; }
        .panel > .lane { border: 0; padding: 0; background: none; max-width: none; }
        .panel > .running { border: 0; padding: 0; }
        .panel .lane > header { display: none; }

        .chip { display: inline-block; background: var(--chip); color: var(--text); border-radius: 999px;
          padding: .05rem .6rem;
          font-size: .8rem; line-height: 1.5; white-space: nowrap; max-width: 100%; overflow: hidden;
          text-overflow: ellipsis; vertical-align: middle; }
        .chip.good { background: var(--good-back); color: var(--good); }
        .chip.bad { background: var(--bad-back); color: var(--bad); }
        .chip.warn { background: var(--warn-back); color: var(--warn); }
        .chip.going { background: var(--going-back); color: var(--going); }
        .chip.faint { color: var(--faint); }
        .note { border-left: 4px solid var(--line); background: var(--chip); border-radius: 4px;
          padding: .45rem .75rem; font-size: .9rem;
          margin: .15rem 0; }
        .note p { margin: .1rem 0; }
        .note.alarm { border-color: var(--bad); background: var(--bad-back); }
        .note.alarm strong { color: var(--bad); }
        .note.warn { border-color: var(--warn); background: var(--warn-back); }
        .bad { color: var(--bad); }

        .decisions { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--warn);
          border-radius: 10px;
          padding: .8rem 1.1rem; margin-top: 1rem; }
        .decisions h2 { margin: 0 0 .35rem; font-size: 1rem; }
        .decisions ul { list-style: none; padding: 0; margin: 0; display: grid; gap: .6rem; }
        .decisions li { overflow-wrap: anywhere; color: var(--text); border-top: 1px solid var(--line);
          padding-top: .5rem; }
        .decisions li:first-child { border-top: 0; padding-top: 0; }
        .decisions li.bad strong { color: var(--bad); }

        .running { border-top: 1px solid var(--line); padding-top: .55rem; display: grid; gap: .4rem;
          grid-template-columns: minmax(0, 1fr); }
        .running-head { display: flex; flex-wrap: wrap; gap: .25rem .6rem; align-items: baseline; margin: 0; }
        .running-head a { color: var(--text); }
        .judgement { display: grid; gap: .35rem; grid-template-columns: minmax(0, 1fr); }
        .judgement p { margin: 0; }
        .judgement .sentence { overflow-wrap: anywhere; }
        .judgement td, .judgement th { padding: .3rem .6rem; font-variant-numeric: tabular-nums; }
        .traffic { display: grid; gap: .4rem; grid-template-columns: minmax(0, 1fr); }
        .legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: 0; font-size: .875rem; }
        .charts { display: grid; gap: .7rem 1.2rem;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 9.5rem), 1fr)); }
        .small .charts { gap: .5rem .9rem; grid-template-columns: repeat(2, minmax(0, 1fr)); }
        .chart { margin: 0; min-width: 0; font-size: .875rem; line-height: 1.4; }
        .chart figcaption, .latest { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
        .small .chart { font-size: .8rem; }
        .small .faint-text { font-size: .75rem; }
        .latest { display: flex; gap: .6rem; margin: 0; font-variant-numeric: tabular-nums; }
        .latest a { color: inherit; text-decoration: none; }
        .latest a:hover { text-decoration: underline; }
        .key { width: 1.25rem; height: .42rem; margin-right: .3rem; vertical-align: .1em; }
        .plot { height: 6rem; }
        .small .plot { height: 2.6rem; }
        .lines { display: block; width: 100%; height: 100%; }
        .latest .top { margin-left: auto; align-self: end; color: var(--faint); font-size: .75rem; }
        .grid, .line { fill: none; vector-effect: non-scaling-stroke; }
        .grid { stroke: var(--line); stroke-width: 1px; }
        .line { stroke-width: 2px; stroke-linecap: round; stroke-linejoin: round; }
        .line.new { stroke: var(--arm-new); }
        .line.old { stroke: var(--arm-old); stroke-dasharray: 5 4; }
        .line.lower { stroke-width: 1px; }
        .gap { fill: var(--faint); opacity: .25; }
        .numbers summary { cursor: pointer; color: var(--link); font-size: .875rem; width: fit-content; }
        .numbers .scroll { max-height: 22rem; margin-top: .35rem; }
        .numbers td, .numbers th { padding: .2rem .6rem; font-variant-numeric: tabular-nums; text-align: right; }
        .numbers th[colspan] { text-align: center; }
        .weight { display: flex; gap: .7rem; align-items: center; font-size: .875rem;
          font-variant-numeric: tabular-nums; }
        .weight span { white-space: nowrap; }
        .bar { height: .55rem; flex: 1 1 3rem; width: 3rem; min-width: 0; border-radius: 999px; overflow: hidden; }
        .bar-back { fill: var(--chip); }
        .bar-front { fill: var(--going); }
        .steps { list-style: none; margin: 0; padding: 0; font-size: .9rem; }
        .steps li { position: relative; padding: .08rem 0 .08rem 1.5rem; color: var(--faint);
          overflow-wrap: anywhere; }
        .steps li::before { content: "○"; position: absolute; left: .15rem; }
        .steps li.done { color: var(--text); }
        .steps li.done::before { content: "✓"; color: var(--good); }
        .steps li.now { color: var(--text); }
        .steps li.now::before { content: "●"; color: var(--going); }
        .queue { list-style: none; margin: 0; padding: 0; display: grid; gap: .55rem;
          grid-template-columns: minmax(0, 1fr); font-size: .925rem; }
        .lane .queue { border-top: 1px solid var(--line); padding-top: .5rem; }
        .panel.queue { padding: .9rem 1.1rem; }
        .gates { list-style: none; margin: .15rem 0 .3rem; padding: 0; font-size: .875rem; }
        .gates li { display: flex; gap: .45rem; overflow-wrap: anywhere; }
        .gates li > span:last-child { min-width: 0; }
        .mark { flex: none; width: 1rem; text-align: center; color: var(--faint); }
        .mark.good { color: var(--good); }
        .mark.bad { color: var(--bad); }

        .row, .actions { display: flex; flex-wrap: wrap; gap: .45rem; align-items: flex-start; }
        button, .button { font: inherit; font-size: .875rem; line-height: 1.4; cursor: pointer;
          border: 1px solid var(--line); border-radius: 7px;
          background: var(--card); color: var(--text); padding: .35rem .8rem; min-height: 2.1rem; list-style: none;
          max-width: 100%;
          overflow-wrap: anywhere; }
        .button::-webkit-details-marker { display: none; }
        button:hover, .button:hover { border-color: var(--faint); }
        button.primary, .button.primary { background: var(--primary); color: var(--on-primary);
          border-color: var(--primary); }
        button.danger, .button.danger { color: var(--bad); border-color: var(--bad); }
        button.quiet { border: 0; background: none; color: var(--link); text-decoration: underline;
          padding: .35rem 0; }
        .act { max-width: 100%; }
        .act summary { display: inline-block; }
        .act[open] { flex-basis: 100%; }
        .act[open] summary { opacity: .65; }
        .act form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin-top: .45rem; }
        .act label { flex: 1 1 11rem; }
        label { display: grid; gap: .2rem; font-size: .875rem; color: var(--faint); }
        input:not([type=hidden]) { font: inherit; width: 100%; padding: .4rem .6rem;
          border: 1px solid var(--faint); border-radius: 7px;
          background: var(--page); color: var(--text); min-height: 2.1rem; }
        .sign-in, .welcome { max-width: 34rem; margin: 8vh auto 0; background: var(--card);
          border: 1px solid var(--line); border-radius: 12px;
          padding: 1.4rem 1.6rem; display: grid; gap: .6rem; }
        .sign-in h1, .welcome h2 { margin: 0; }
        .welcome { max-width: 46rem; }
        .sign-in form, .narrow { display: grid; gap: .6rem; }
        a.button { text-align: center; text-decoration: none; }
        .narrow { max-width: 24rem; }
        .or { color: var(--faint); text-align: center; margin: .2rem 0; font-size: .875rem; }
        .by-token summary { cursor: pointer; color: var(--link); }
        form.row { margin: .8rem 0; }

        .scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; }
        th, td { text-align: left; padding: .5rem .8rem; vertical-align: top; white-space: nowrap; }
        td.wide { white-space: normal; min-width: 14rem; overflow-wrap: anywhere; }
        th { color: var(--faint); font-weight: 500; font-size: .8rem; }
        tbody tr { border-top: 1px solid var(--line); }
        table tbody:first-child tr:first-child { border-top: 0; }
        td bdi { display: inline-block; max-width: 20rem; overflow: hidden; text-overflow: ellipsis;
          vertical-align: bottom; }
        td a bdi { display: inline; }
        td.wide bdi { max-width: none; }
        .facts { margin: 0; display: grid; gap: .4rem; }
        .facts div { display: grid; grid-template-columns: 8rem minmax(0, 1fr); gap: .75rem; }
        .facts div div { display: block; }
        .facts dt { color: var(--faint); }
        .facts dd { margin: 0; overflow-wrap: anywhere; }
        .why { padding-left: 1.4rem; margin: .25rem 0; }
        .why li { margin: .3rem 0; overflow-wrap: anywhere; }
        .why time { color: var(--faint); font-size: .875rem; font-variant-numeric: tabular-nums; }
        .events { list-style: none; padding: 0; margin: .5rem 0; background: var(--card);
          border: 1px solid var(--line); border-radius: 10px; }
        .events > li + li { border-top: 1px solid var(--line); }
        .events summary { display: flex; flex-wrap: wrap; gap: .1rem .9rem; padding: .5rem 1rem; cursor: pointer;
          overflow-wrap: anywhere; }
        .events details > :not(summary) { margin: .3rem 1rem .7rem; }
        .events pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--page); }
        .position { color: var(--faint); font-variant-numeric: tabular-nums; min-width: 3.2rem; }
        @media (max-width: 40rem) {
          .facts div { grid-template-columns: 1fr; gap: 0; }
          .sign-in, .welcome { margin-top: 1rem; padding: 1.1rem; }
          button, .button { min-height: 2.6rem; padding: .5rem .95rem; }
        }
        @media (prefers-reduced-motion: no-preference) {
          .steps li.now::before { animation: beat 2s ease-in-out infinite; }
          @keyframes beat { 50% { opacity: .35; } }
        }
        """
}
