/** What the tables of configurations share: the first thing that `-t` says about a text. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { buildCycle } from '../../host/conf/build.ts'
import { packageRoot } from '../../host/core/install.ts'
import { ErrorLog } from '../../host/core/logfile.ts'
import { hostModules } from '../../host/modules/list.ts'
import { PluginStore } from '../../host/wasm/store.ts'
import { pluginsOf } from '../../host/worker/plugins.ts'

/** A text, and the first error that it gets, else its first warning, else `ok`; the file is written `F`. */
export type Row = readonly [text: string, said: string]

/** Files beside the configuration, by name, and what `-g` says. */
export interface Around { readonly files?: Readonly<Record<string, string>>, readonly globals?: string }

const shipped = PluginStore.first(join(packageRoot, 'build/plugins'))

/** The problems of a configuration in `folder`, as `[level] message in F:LINE`. */
export function problems(folder: string, text: string, { files = {}, globals = '' }: Around = {}): string[] {
  const confFile = `${folder}/c.conf`
  writeFileSync(confFile, text)
  for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content)
  const options = { prefix: `${folder}/`, confFile, errorLog: `${folder}/logs/error.log`, globals, test: true }
  const { cycle } = buildCycle(options, hostModules, pluginsOf(shipped.next(), {}, options), new ErrorLog())
  cycle.openFiles.closeAll()
  return cycle.problems.map(({ level, error }) =>
    // Without `listen` a user who may not have port 80 gets 8000, as from nginx.
    `[${level}] ${Buffer.from(error.line, 'latin1').toString('utf8')}`.replaceAll('0.0.0.0:8000', '0.0.0.0:80')
      .replaceAll(confFile, 'F').replaceAll(folder, 'P'))
}

/** One test of a table: each text, put where `wrap` puts it, is answered as the row tells. */
export function table(name: string, wrap: (text: string) => string, rows: readonly Row[], around: Around = {}): void {
  test(name, () => {
    for (const [text, said] of rows) {
      const all = problems(place(), wrap(text), around)
      const first = all.find((line) => line.startsWith('[emerg]')) ?? all[0] ?? 'ok'
      assert.equal(first, said, text)
    }
  })
}

let folder = ''
/** The folder of this file's tests, with `logs/` in it. */
export const place = (): string => folder

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vespid-answers-'))
  mkdirSync(`${folder}/logs`)
})
after(() => rmSync(folder, { recursive: true }))

/** The text alone. */
export const alone = (text: string): string => text
/** The text in `http{}`, from line 3 on. */
export const inHttp = (text: string): string => `events{}\nhttp{\n${text}\n}\n`
/** The text in `server{}`, from line 4 on. */
export const inServer = (text: string): string => inHttp(`server{\n${text}\n}`)
/** The text in `location / {}`, from line 5 on. */
export const inLocation = (text: string): string => inServer(`location / {\n${text}\n}`)
/** The text in `upstream u {}`, from line 4 on. */
export const inUpstream = (text: string): string => inHttp(`upstream u {\n${text}\n}`)
