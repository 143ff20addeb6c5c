/**
 * Every configuration that nginx 1.31.5 was given with `-t` (test/golden/nginx/config.json): the same answer, word for word, with
 * vespid's name in nginx's place. Frames, notes and the errors after the first are vespid's own and not compared.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildCycle } from '../../host/conf/build.ts'
import { formatProblem } from '../../host/conf/report.ts'
import { ErrorLog } from '../../host/core/logfile.ts'
import { hostModules } from '../../host/modules/list.ts'
import { packageRoot } from '../../host/core/install.ts'
import { PluginStore } from '../../host/wasm/store.ts'
import { pluginsOf } from '../../host/worker/plugins.ts'

interface Case { name: string, conf: string, rc: number, stderr: string }

const recorded: Case[] = JSON.parse(readFileSync(new URL('../golden/nginx/config.json', import.meta.url), 'utf8'))

/** The shipped plugins, compiled once for all cases. */
const shipped = PluginStore.first(join(packageRoot, 'build/plugins'))

/** As root, nginx looks the user up; the recording was made as a user. */
const asRoot: Record<string, string> = {
  'user-nonroot': 'vespid: [emerg] getpwnam("nosuchuser") failed in <P>/user-nonroot.conf:1\n' +
    'vespid: configuration file <P>/user-nonroot.conf test failed\n',
}

function expected({ name, stderr }: Case): string {
  if (process.geteuid?.() === 0 && asRoot[name] !== undefined) return asRoot[name]
  return stderr.replace(/^nginx: /gm, 'vespid: ').replaceAll('/nginx', '/vespid')
}

/** What `-t` says about a configuration, the directory written `<P>`; of several errors only the first, as nginx stops there. */
function answer(folder: string, { name, conf }: Case): string {
  const confFile = `${folder}/${name}.conf`
  // The recording shortens the two overlong words: `…` stands for the rest of 5000 letters and the `;`.
  writeFileSync(confFile, conf.replace('…', `${'a'.repeat(5000)};\n`))
  const options = { prefix: `${folder}/`, confFile, errorLog: `${folder}/logs/error.log`, globals: '', test: true }
  const { cycle, syntaxOk, ok, parsed } = buildCycle(options, hostModules, pluginsOf(shipped.next(), {}, options), new ErrorLog())
  cycle.openFiles.closeAll()
  const lines = cycle.problems.map((problem) => formatProblem(problem, { frame: false }))
  if (syntaxOk) lines.splice(parsed, 0, `vespid: the configuration file ${confFile} syntax is ok\n`)
  const error = lines.findIndex((line) => line.startsWith('vespid: [emerg]'))
  const shown = error < 0 ? lines : lines.slice(0, error + 1)
  return shown.join('').concat(`vespid: configuration file ${confFile} test ${ok ? 'is successful' : 'failed'}\n`).replaceAll(folder, '<P>')
}

test('each recorded configuration is answered as nginx answers it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vespid-golden-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(`${folder}/logs`)
  for (const recordedCase of recorded) {
    const { name, rc } = recordedCase
    await t.test(name, () => {
      const wanted = expected(recordedCase)
      const said = answer(folder, recordedCase)
      assert.equal(said, wanted)
      if (asRoot[name] === undefined) assert.equal(said.endsWith('test failed\n') ? 1 : 0, rc)
    })
  }
})
