/** Checks the messages of a configuration's mistakes, all in one run of `-t`. */
import assert from 'node:assert/strict'
import { run, site } from './kit.ts'
import type { Test } from './kit.ts'

/** Puts each text into a server{} of its own on its own line; the message of each, which must name that line, is as given. */
export async function assertMistakes(t: Test, mistakes: readonly (readonly [string, string])[]): Promise<void> {
  const place = site(t)
  await place.configure(`http {\n${mistakes.map(([text]) => `server { listen 127.0.0.1:<port>; ${text} }`).join('\n')}\n}`)
  const { stderr, code } = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
  const lines = [...stderr.matchAll(/^vespid: \[emerg\] (.*)$/gm)].map((match) => match[1])
  assert.deepEqual(lines, mistakes.map(([, message], i) => `${message} in ${place.prefix}/vespid.conf:${i + 2}`))
  assert.equal(code, 1)
}
