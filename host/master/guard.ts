import { Level } from '../core/log.ts'
import type { Log } from '../core/log.ts'
import { bytesOf } from '../core/text.ts'
import { ControlSocket, controlPath } from '../rpc/control.ts'
import type { Answerer } from '../rpc/control.ts'
import { checkPidFile, lives, readPidFile, removePidFile, writePidFile } from './pidfile.ts'

/**
 * The pid file and the control socket beside it. The socket is taken first and held to the end: whoever answers there is the one
 * server of this pid file.
 */
export class Guard {
  readonly #answer: Answerer
  #pid: string | null = null
  #socket: ControlSocket | null = null

  constructor(answer: Answerer) {
    this.#answer = answer
  }

  /** Path of the control socket; null when there is none. */
  get control(): string | null {
    return this.#socket?.path ?? null
  }

  /** Takes the control socket of a pid file; the complaint when another server has it or the place cannot be written. */
  async take(pidFile: string, log: Log): Promise<string | null> {
    const complaint = checkPidFile(pidFile)
    if (complaint !== null) return complaint
    try {
      this.#socket = await ControlSocket.listen(controlPath(pidFile), this.#answer)
    } catch (error) {
      return (error as Error).message
    }
    const pid = readPidFile(pidFile)
    if (typeof pid === 'number' && pid !== process.pid) {
      const state = lives(pid) ? 'which does not answer at its control socket' : 'which is gone'
      log.write(Level.notice, `pid file "${bytesOf(pidFile)}" named process ${pid}, ${state}: replaced`)
    }
    this.#pid = pidFile
    return null
  }

  /** Writes the pid file, once the server listens. */
  write(): string | null {
    return writePidFile(this.#pid!)
  }

  /** Another pid file after a reload: what cannot be moved stays where it is, with a line in the log. */
  async move(pidFile: string, log: Log): Promise<void> {
    if (pidFile === this.#pid) return
    const old = { pid: this.#pid, socket: this.#socket }
    const complaint = await this.take(pidFile, log) ?? this.write()
    if (complaint !== null) {
      log.write(Level.emerg, complaint)
      if (this.#socket !== old.socket) this.#socket?.close()
      this.#pid = old.pid
      this.#socket = old.socket
      return
    }
    old.socket?.close()
    if (old.pid !== null) removePidFile(old.pid)
  }

  /** Removes both. */
  release(): void {
    if (this.#pid !== null) removePidFile(this.#pid)
    this.#socket?.close()
    this.#socket = null
    this.#pid = null
  }
}
