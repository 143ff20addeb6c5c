import { closeSync, existsSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { systemFailure } from '../core/errors.ts'
import { bytesOf } from '../core/text.ts'

/** Writes this process's id and a line feed (nginx.md §10.2). Returns the complaint, or null. */
export function writePidFile(path: string): string | null {
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 })
    return null
  } catch (error) {
    return systemFailure(`open() "${bytesOf(path)}"`, error)
  }
}

/** Removes the pid file when it still names this process. */
export function removePidFile(path: string): void {
  try {
    if (readFileSync(path, 'latin1') === `${process.pid}\n`) unlinkSync(path)
  } catch {
    // Gone already, or not ours to remove.
  }
}

/** What is in a pid file: a process id, or the complaint in nginx's words. */
export function readPidFile(path: string): number | string {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch (error) {
    return systemFailure(`open() "${bytesOf(path)}"`, error)
  }
  const digits = text.trimEnd()
  const pid = /^\d{1,10}$/.test(digits) ? Number(digits) : 0
  return pid > 0 ? pid : `invalid PID number "${digits.slice(0, 32)}" in "${bytesOf(path)}"`
}

/** Whether a process with this id lives. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether the pid file can be written: the complaint in nginx's words, or null. Leaves nothing behind that was not there. */
export function checkPidFile(path: string): string | null {
  const there = existsSync(path)
  try {
    closeSync(openSync(path, 'a', 0o644))
    if (!there) unlinkSync(path)
    return null
  } catch (error) {
    return systemFailure(`open() "${bytesOf(path)}"`, error)
  }
}
