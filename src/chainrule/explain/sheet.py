"""The style of a derivation on paper and on screen."""

from __future__ import annotations

STYLE = """
.cr, .cr-page { --paper: #fff; --ink: #1d2733; --soft: #5b6775; --line: #dde3e9; --wash: #f5f7f9; --accent: #0072b2;
  --mark: #fff3cf; --up: #0072b2; --down: #d55e00; --gap: #7d8894; --early: #7b3294; --late: #e6a100;
  color: var(--ink);
  font: 15px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
.cr-page { margin: 0 auto; max-width: 920px; padding: 28px 24px 60px; background: var(--paper); }
.cr-top { display: flex; justify-content: space-between; align-items: baseline; flex-wrap: wrap;
  border-bottom: 3px solid var(--accent); margin-bottom: 22px; padding-bottom: 6px; }
.cr-top h1 { font-size: 25px; margin: 0; } .cr-name { margin: 0; color: var(--soft); }
.cr { max-width: 920px; margin-bottom: 48px; }
.cr > header { display: flex; align-items: center; gap: 22px; padding: 14px 22px; border-radius: 10px;
  background: #12304a; color: #fff; }
.cr > header p { margin: 0; font-size: 16px; color: #dce8f2; }
.cr > header code { color: #fff; background: #ffffff22; border-radius: 4px; padding: 2px 7px; }
.cr-title { font-size: 27px; line-height: 1.2; } .cr-title math { margin: 0; }
.cr math { font-size: 1.12em; font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", "XITS Math",
  "DejaVu Math TeX Gyre", math, serif; }
.cr .cr-title math { font-size: 1em; }
.cr-letters { display: grid; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); gap: 3px 22px;
  margin: 16px 0 0; }
.cr-letters div { display: flex; gap: 12px; align-items: baseline; }
.cr-letters dt { flex: 0 0 58px; text-align: right; } .cr-letters dd { margin: 0; color: var(--soft); }
.cr-soft { color: var(--soft); font-size: 14px; margin: 8px 0 0; }
.cr section { border-top: 1px solid var(--line); margin-top: 20px; padding-top: 14px; }
.cr h2 { font-size: 17px; margin: 0 0 4px; display: flex; align-items: center; gap: 10px; }
.cr h2 span { display: inline-grid; place-items: center; width: 24px; height: 24px; border-radius: 50%;
  background: var(--accent); color: #fff; font-size: 13px; font-weight: 600; }
.cr section > p { margin: 2px 0 8px; max-width: 78ch; }
.cr-formula { overflow-x: auto; overflow-y: hidden; padding: 5px 0 5px 14px; border-left: 3px solid var(--line);
  margin: 0 0 0 10px; }
.cr-formula math { width: fit-content; margin: 0; }
.cr-scroll { overflow-x: auto; margin-top: 10px; }
.cr table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
.cr-terms th, .cr-terms td { text-align: left; padding: 3px 16px 3px 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
.cr-terms th { color: var(--soft); font-weight: 600; }
.cr-terms .n { text-align: right; } .cr-terms math { font-size: 1em; }
.cr-terms td.cr-bar { position: relative; width: 120px; min-width: 120px; padding: 0; border-left: 0; }
.cr-bar i { position: absolute; top: 5px; bottom: 5px; border-radius: 2px; background: var(--up); }
.cr-bar i.down { background: var(--down); }
.cr-terms tr.cr-sum td { border-top: 2px solid var(--ink); border-bottom: 0; font-weight: 700; }
.cr-given { background: var(--wash); border-radius: 8px; padding: 10px 14px; margin-top: 10px; }
.cr-given ul { columns: 150px; list-style: none; padding: 0; margin: 6px 0 0; }
.cr-given li span { margin-left: 5px; font-variant-numeric: tabular-nums; }
.cr-matrices { display: flex; flex-wrap: wrap; gap: 10px 34px; align-items: flex-start; margin-top: 12px; }
.cr-matrices figure { margin: 0; max-width: 100%; overflow-x: auto; }
.cr-matrices figcaption { font-size: 13.5px; color: var(--soft); margin-bottom: 4px; }
.cr-matrices figcaption math { color: var(--ink); margin-right: 4px; }
.cr-matrix td { text-align: right; padding: 2px 9px; background: var(--wash); border: 2px solid var(--paper);
  font-size: 13px; white-space: nowrap; }
.cr-matrix th { color: #8a95a1; font-weight: 500; font-size: 12px; padding: 2px 6px; text-align: right; }
.cr-matrix td.cr-on { background: var(--mark); font-weight: 700; } .cr-matrix th.cr-on { color: var(--ink); font-weight: 700; }
.cr-check th { text-align: left; color: var(--soft); font-weight: 500; padding: 2px 18px 2px 0; }
.cr-check td { font-weight: 600; }
.cr pre { background: var(--wash); border-radius: 8px; padding: 9px 13px; margin: 6px 0 0; overflow-x: auto;
  font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
.cr-blank { display: inline-block; min-width: 6.5em; height: 1.15em; border-bottom: 1.5px solid var(--gap);
  vertical-align: baseline; }
.cr-long { min-width: 17em; } .cr-gap { border-bottom: 1.5px solid var(--gap); }
.cr-strip { display: flex; list-style: none; gap: 3px; margin: 6px 0 12px; padding: 2px 0 4px; overflow-x: auto; }
.cr-strip li { flex: 1 0 62px; max-width: 120px; text-align: center; border: 1px solid var(--line); border-radius: 6px;
  border-top: 4px solid color-mix(in oklab, var(--early), var(--late) calc(var(--at) * 100%)); padding: 3px 4px 5px; }
.cr-strip b { display: block; font-weight: 500; font-size: 12px; color: var(--soft); }
.cr-strip span { font-size: 13px; white-space: nowrap; font-variant-numeric: tabular-nums; }
.cr-strip .cr-up { background: color-mix(in oklab, var(--paper), var(--up) calc(var(--lit) * 45%)); }
.cr-strip .cr-down { background: color-mix(in oklab, var(--paper), var(--down) calc(var(--lit) * 45%)); }
.cr-strip .cr-none { border-style: dashed; color: var(--soft); }
.cr-many li { flex-basis: 14px; padding: 3px 0 12px; border-radius: 2px; } .cr-many { gap: 1px; }
.cr-many span, .cr-many b { display: none; }
.cr-chip { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 7px;
  background: color-mix(in oklab, var(--early), var(--late) calc(var(--at) * 100%)); }
.cr-steps td { padding-left: 10px; }
.cr-plot { margin: 14px 0 0; max-width: 600px; } .cr-plot figcaption { font-size: 13.5px; color: var(--soft); }
.cr-plot svg { width: 100%; height: auto; display: block; font-size: 12px; }
.cr-plot text { fill: var(--soft); } .cr-plot text.n { text-anchor: end; } .cr-plot text.m { text-anchor: middle; }
.cr-grid { stroke: var(--line); } .cr-line { fill: none; stroke: var(--soft); stroke-width: 1.5; }
.cr-plot circle { fill: color-mix(in oklab, var(--early), var(--late) calc(var(--at) * 100%)); }
@media screen and (prefers-color-scheme: dark) { .cr, .cr-page { --paper: #14191f; --ink: #e4e9ee; --soft: #9aa7b4;
  --line: #323c47; --wash: #1d252d; --accent: #4db0e8; --mark: #4a4020; --up: #4db0e8; --down: #f0883e; --gap: #8b97a3;
  --early: #c084dc; --late: #f2c14e; background: var(--paper); } .cr h2 span { color: #10151a; } }
@media print { .cr-page { padding: 0; max-width: none; } .cr { break-after: page; } .cr section { break-inside: avoid; }
  .cr-terms, .cr-terms math { font-size: 11px !important; } .cr .cr-terms th, .cr .cr-terms td { padding-right: 8px; }
  .cr-terms td.cr-bar { width: 70px; min-width: 70px; } .cr-formula math { font-size: 0.95em; }
  .cr-strip li { flex: 1 1 auto; min-width: 0; } .cr-strip, .cr-terms, .cr-plot, .cr-chip { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
  .cr > header { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
