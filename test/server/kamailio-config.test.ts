/** The recorded start-ups of Kamailio (test/golden/kamailio/config.jsonl), built as `vespid -t -f` builds them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ErrorLog } from '../../host/core/logfile.ts'
import { buildConfiguration } from '../../host/modules/kamailio/build.ts'
import { hostModules } from '../../host/modules/list.ts'
import { pluginsOf } from '../../host/worker/plugins.ts'
import { PluginStore } from '../../host/wasm/store.ts'
import { site } from './kit.ts'
import { recorded } from '../unit/kamailio-kit.ts'

const shipped = fileURLToPath(new URL('../../build/plugins', import.meta.url))
const index = JSON.parse(readFileSync(`${shipped}/index.json`, 'utf8')) as Record<string, { functions?: string[] } | undefined>

/** What a refusal must name. */
const culprits: Record<string, RegExp> = {
  'loadmodule-missing': /^could not find module "nosuch"$/,
  'modparam-unknown-param': /^parameter "nope" not found in module "xhttp"$/,
  'modparam-not-loaded': /^no module matching "nosuch" is loaded$/,
  'modparam-wrong-type': /^parameter "url_match" of module "xhttp" is a text$/,
  'modparam-int-as-string': /^parameter "transport" of module "jsonrpcs" is a number$/,
  'bad-regex-url_match': /"\("/,
  'unknown-core-param': /"nosuchparam"/,
  'include-missing': /"nope\.cfg"/,
  'loadmodule-unquoted': /"pv"/,
}
/** Started here, refused there: docs/kamailio.md. */
const kinder = ['subst-in-listen-quoted', 'listen-quoted', 'ifdef-no-final-newline', 'xlog-without-module', 'tcp_socket-on-5.6']
/** Refused by their modules when the server starts. */
const atStart = ['fifo_reply_dir-missing', 'fifo_user-unknown', 'dgram-udp-low-port', 'dgram-short', 'xhttp_pi-no-framework', 'xhttp_prom-timeout-negative']

test('recorded configurations start or are refused for the same reason', async (t) => {
  const place = site(t)
  await place.write('inc.cfg', '#!define FROMINC "inc-value"\nroute[INCR] { return 3; }\n')
  await place.write('sub/nest.cfg', 'include_file "deep.cfg"\n')
  await place.write('sub/deep.cfg', 'route[INC2] { return 4; }\n')
  process.env['MYENV'] = '123'
  t.after(() => { delete process.env['MYENV'] })
  const wrong: string[] = []
  let looked = 0
  for (const { id, config, output } of recorded('config.jsonl')) {
    const plugins = [...config.matchAll(/loadmodule\s+"((?:xhttp|jsonrpcs|microhttpd)\w*)\.so"/g)].map((match) => match[1]!)
    if (atStart.includes(id) || plugins.some((plugin) => (index[plugin]?.functions ?? []).length === 0)) continue
    looked++
    const file = await place.write('t.cfg', config)
    const options = { prefix: `${place.prefix}/`, confFile: file, errorLog: 'stderr', globals: '', test: true, script: { defines: [['FROMCLI', '77']] as const } }
    const { ok, cycle } = buildConfiguration(options, hostModules, pluginsOf(PluginStore.first(shipped), {}, options), new ErrorLog())
    cycle.openFiles.closeAll()
    const errors = cycle.problems.filter(({ level }) => level === 'emerg').map(({ error }) => error.message)
    const starts = output !== 'START FAILED' || kinder.includes(id)
    if (ok !== starts) wrong.push(`${id}: ${ok ? 'starts' : errors.join('; ')}`)
    else if (culprits[id] !== undefined && !culprits[id].test(errors[0] ?? '')) wrong.push(`${id}: ${errors.join('; ')}`)
  }
  assert.deepEqual(wrong, [])
  assert.ok(looked >= 68, String(looked))
})
