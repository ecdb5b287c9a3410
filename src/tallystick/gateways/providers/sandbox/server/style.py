"""The checkout's style: a few values of the design language, one quiet accent, no outside asset."""

from __future__ import annotations

CSS = """
:root { color-scheme: light dark;
  --canvas: light-dark(oklch(.970 .003 230), oklch(.155 .008 235)); --surface: light-dark(#fff, oklch(.195 .009 235));
  --surface-2: light-dark(oklch(.981 .002 230), oklch(.222 .010 235));
  --line: light-dark(oklch(.918 .004 230), oklch(.290 .011 235)); --edge: light-dark(oklch(.655 .010 230), oklch(.530 .012 235));
  --ink: light-dark(oklch(.225 .018 235), oklch(.950 .004 230)); --ink-2: light-dark(oklch(.415 .016 235), oklch(.790 .008 230));
  --ink-3: light-dark(oklch(.510 .014 235), oklch(.670 .010 230));
  --accent: light-dark(oklch(.460 .120 285), oklch(.520 .130 285)); --accent-2: light-dark(oklch(.415 .120 285), oklch(.475 .130 285));
  --accent-ink: light-dark(oklch(.460 .120 285), oklch(.800 .090 285)); --mark: light-dark(oklch(.560 .140 285), oklch(.720 .120 285));
  --tint: light-dark(oklch(.955 .016 285), oklch(.215 .030 285));
  --bad: light-dark(oklch(.480 .165 26), oklch(.800 .115 24)); --bad-tint: light-dark(oklch(.968 .018 24), oklch(.275 .055 24));
  --warn: light-dark(oklch(.450 .095 65), oklch(.840 .120 75)); --warn-tint: light-dark(oklch(.970 .030 80), oklch(.282 .042 70)); }
* { box-sizing: border-box; margin: 0; }
body { font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  color: var(--ink); background: linear-gradient(var(--tint), var(--canvas) 20rem) no-repeat var(--canvas); min-block-size: 100vh; }
.page { max-inline-size: 35rem; margin-inline: auto; padding-inline: 1rem; padding-block-end: 3rem; }
header { display: flex; align-items: center; gap: .75rem; padding-block: 1.25rem; }
header strong { font-weight: 600; overflow-wrap: anywhere; } header .tag { margin-inline-end: auto; }
.tag { font-size: .875rem; font-weight: 500; padding: .125rem .625rem; border-radius: 999px; white-space: nowrap;
  background: var(--warn-tint); color: var(--warn); }
.langs { display: flex; gap: .25rem; font-size: .875rem; }
.langs a { padding: .625rem .5rem; min-inline-size: 44px; min-block-size: 44px; text-align: center; }
.langs a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
main > section, .card { background: var(--surface); border: 1px solid var(--line); border-radius: 16px; padding: 1.5rem; margin-block-end: 1.5rem; }
h1 { font-size: 1.375rem; line-height: 1.3; font-weight: 600; letter-spacing: -.011em; text-wrap: balance; margin-block-end: .375rem; }
h1.quiet { font-size: 1rem; font-weight: 400; color: var(--ink-2); margin: 0; }
h2 { font-size: 1rem; font-weight: 600; }
.amount { font-size: clamp(2.25rem, 1.6rem + 3.2vw, 3.25rem); font-weight: 600; line-height: 1.15; letter-spacing: -.022em;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; margin-block: .25rem; display: block; }
p { color: var(--ink-2); overflow-wrap: anywhere; } p.hint, .foot { font-size: .875rem; color: var(--ink-3); }
.alert { background: var(--bad-tint); border-radius: 12px; padding: .75rem 1rem; margin-block-start: 1.25rem; }
.alert, .alert p { color: var(--bad); } .alert strong { font-weight: 600; }
form { display: grid; gap: 1rem; margin-block-start: 1.5rem; } .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; align-items: start; }
label { display: block; font-weight: 500; font-size: .875rem; margin-block-end: .25rem; }
input { inline-size: 100%; min-block-size: 3rem; padding-inline: .75rem; font: inherit; font-variant-numeric: tabular-nums; color: inherit;
  background: var(--surface); border: 1px solid var(--edge); border-radius: 10px; }
input[aria-invalid] { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
.error { color: var(--bad); font-size: .875rem; margin-block-start: .25rem; }
button, .button { display: block; inline-size: 100%; min-block-size: 3rem; padding: .625rem 1.25rem; font: inherit; font-weight: 600; text-align: center;
  border-radius: 10px; border: 1px solid transparent; background: var(--accent); color: #fff; text-decoration: none; cursor: pointer; }
button:hover, .button:hover { background: var(--accent-2); }
button.plain { background: none; border-color: var(--edge); color: var(--ink); } button.plain:hover { background: var(--surface-2); }
a:not(.button) { color: var(--accent-ink); } a { text-underline-offset: .2em; } .away { display: block; padding-block: .625rem; text-align: center; margin-block: -.75rem .75rem; }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
.bank { border: 1px solid var(--edge); border-radius: 12px; padding: 1.25rem; margin-block-start: 1.25rem; } .bank form { margin-block-start: 1rem; }
table { inline-size: 100%; border-collapse: collapse; margin-block-start: .75rem; font-size: .875rem; }
th { text-align: start; font-weight: 500; color: var(--ink-3); padding-block: .5rem; }
td { border-block-start: 1px solid var(--line); vertical-align: middle; color: var(--ink-2); }
td:first-child { white-space: nowrap; padding-inline-end: 1rem; inline-size: 1%; font-variant-numeric: tabular-nums; }
td a { display: inline-flex; align-items: center; min-block-size: 44px; } .foot { text-align: center; } .gap { margin-block-start: 1.25rem; }
@media (max-width: 30rem) { main > section { padding: 1.25rem 1rem; } td:first-child { padding-inline-end: .75rem; } }
@media (prefers-contrast: more) { :root { --ink-2: var(--ink); --ink-3: var(--ink); --line: var(--edge); } }
"""
