/** The pages' own style sheet. They load nothing. */
export const style = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5a6675;--line:#d8dee6;--ground:#f5f7fa;--sheet:#fff;--accent:#9a5b00;--mark:#fff3dc;--bad:#a4262c;--badground:#fdf0f0;--good:#1d6b3c}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9f0;--soft:#9aa6b5;--line:#323c49;--ground:#12171e;--sheet:#1a212b;--accent:#f0b04a;--mark:#352a14;--bad:#ff9a96;--badground:#33191b;--good:#7fd6a0}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
a{color:var(--accent);text-underline-offset:.15em}
a:focus-visible,input:focus-visible,button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25rem 1rem;padding:.9rem 1.25rem;background:var(--sheet);border-bottom:3px solid var(--accent)}
header a{font-weight:700;font-size:1.15rem;color:var(--ink);text-decoration:none}
header span{color:var(--soft);font-size:.9rem}
.page{display:grid;grid-template-columns:13rem minmax(0,1fr);gap:1.5rem;max-width:72rem;margin:0 auto;padding:1.25rem}
nav ul{list-style:none;margin:0;padding:0}
nav a{display:flex;justify-content:space-between;gap:.5rem;padding:.3rem .65rem;border-radius:.4rem;text-decoration:none;color:var(--ink)}
nav a:hover{background:var(--mark)}
nav a[aria-current]{background:var(--mark);font-weight:650;box-shadow:inset 3px 0 var(--accent)}
nav small{color:var(--soft);font-weight:400}
h1{font-size:1.45rem;line-height:1.25;margin:.1rem 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:1.6rem 0 .5rem}
code,pre,input{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.92em}
.commands{margin:0;padding:0;background:var(--sheet);border:1px solid var(--line);border-radius:.6rem;list-style:none}
.commands li{padding:.6rem .9rem;border-top:1px solid var(--line)}
.commands li:first-child{border-top:0}
.commands p{margin:.1rem 0 0;color:var(--soft);font-size:.92rem}
.usage{margin:0 0 1rem;color:var(--soft)}
.usage code{color:var(--ink)}
.tag{display:inline-block;margin-left:.4rem;padding:0 .45rem;border:1px solid currentColor;border-radius:1rem;color:var(--accent);font:600 .72rem/1.5 system-ui,sans-serif;vertical-align:.1em}
form,.result{background:var(--sheet);border:1px solid var(--line);border-radius:.6rem;padding:1rem}
label{display:block;margin:0 0 .85rem;font-weight:600}
label small{font-weight:400;color:var(--soft)}
input{display:block;width:100%;margin-top:.25rem;padding:.5rem .65rem;border:1px solid var(--line);border-radius:.4rem;background:var(--ground);color:var(--ink)}
button{padding:.5rem 1.4rem;border:0;border-radius:.4rem;background:var(--accent);color:var(--sheet);font:inherit;font-weight:650;cursor:pointer}
.hint{margin:-.4rem 0 .9rem;color:var(--soft);font-size:.87rem}
.result{margin-bottom:1.25rem;border-left:4px solid var(--good)}
.result h2{margin:0 0 .6rem}
.bad{border-left-color:var(--bad);background:var(--badground)}
.bad h2{color:var(--bad)}
.empty{margin:0;color:var(--soft)}
.told{margin:0}
.told+.told{margin-top:.4rem}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;tab-size:2}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.92rem}
th,td{padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}
tr:last-child>*{border-bottom:0}
th{color:var(--soft);font-weight:600;white-space:nowrap}
td.number{font-variant-numeric:tabular-nums}
@media(max-width:44rem){.page{grid-template-columns:1fr;gap:1rem;padding:.9rem}nav ul{display:flex;flex-wrap:wrap;gap:.3rem}nav a{border:1px solid var(--line)}nav a[aria-current]{box-shadow:none}button{width:100%}}
`
