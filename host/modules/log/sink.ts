import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { OpenFile } from '../../core/logfile.ts'
import { systemFailure } from '../../core/errors.ts'

/** How a log file is buffered: bytes, flush interval in ms (0: only when full), gzip level (0: plain). */
export interface Buffering {
  readonly size: number
  readonly flush: number
  readonly gzip: number
}

/** Lines that no `buffer=` holds back are still gathered up to this many characters within one turn of the event loop. */
const batchLimit = 65536

/**
 * The lines on their way to one log file of this worker. Without `buffer=` they are written at the end of the turn of the event loop
 * in which they came, together; with it when the buffer is full, after `flush=`, and before the file is closed or opened again.
 */
export class LogSink {
  private readonly file: OpenFile
  buffering: Buffering | null = null
  private pending = ''
  private scheduled = false
  private timer: NodeJS.Timeout | null = null

  constructor(file: OpenFile) {
    this.file = file
    file.beforeClose = () => this.flush()
  }

  /** Takes a line (a byte string). Never throws, never waits. */
  write(line: string): void {
    const { buffering } = this
    if (buffering === null) {
      this.pending += line
      if (this.pending.length >= batchLimit) this.flush()
      else if (!this.scheduled) {
        this.scheduled = true
        setImmediate(flushSink, this)
      }
      return
    }
    if (this.pending.length + line.length > buffering.size) this.flush()
    this.pending += line
    if (this.pending.length > buffering.size) this.flush()
    else if (buffering.flush > 0 && this.timer === null) this.timer = setTimeout(flushSink, buffering.flush, this).unref()
  }

  /** Writes everything that is held. */
  flush(): void {
    this.scheduled = false
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (this.pending === '') return
    const data = Buffer.from(this.pending, 'latin1')
    this.pending = ''
    const level = this.buffering?.gzip ?? 0
    this.file.write(level > 0 ? gzipSync(data, { level }) : data)
  }
}

function flushSink(sink: LogSink): void {
  sink.flush()
}

const sinks = new WeakMap<OpenFile, LogSink>()

/** The sink of a file; one however many directives name the file. */
export function sinkOf(file: OpenFile): LogSink {
  let sink = sinks.get(file)
  if (sink === undefined) sinks.set(file, sink = new LogSink(file))
  return sink
}

/** Lines for files whose names were computed, by path; each file is opened once per turn of the event loop. */
const computed = new Map<string, { root: string, lines: string, complain: (message: string) => void }>()
let computedScheduled = false

/**
 * Takes a line for a file whose name depends on the request. As in nginx nothing is written when the request's document root does not
 * exist, so that made-up host names create no files. `complain` is told what failed.
 */
export function writeComputed(path: string, root: string, line: string, complain: (message: string) => void): void {
  const entry = computed.get(path)
  if (entry === undefined) computed.set(path, { root, lines: line, complain })
  else entry.lines += line
  if (computedScheduled) return
  computedScheduled = true
  setImmediate(flushComputed)
}

/** Writes what `writeComputed` took. */
export function flushComputed(): void {
  computedScheduled = false
  const entries = [...computed]
  computed.clear()
  for (const [path, { root, lines, complain }] of entries) appendTo(path, root, lines, complain)
}

function isDirectory(path: string): boolean {
  try {
    return statSync(Buffer.from(path, 'latin1')).isDirectory()
  } catch {
    return false
  }
}

function appendTo(path: string, root: string, lines: string, complain: (message: string) => void): void {
  if (path.includes('\0')) return
  if (!isDirectory(root)) return complain(`testing "${root}" existence failed`)
  let fd = -1
  try {
    fd = openSync(Buffer.from(path, 'latin1'), 'a', 0o644)
    writeSync(fd, Buffer.from(lines, 'latin1'))
  } catch (error) {
    complain(systemFailure(`open() "${path}"`, error))
  } finally {
    if (fd >= 0) closeSync(fd)
  }
}
