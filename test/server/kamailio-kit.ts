import { spawn } from 'node:child_process'
import { Server, site, until, vespid } from './kit.ts'
import type { StartOptions, Test } from './kit.ts'

/** Starts `vespid -f kamailio.cfg` with this text, as `start` of the kit does for the other language; `<port>` and `<prefix>` are replaced. */
export async function startScript(t: Test, text: string, options: StartOptions = {}): Promise<Server> {
  const place = options.site ?? site(t)
  await place.write('kamailio.cfg', text)
  for (const [name, content] of Object.entries(options.files ?? {})) await place.write(name, content)
  const child = spawn(vespid, ['-p', place.prefix, '-f', 'kamailio.cfg', ...options.args ?? []], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env }, cwd: place.prefix,
  })
  const server = new Server(place, child)
  t.after(async () => {
    child.kill('SIGKILL')
    await server.ended()
  })
  let over = false
  void server.ended().then(() => { over = true })
  await until(() => over || /^ready in /m.test(server.stderr), () => `not ready:\n${server.stderr}`)
  if (over) throw new Error(`the server did not start:\n${server.stderr}`)
  return server
}
