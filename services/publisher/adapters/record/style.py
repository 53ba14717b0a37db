"""How the record looks: one sheet, no script, no font from elsewhere."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1b1f24; --soft: #59616b; --line: #dcd9d2;
  --accent: #0b5563; --mark: #8a3b12; --mark-paper: #fdf3ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1c2024; --ink: #e9e7e2; --soft: #a5acb5; --line: #343a41;
    --accent: #7cc7d4; --mark: #f0a878; --mark-paper: #2b211b;
  }
}
* { box-sizing: border-box; }
html { font-size: 106.25%; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink); line-height: 1.6;
  font-family: ui-serif, Charter, "Bitstream Charter", "Noto Serif", "Noto Serif Sinhala", "Noto Serif Tamil",
    Georgia, serif;
}
.skip, .unseen { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; }
header, main, footer { max-width: 44rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3.5rem; padding-bottom: 1.5rem; }
h2 { font-weight: 400; line-height: 1.6; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; text-wrap: balance; }
.over, .meta, .note, .hint, nav, footer, .chip, .empty {
  font-family: ui-sans-serif, system-ui, "Noto Sans", "Noto Sans Sinhala", "Noto Sans Tamil", sans-serif;
}
.over { margin: 0 0 .5rem; color: var(--accent); font-size: .82rem; font-weight: 600; letter-spacing: .08em;
  text-transform: uppercase; }
.lead { margin: 0; color: var(--soft); max-width: 36rem; }
a { color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: .07em; }
a:focus-visible { outline: .18rem solid var(--accent); outline-offset: .2rem;
  border-radius: .15rem; }
ol.entries { list-style: none; margin: 0; padding: 0; }
article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1.4rem 1.5rem 1.1rem;
  margin: 0 0 1.1rem; }
article.retracted { background: transparent; border-style: dashed; }
.meta { display: flex; flex-wrap: wrap; gap: .3rem .9rem; align-items: baseline; margin: 0; font-size: .84rem;
  color: var(--soft); }
.meta a { padding: .1rem 0; }
.meta.below { margin-top: .9rem; }
.chip { font-size: .76rem; border: 1px solid var(--line); border-radius: 1rem; padding: .05rem .6rem; }
.words { margin: .6rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 1.06rem; }
.first { margin-top: 1rem; padding-top: .8rem; border-top: 1px solid var(--line); }
.first .words { font-size: .98rem; }
del { color: var(--soft); text-decoration-color: var(--mark); text-decoration-thickness: .08em; }
ins { text-decoration: none; }
.note { margin: .9rem 0 0; font-size: .86rem; font-weight: 600; color: var(--mark); }
.corrected > .note { margin-top: .6rem; background: var(--mark-paper); border-radius: .3rem; padding: .3rem .7rem; }
dl { margin: 1.1rem 0 .4rem; font-family: ui-sans-serif, system-ui, sans-serif; font-size: .92rem; }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .35rem 0; border-top: 1px solid var(--line); }
dt { flex: 0 0 15rem; color: var(--soft); }
dd { flex: 1 1 14rem; margin: 0; overflow-wrap: anywhere; }
form { margin: 0 0 1.6rem; padding: 1rem 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
label { font-weight: 600; color: var(--ink); font-size: 1rem; }
.hint { margin: .1rem 0 .6rem; }
.asked { display: flex; flex-wrap: wrap; gap: .5rem .8rem; margin: 0; }
input, button { font: inherit; color: inherit; padding: .35rem .7rem; border: 1px solid var(--soft);
  border-radius: .35rem; background: var(--card); }
input { flex: 1 1 14rem; min-width: 0; }
button { cursor: pointer; color: var(--accent); border-color: var(--accent); }
input:focus-visible, button:focus-visible { outline: .18rem solid var(--accent); outline-offset: .1rem; }
.empty { color: var(--soft); padding: 2rem 0; }
nav { padding: .6rem 0 0; font-size: .95rem; }
footer { color: var(--soft); font-size: .84rem; padding-top: 2.2rem; padding-bottom: 3.5rem; }
footer ul { list-style: none; padding: 0; margin: 0 0 1rem; display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; }
@media print { body { background: none; } article { break-inside: avoid; border-color: #999; } nav { display: none; } }
"""
