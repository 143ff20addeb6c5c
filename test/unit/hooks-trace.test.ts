/** Which hooks run, in which order, against 25 requests to httpd; and the same by hand for what httpd's recording does not show. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { engine } from './engine-kit.ts'
import type { Recorded } from './hooks-kit.ts'
import { ask, core, plain, tracer } from './hooks-kit.ts'

const cases: Recorded[] = readFileSync(new URL('../golden/hooks/httpd-trace.jsonl', import.meta.url), 'latin1').trim().split('\n').map((line) => JSON.parse(line))

/** Recorded cases that mean something else here, and why. */
const others: Record<string, string> = {
  'directory -> DirectoryIndex (lookup subrequest + fast redirect)': 'index looks at files and redirects internally (nginx); nothing is looked up by a subrequest',
  'SSI page: include virtual + include file (subrequests)': 'there are no subrequests for files; that for a URI is replayed below',
  'TRACE': 'answered with 405 before any phase (nginx)',
  'OPTIONS *': 'answered with 400 before any phase (nginx)',
  'path escapes root': 'a path is normalised before any phase (nginx)',
  'encoded slash': '%2F is a slash (nginx)',
  'output filters LUAUP;CASEFILTER': 'about filters',
  'method unknown': 'the static files answer it with 405, not 501; the same hooks run',
  'SetHandler server-info': 'a handler of httpd',
}

const conf = `root html; error_page 404 /err.html;
  if ($uri = /rw) { rewrite ^ /plain.txt; } if ($uri = /rwredir) { return 302 /plain.txt; } if ($uri = /gone) { return 410; }
  location / {} location /prot/ { need_user; } location /lh {} location = /plain.txt {}`

async function started(t: Parameters<typeof engine>[0], trace: string[], more = ''): ReturnType<typeof engine> {
  const e = await engine(t, conf + more, [tracer(trace), core()])
  for (const [name, text] of Object.entries({ 'plain.txt': 'hello\n', 'err.html': 'sorry\n', 'prot/p.txt': 'p\n' })) {
    mkdirSync(join(e.prefix, 'html', 'prot'), { recursive: true })
    writeFileSync(join(e.prefix, 'html', name), text)
  }
  return e
}

test('the hooks of recorded requests, in their order', async (t) => {
  const trace: string[] = []
  const e = await started(t, trace)
  let replayed = 0
  for (const c of cases) {
    if (others[c.case] !== undefined) continue
    trace.length = 0
    const { status } = await ask(e, c.request)
    // Lua's own handlers are noted by a line of their own, and what they answer hides the tracer's.
    const lua = c.case.startsWith('Lua handler')
    const expected = plain(c.hooks).filter((line) => !line.startsWith('* '))
    assert.deepEqual(lua ? trace.filter((line) => !line.startsWith('handler /lua')) : trace, expected.filter((line) => !lua || !line.startsWith('handler /lua')), c.case)
    if (status !== '') assert.equal(status.replace('302 Moved Temporarily', '302 Found'), c.status, c.case)
    replayed++
  }
  assert.equal(replayed + Object.keys(others).length, cases.length)
})

test('a subrequest runs the hooks of a request but header_parser, post_read_request and the log', async (t) => {
  const trace: string[] = []
  const e = await started(t, trace)
  const answer = await ask(e, 'GET /parts HTTP/1.0\r\n\r\n')
  assert.equal(answer.body, 'hello\n')
  const recorded = cases.find((c) => c.case.startsWith('SSI'))!
  const inner = plain(recorded.hooks).filter((line) => line.includes('/plain.txt [sub]'))
  assert.deepEqual(trace.filter((line) => line.endsWith('[sub]')), inner)
  assert.deepEqual(trace.at(-1), 'log_transaction status=200')
})
