/** The error log's files and lines (nginx.md §9). */
import { closeSync, openSync, writeSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { systemFailure } from './errors.ts'
import { levelNames } from './log.ts'
import type { Level, Log, LogContext } from './log.ts'
import { bytesOf } from './text.ts'

/** A line of the error log, its line feed included, has at most this many bytes (nginx's NGX_MAX_ERROR_STR). */
const LONGEST = 2048

/** A file that is only appended to, or, with the path `stderr`, the standard error stream. */
export class OpenFile {
  readonly path: string
  /** Called before the file is closed or opened again: whoever holds lines back writes them now. */
  beforeClose: (() => void) | null = null
  #fd = -1

  constructor(path: string) {
    this.path = path
    if (path === 'stderr') this.#fd = 2
  }

  /** Opens, or opens again (after a rotation): the old file is kept when that fails. Returns the complaint, or null. */
  open(): string | null {
    if (this.path === 'stderr') return null
    try {
      const fd = openSync(this.path, 'a', 0o644)
      this.close()
      this.#fd = fd
      return null
    } catch (error) {
      return systemFailure(`open() "${bytesOf(this.path)}"`, error)
    }
  }

  /** Appends bytes at once; what cannot be written is lost. Never throws. */
  write(data: Buffer): void {
    if (this.#fd < 0) return
    try {
      writeSync(this.#fd, data)
    } catch {
      // A full disk, a closed pipe: there is nobody left to tell.
    }
  }

  /** Closes the file; later writes are lost. The standard error stream stays open. */
  close(): void {
    if (this.#fd >= 0) this.beforeClose?.()
    if (this.#fd <= 2) return
    try {
      closeSync(this.#fd)
    } catch {
      // Closed by someone else.
    }
    this.#fd = -1
  }
}

/** The log files of one cycle, one per path. */
export class OpenFiles {
  readonly #files = new Map<string, OpenFile>()

  /** The file of this absolute path (or `stderr`), not opened yet unless it was asked for before `openAll`. */
  get(path: string): OpenFile {
    let file = this.#files.get(path)
    if (file === undefined) {
      file = new OpenFile(path)
      this.#files.set(path, file)
    }
    return file
  }

  /** Opens all files, or opens them again (USR1); returns the complaints. */
  openAll(): string[] {
    const failures: string[] = []
    for (const file of this.#files.values()) {
      const failure = file.open()
      if (failure !== null) failures.push(failure)
    }
    return failures
  }

  /** Closes all files. */
  closeAll(): void {
    for (const file of this.#files.values()) file.close()
  }
}

/** An error log with any number of outputs, each with its own level. Without outputs it is silent. */
export class ErrorLog implements Log {
  level = 0
  readonly #outputs: { file: OpenFile, level: number }[] = []

  /** Adds an output that takes lines up to `level`. */
  add(file: OpenFile, level: number): void {
    this.#outputs.push({ file, level })
    if (level > this.level) this.level = level
  }

  /** Whether one of the outputs is the standard error stream. */
  get toStderr(): boolean {
    return this.#outputs.some((output) => output.file.path === 'stderr')
  }

  /** Makes every output take lines up to `level` (the `core.log_level` command). */
  setLevel(level: number): void {
    for (const output of this.#outputs) output.level = level
    this.level = level
  }

  /** How many outputs there are. */
  get outputs(): number {
    return this.#outputs.length
  }

  write(level: Level, message: string, who?: LogContext): void {
    if (level > this.level) return
    const line = formatLine(level, message, who)
    for (const output of this.#outputs) if (level <= output.level) output.file.write(line)
  }
}

/** An error log that writes to the standard error stream. */
export function stderrLog(level: Level): ErrorLog {
  const log = new ErrorLog()
  log.add(new OpenFile('stderr'), level)
  return log
}

let stampSecond = -1
let stamp = ''

/** `YYYY/MM/DD HH:MM:SS` of now, local time; made once a second. */
function timestamp(): string {
  const now = new Date()
  const second = Math.floor(now.getTime() / 1000)
  if (second !== stampSecond) {
    const two = (n: number): string => n < 10 ? `0${n}` : String(n)
    stampSecond = second
    stamp = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())} ` +
      `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
  }
  return stamp
}

const control = /[^\t -~\u0080-\uffff]/g

/**
 * `YYYY/MM/DD HH:MM:SS [level] PID#THREAD: *CONNECTION message…`; control characters, which could forge a line, become
 * `\xHH`.
 */
export function formatLine(level: Level, message: string, who?: LogContext): Buffer {
  let text = who === undefined ? message : message + who.logSuffix()
  if (text.search(control) >= 0) {
    text = text.replace(control, (c) => `\\x${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
  }
  const serial = who === undefined || who.logSerial === 0 ? '' : `*${who.logSerial} `
  const line = `${timestamp()} [${levelNames[level]}] ${process.pid}#${threadId}: ${serial}${text}`
  const bytes = /[\u0100-\uffff]/.test(line) ? bytesOf(line) : line
  return Buffer.from(bytes.length >= LONGEST ? `${bytes.slice(0, LONGEST - 1)}\n` : `${bytes}\n`, 'latin1')
}
