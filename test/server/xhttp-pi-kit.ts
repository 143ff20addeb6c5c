import { DatabaseSync } from 'node:sqlite'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Visitor } from './kit.ts'

/** A file of the recordings. */
export function golden(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../golden/kamailio/${name}`, import.meta.url)), 'utf8')
}

/** The recordings' framework, for a database of ours. */
export function frameworkFor(url: string): string {
  return golden('configs/pi_framework_sqlite.xml').replace(/<db_url id="sq">.*?<\/db_url>/, `<db_url id="sq">${url}</db_url>`)
}

/** The recordings' configuration, on a port of ours. */
export function configuration(compat: 'strict' | 'safe'): string {
  return `listen=tcp:127.0.0.1:<port>
tcp_accept_no_cl=yes
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
loadmodule "xhttp_pi.so"
modparam("xhttp", "compat", "${compat}")
modparam("jsonrpcs", "transport", 1)
modparam("xhttp_pi", "framework", "<prefix>/framework.xml")
modparam("xhttp_pi", "compat", "${compat}")
event_route[xhttp:request] {
    if ($hu =~ "^/RPC") { jsonrpc_dispatch(); exit; }
    $var(xhttp_root) = $(hu{s.substr,0,3});
    if ($var(xhttp_root) == "/pi")
        dispatch_xhttp_pi();
    else
        xhttp_reply("200", "OK", "text/html",
            "<html><body>Wrong URL $hu</body></html>");
}
`
}

/** The table of the recordings, as SQL of any database here. */
export const createTable = (datetime: string): string => `create table subs (id integer primary key, username varchar(64), uri varchar(128), ipuri varchar(128), hp varchar(128),
  ip4p varchar(128), weight double precision, big bigint, flags integer, created ${datetime}, note varchar(255))`

/** Makes the recordings' database: two records. `text`: as they were for db_text. */
export function makeDatabase(prefix: string, text = false): void {
  const database = new DatabaseSync(join(prefix, 'pi.db'))
  database.exec(createTable('datetime'))
  const insert = database.prepare('insert into subs (id, username, uri, weight, big, flags, created, note) values (?, ?, ?, ?, ?, ?, ?, ?)')
  insert.run(1, 'alice', 'sip:alice@example.com', 1.5, text ? 9 : 9007199254740993n, 3, '2024-01-02 03:04:05', 'hello')
  insert.run(2, 'bob', text ? 'sip:bob@example.com' : 'sip:<b>&"x"\'y\' @z', 0, text ? 4294967295 : -1, 0, null, null)
  database.close()
}

/** All records, for a look behind the pages. */
export function records(prefix: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(prefix, 'pi.db'))
  try {
    const all = database.prepare('select * from subs order by id')
    all.setReadBigInts(true)
    return all.all().map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value])))
  } finally {
    database.close()
  }
}

/** What a page shows. */
export interface Look {
  readonly mods: readonly string[]
  readonly commands?: readonly string[]
  readonly cells?: readonly string[]
  readonly links?: readonly string[]
  readonly inputs?: readonly { readonly name: string, readonly value?: string, readonly options?: readonly (readonly string[])[] }[]
  readonly labels?: readonly string[]
}

const plain = (html: string): string => html.replace(/<[^>]*>/g, '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
const all = (html: string, pattern: RegExp): string[] => [...html.matchAll(pattern)].map((match) => plain(match[1]!))
const part = (html: string, pattern: RegExp): string | undefined => pattern.exec(html)?.[1]

/** Reads one of our pages (its bytes as UTF-8). */
export function look(html: string): Look {
  const mods = all(part(html, /<nav aria-label="Modules">(.*?)<\/nav>/s) ?? '', /<a [^>]*>(.*?)<\/a>/gs)
  const commands = part(html, /<nav class="commands"[^>]*>(.*?)<\/nav>/s)
  const message = part(html, /<p class="status[^>]*>(.*?)<\/p>/s)
  const table = part(html, /<table>(.*?)<\/table>/s)
  const form = part(html, /(<form.*?)<\/form>/s)
  const cells = table !== undefined ? all(table, /<t[hd][^>]*>(.*?)<\/t[hd]>/gs) : message !== undefined ? [plain(message)] : undefined
  return {
    mods, ...(commands === undefined ? {} : { commands: all(commands, /<a [^>]*>(.*?)<\/a>/gs) }),
    ...(cells === undefined ? {} : { cells, links: all(table ?? '', /<a href="([^"]*)"/g) }),
    ...(form === undefined ? {} : { inputs: inputs(form), labels: all(form.replace(/<label><b>[^<]*<\/b><input type="hidden".*?<\/label>/g, ''), /<b>(.*?)<\/b>/g) }),
  }
}

function inputs(form: string): Look['inputs'] {
  const found: { name: string, value?: string, options?: string[][] }[] = []
  for (const [, tag, attributes, text] of form.matchAll(/<(input|select|option)([^>]*)>([^<]*)/g)) {
    const value = plain(/ value="([^"]*)"/.exec(attributes!)?.[1] ?? '')
    if (tag === 'option') found.at(-1)!.options!.push([value, plain(text!)])
    else {
      const name = / name="([^"]*)"/.exec(attributes!)![1]!
      if (tag === 'select') found.push({ name, options: [] })
      else found.push({ name, ...(value === '' ? {} : { value }) })
    }
  }
  return found
}

/** Kamailio's sample framework, where its package puts it. */
export const sample = '/usr/share/doc/kamailio/examples/pi_framework/pi_framework.xml'

/** Fills the form of a page and sends it as a browser does: with the cookie and the token that came with it. */
export async function send(server: Visitor, path: string, values: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number, readonly body: string }> {
  const page = await server.get(path)
  const cookie = /^xhttp_pi=[0-9a-f]{32}/.exec(page.header('set-cookie') ?? '')![0]
  const token = /name="token" value="([0-9a-f]{32})"/.exec(page.body)![1]!
  const body = new URLSearchParams({ cmd: 'on', token, ...values }).toString()
  const response = await server.request('POST', path, { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: cookie, ...headers }, body)
  return { status: response.status, body: utf8(response.body) }
}

/** A body's bytes as text. */
export const utf8 = (body: string): string => Buffer.from(body, 'latin1').toString('utf8')
