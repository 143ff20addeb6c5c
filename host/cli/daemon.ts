import { spawn } from 'node:child_process'
import { closeSync, writeSync } from 'node:fs'

/** Names the descriptor on which a daemon tells its parent how the start went. */
const variable = 'VESPID_DAEMON_FD'
/** Ends what the daemon says when it serves; its end without this means that it failed. */
const readyMark = '\0'

/** The side of the daemon: what it may tell the process that started it; null when this process is no daemon. */
export function daemonParent(): { say(text: string): void, ready(): void } | null {
  const fd = Number(process.env[variable])
  delete process.env[variable]
  if (!(fd > 2)) return null
  let open = true
  const say = (text: string) => {
    if (!open) return
    try {
      writeSync(fd, text)
    } catch {
      // The parent has gone: the error log has it as well.
    }
  }
  const ready = () => {
    say(readyMark)
    open = false
    closeSync(fd)
  }
  return { say, ready }
}

/**
 * `daemon on`: starts the same command again in a session of its own and waits until it serves. Returns 0 then; what it says before goes to
 * standard error, and 1 is returned when it fails. `keepStderr` when the log goes there.
 */
export function becomeDaemon(keepStderr: boolean): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true, stdio: ['ignore', 'ignore', keepStderr ? 'inherit' : 'ignore', 'pipe'], env: { ...process.env, [variable]: '3' },
  })
  return new Promise((resolve) => {
    const pipe = child.stdio[3] as NodeJS.ReadableStream
    let serves = false
    pipe.on('data', (chunk: Buffer) => {
      const text = chunk.toString()
      const end = text.indexOf(readyMark)
      process.stderr.write(end < 0 ? text : text.slice(0, end))
      if (end >= 0) serves = true
    })
    child.once('error', (error) => {
      process.stderr.write(`vespid: [emerg] spawn() failed (${error.message})\n`)
      resolve(1)
    })
    pipe.on('end', () => {
      child.unref()
      resolve(serves ? 0 : 1)
    })
  })
}
