/** What Kamailio 5.6.3's xhttp_rpc answered, replayed with `compat strict` (test/golden/kamailio/xhttp_rpc.jsonl). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startScript } from './kit.ts'
import type { Server } from './kit.ts'

/** One exchange as it was recorded. */
interface Recorded {
  readonly id: string
  readonly input: string
  readonly output: string
}

const golden = (name: string): string => readFileSync(fileURLToPath(new URL(`../golden/kamailio/${name}`, import.meta.url)), 'utf8')
const records = golden('xhttp_rpc.jsonl').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded)
const configuration = golden('configs/xhttp-rpc.cfg').replace(/^listen=.*$/m, 'listen=tcp:127.0.0.1:<port>')
  .replace('request_route', 'modparam("xhttp|xhttp_rpc", "compat", "strict")\nrequest_route')

/** Groups of Kamailio's that are not there, and groups of ours: nobody looks for them by their place in a menu. */
const menuCell = /<td>(<b>)?<a href='\/http_rpc\/(\w+)'>\w+<\/a>(<\/b>)?<td>\n/g
const shared = new Set(['core', 'htable', 'mod', 'pkg', 'pv', 'sl', 'stats', 'system'])

/** Commands of group core that Kamailio has and vespid has not. */
const missing: readonly string[] = ['core.udp4_raw_info']

interface Page { readonly head: string, readonly content: string }

/** The head without what has to differ, and what stands between `<center>` and its end; the rest of the page is our own. */
function pageOf(answer: string): Page {
  const end = answer.indexOf('\r\n\r\n')
  const head = answer.slice(0, end).replace(/^Sia: .*\r\n/m, '').replace(/^Server: .*\r\n/m, '')
    .replace(/^Content-Length: \d+$/m, 'Content-Length: <n>')
  const body = answer.slice(end + 4)
  const content = /<center>\n[^]*<\/center>/.exec(body)?.[0] ?? body
  return { head, content: content.replace(menuCell, (cell, _b, group: string) => shared.has(group) ? cell : '') }
}

const row = /<tr>\n   <td width="10%"><a href='\/http_rpc\/core\/[\w.]+'>([\w.]+)<\/a><\/td>\n([^]*?)<\/tr>\n/g

/** A recorded list of commands with other names in it: each row keeps what stands beside the name, and behind the last all are as that. */
function withNames(content: string, names: readonly string[]): string {
  const beside = [...content.matchAll(row)].map(([, , cell]) => cell!)
  const rows = names.map((name, i) =>
    `<tr>\n   <td width="10%"><a href='/http_rpc/core/${name}'>${name}</a></td>\n${beside[i] ?? beside.at(-1)}</tr>\n`)
  const first = content.search(row)
  return content.slice(0, first) + rows.join('') + content.slice(content.lastIndexOf('</tr>\n') + 6)
}

/** Results whose values are of the moment or of the program: the names in them have to be the same. */
const volatile = new Set([
  'exec-noarg', 'exec-otherparam', 'exec-psx', 'exec-stats', 'exec-stats-all-head', 'exec-tcp_list', 'exec-list',
])

/** The names of a result's members, each once. */
function members(content: string): string[] {
  const text = /<pre>([^]*)<\/pre>/.exec(content)?.[1] ?? ''
  const lines = text.split('<br/>').filter((line) => /^\t*[\w.:]+(?:: | = )/.test(line))
  return [...new Set(lines.map((line) => line.replace(/(: | = ).*/, '')))]
}

const around = (content: string): string => content.replace(/<pre>[^]*<\/pre>/, '<pre></pre>')

/** Records that are answered otherwise on purpose: the head's first line and the result. */
const onPurpose: Readonly<Record<string, readonly [string, RegExp]>> = {
  // The words of our own command.
  'exec-help': ['HTTP/1.1 200 OK', /^core\.version: [^<]+<br\/>$/],
  // Kamailio cannot print unsigned numbers here.
  'exec-pkg': ['HTTP/1.1 200 OK', /^entry: 0<br\/>pid: \d+<br\/>rank: -?\d+<br\/>used: \d+<br\/>/],
}

async function replay(server: Server, { id, input, output }: Recorded): Promise<void> {
  const client = await server.connect()
  // Answers end nothing here: another request behind it is answered by the route.
  client.write(`${input}GET /probe HTTP/1.1\r\nHost: a\r\n\r\n`)
  const all = await client.until('Wrong URL /probe</body></html>')
  client.close()
  const given = pageOf(all.slice(0, all.lastIndexOf('HTTP/1.1 ')))
  const expected = pageOf(output)
  const other = onPurpose[id]
  if (other !== undefined) {
    assert.equal(given.head.slice(0, given.head.indexOf('\r\n')), other[0])
    assert.match(/<pre>([^]*)<\/pre>/.exec(given.content)![1]!, other[1])
    return
  }
  assert.equal(given.head, expected.head)
  const names = [...given.content.matchAll(row)].map(([, name]) => name!)
  if (names.length > 1) {
    const theirs = [...expected.content.matchAll(row)].map(([, name]) => name!)
    assert.deepEqual(theirs.filter((name) => !names.includes(name)), missing)
    assert.equal(given.content, withNames(expected.content, names))
  } else if (volatile.has(id)) {
    assert.equal(around(given.content), around(expected.content))
    assert.deepEqual(members(given.content), members(expected.content))
  } else assert.equal(given.content, expected.content)
}

test('recorded', async (t) => {
  const server = await startScript(t, configuration)
  for (const record of records) await t.test(record.id, () => replay(server, record))
})
