// The pages: plain HTML that needs no scripts.
import { escape } from '@vespid/sdk/html'
import { Arguments } from './arguments'
import { Outcome, Filled, cellText, letter } from './commands'
import { Command, Framework, Kind, Mod, Type, Use, Validate } from './framework'
import { settings } from './settings'

/** The style of every page; `styleSource` names its hash. */
const style = ':root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--text:#1d2430;--soft:#5d6777;--line:#d9dee6;--accent:#1f5fbf;--on:#fff;--good:#16703f;--goodback:#e5f5ec;--bad:#a3262a;--badback:#fbe9e9}' +
  '@media(prefers-color-scheme:dark){:root{--back:#14171c;--card:#1d2128;--text:#e4e8ee;--soft:#9aa4b2;--line:#343b46;--accent:#7fb0ff;--on:#10141a;--good:#7fd6a4;--goodback:#14301f;--bad:#ff9a9c;--badback:#3a1a1c}}' +
  '*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;background:var(--back);color:var(--text)}a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}' +
  'header{background:var(--card);border-bottom:1px solid var(--line);padding:.8rem 1.5rem;display:flex;flex-wrap:wrap;gap:.3rem 1.5rem;align-items:baseline}h1{font-size:1.1rem;margin:0}h1 a{color:inherit}' +
  'nav{display:flex;flex-wrap:wrap;gap:.3rem}nav a{padding:.25rem .7rem;border-radius:999px}nav a[aria-current]{background:var(--accent);color:var(--on)}' +
  'main{max-width:80rem;margin:0 auto;padding:1.2rem 1.5rem}.commands{margin-bottom:1.2rem}.commands a{border:1px solid var(--line);background:var(--card)}.commands a[aria-current]{border-color:var(--accent)}' +
  '.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1.2rem 1.4rem;overflow-x:auto}h2{font-size:1.05rem;margin:0 0 1rem}h2 small{color:var(--soft);font-weight:normal}' +
  'table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.45rem .7rem;border-bottom:1px solid var(--line);vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere}th{color:var(--soft);font-size:.85rem;white-space:nowrap}th.number{text-align:right}td.number{text-align:right;font-variant-numeric:tabular-nums}' +
  'tbody tr:hover{background:var(--back)}fieldset{border:0;padding:0;margin:0 0 1rem}legend{padding:0;color:var(--soft);font-size:.85rem;margin-bottom:.4rem}label{display:grid;grid-template-columns:minmax(7rem,14rem) minmax(12rem,28rem);gap:.2rem 1rem;align-items:center;margin-bottom:.5rem}label b{font-weight:600;overflow-wrap:anywhere}label small{grid-column:2;color:var(--soft)}' +
  'input,select,output{font:inherit;color:inherit;background:var(--back);border:1px solid var(--line);border-radius:.35rem;padding:.4rem .6rem;width:100%}output{background:none;border-color:transparent;padding-left:0}input:focus,select:focus,button:focus,a:focus-visible{outline:2px solid var(--accent);outline-offset:1px}' +
  'button{font:inherit;font-weight:600;background:var(--accent);color:var(--on);border:0;border-radius:.35rem;padding:.5rem 1.2rem;cursor:pointer}button.danger{background:var(--bad)}.status{padding:.7rem 1rem;border-radius:.4rem;margin:0 0 1rem}.good{background:var(--goodback);color:var(--good)}.bad{background:var(--badback);color:var(--bad)}' +
  '.pages{display:flex;gap:1rem;margin-top:1rem;color:var(--soft)}.empty{color:var(--soft)}footer{color:var(--soft);font-size:.8rem;text-align:center;padding:1rem}@media(max-width:40rem){label{grid-template-columns:1fr}label small{grid-column:1}main,header{padding-left:.8rem;padding-right:.8rem}}'

/** The source of `style` for a policy: its SHA-256 (test/server/xhttp-pi.test.ts says when it is another). */
export const styleSource = 'sha256-EvZYMPxHvggga+5jFwOYCP4KwZwwvEcIifjargBxTaY='
/** A page under construction. */
class Content {
  private parts: string[] = []
  length: i32 = 0

  add(html: string): Content {
    this.parts.push(html)
    this.length += html.length
    return this
  }
  toString(): string { return this.parts.join('') }
}

function path(mod: Mod | null, command: Command | null): string {
  let at = '/' + settings.root
  if (mod !== null) at += '/' + encodeURIComponent(mod.name)
  if (command !== null) at += '/' + encodeURIComponent(command.name)
  return escape(at)
}

function link(to: string, text: string, current: bool): string {
  return `<a href="${to}"${current ? ' aria-current="page"' : ''}>${escape(text)}</a>`
}

/** The head of every page, up to its content. */
function begin(f: Framework, mod: Mod | null, command: Command | null): Content {
  const page = new Content()
  const what = command !== null ? `${mod!.name} ${command.name}` : mod !== null ? mod.name : 'Provisioning'
  page.add(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(what)} · Provisioning</title><style>${style}</style></head><body>`)
  page.add(`<header><h1><a href="${path(null, null)}">Provisioning</a></h1><nav aria-label="Modules">`)
  for (let i = 0; i < f.mods.length; i++) page.add(link(path(f.mods[i], null), f.mods[i].name, f.mods[i] === mod))
  page.add('</nav></header><main>')
  if (mod !== null) {
    page.add('<nav class="commands" aria-label="Commands">')
    for (let i = 0; i < mod.commands.length; i++) page.add(link(path(mod, mod.commands[i]), mod.commands[i].name, mod.commands[i] === command))
    page.add('</nav>')
  }
  return page
}

function end(page: Content): string { return page.add('</main><footer>xhttp_pi</footer></body></html>').toString() }

function status(page: Content, good: bool, message: string): void {
  if (message != '') page.add(`<p class="status ${good ? 'good' : 'bad'}" role="status">${escape(message)}</p>`)
}

/** The menu, or a module's; `message`: what is wrong. */
export function menuPage(f: Framework, mod: Mod | null, message: string): string {
  const page = begin(f, mod, null)
  status(page, false, message)
  if (message == '') page.add(`<p class="empty">${mod === null ? 'Choose what to look at.' : mod.commands.length == 0 ? 'There are no commands here.' : 'Choose a command.'}</p>`)
  return end(page)
}

function openCard(page: Content, command: Command): void {
  page.add(`<section class="card"><h2>${escape(command.name)} <small>${escape(command.table.name)}</small></h2>`)
}

/** A command's form. `token`: what proves that a change was asked for on this page. */
export function formPage(f: Framework, mod: Mod, command: Command, filled: Filled | null, token: string, message: string): string {
  const page = begin(f, mod, command)
  openCard(page, command)
  status(page, false, message)
  const post = command.writes && !settings.strict
  page.add(`<form method="${post ? 'post' : 'get'}" action="${path(mod, command)}"><input type="hidden" name="cmd" value="on">`)
  if (post) page.add(`<input type="hidden" name="token" value="${token}">`)
  fields(page, 'Clause', command.clauses, true, filled === null ? null : filled.clauses)
  if (command.writes) fields(page, 'Values', command.columns, false, filled === null ? null : filled.values)
  page.add(`<button${command.kind == Kind.Delete ? ' class="danger"' : ''}>${buttons[command.kind]}</button></form></section>`)
  return end(page)
}

const buttons = ['Show', 'Add', 'Save', 'Delete', 'Replace']

function fields(page: Content, title: string, uses: Use[], clause: bool, filled: string[] | null): void {
  if (uses.length == 0) return
  page.add(`<fieldset><legend>${title}</legend>`)
  for (let i = 0; i < uses.length; i++) {
    const value = filled !== null && i < filled.length ? filled[i] : ''
    field(page, uses[i], clause ? i.toString() : letter(i), clause ? ' ' + uses[i].operator : '', value)
  }
  page.add('</fieldset>')
}

function field(page: Content, use: Use, name: string, operator: string, value: string): void {
  page.add(`<label><b>${escape(use.field + operator)}</b>`)
  if (use.values.length == 1) {
    page.add(`<input type="hidden" name="${name}" value="${escape(use.values[0])}"><output>${escape(use.labels[0])}</output></label>`)
    return
  }
  if (use.values.length > 1) {
    page.add(`<select name="${name}">`)
    for (let i = 0; i < use.values.length; i++) {
      page.add(`<option value="${escape(use.values[i])}"${use.values[i] == value ? ' selected' : ''}>${escape(use.labels[i])}</option>`)
    }
    page.add('</select></label>')
    return
  }
  page.add(`<input type="text" name="${name}" value="${escape(value)}"${isNumeric(use.column.type) ? ' inputmode="decimal"' : ''}${use.column.isText && operator == '' ? '' : ' required'} autocomplete="off">`)
  const hint = hintOf(use)
  if (hint != '') page.add(`<small>${hint}</small>`)
  page.add('</label>')
}

function isNumeric(type: Type): bool { return type == Type.Int || type == Type.Bigint || type == Type.Bitmap || type == Type.Double }

function hintOf(use: Use): string {
  switch (use.column.validate) {
    case Validate.Uri: return 'SIP URI, for example sip:alice@example.com'
    case Validate.UriIpv4Host: return 'SIP URI with an IPv4 address, for example sip:192.0.2.1:5060'
    case Validate.HostPort: return '[protocol:]host[:port]'
    case Validate.Ipv4Port: return '[protocol:]IPv4 address[:port]'
    case Validate.Ipv4: return 'IPv4 address'
    default: return use.column.type == Type.Datetime ? 'YYYY-MM-DD HH:MM:SS' : ''
  }
}

/** What came of a command; `page` and `args` are for links to the neighbouring pages. Empty when it would be longer than it may. */
export function resultPage(f: Framework, mod: Mod, command: Command, outcome: Outcome, number: i32, args: Arguments): string {
  const page = begin(f, mod, command)
  openCard(page, command)
  status(page, outcome.done, outcome.message)
  const rows = outcome.rows
  if (rows !== null) {
    const most = settings.buffer > 0 ? settings.buffer : 8 << 20
    page.add('<table><thead><tr>')
    for (let i = 0; i < command.columns.length; i++) page.add(`<th${isNumeric(command.columns[i].column.type) ? ' class="number"' : ''}>${escape(command.columns[i].field)}</th>`)
    page.add('</tr></thead><tbody>')
    const count = min(rows.count, settings.page)
    for (let row = 0; row < count; row++) {
      page.add('<tr>')
      for (let i = 0; i < command.columns.length; i++) {
        const use = command.columns[i]
        const text = cellText(rows, row, i, use.column)
        const shown = escape(text)
        page.add(isNumeric(use.column.type) ? '<td class="number">' : '<td>')
        if (use.link != '') page.add(`<a href="${path(mod, mod.command(use.link))}?cmd=pre&amp;${escape(encodeURIComponent(use.field))}=${escape(encodeURIComponent(text))}">${shown}</a></td>`)
        else page.add(`${shown}</td>`)
      }
      page.add('</tr>')
      if (page.length > most) return ''
    }
    page.add('</tbody></table>')
    if (rows.count == 0) page.add('<p class="empty">No records.</p>')
    pages(page, mod, command, rows.count > settings.page, number, args)
  }
  return end(page.add('</section>'))
}

/** Links to the pages before and behind. */
function pages(page: Content, mod: Mod, command: Command, more: bool, number: i32, args: Arguments): void {
  if (!more && number == 0) return
  let query = 'cmd=on'
  for (let i = 0; i < command.clauses.length; i++) {
    const value = args.given(i.toString())
    query += `&amp;${i}=${value === null ? '' : escape(encodeURIComponent(value))}`
  }
  page.add('<nav class="pages" aria-label="Pages">')
  if (number > 0) page.add(`<a rel="prev" href="${path(mod, command)}?${query}&amp;page=${number}">← Previous</a>`)
  page.add(`<span>Page ${number + 1}</span>`)
  if (more) page.add(`<a rel="next" href="${path(mod, command)}?${query}&amp;page=${number + 2}">Next →</a>`)
  page.add('</nav>')
}
