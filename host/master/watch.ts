import { existsSync, openSync, closeSync, readSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { join } from 'node:path'

/** A file counts as complete when it has not changed for this long, in milliseconds. */
const settle = 150
/** A directory in which files never stop changing is looked at all the same after this long. */
const longest = 5000

/**
 * Watches plugin directories (`plugins DIR watch;`) and calls `changed` with the paths of the `*.wasm` files that came, changed or went,
 * once they are complete: of unchanged size and time for a while, and beginning as a WebAssembly file does.
 */
export class PluginWatch {
  readonly #changed: (paths: readonly string[]) => void
  readonly #watchers = new Map<string, FSWatcher>()
  /** What changed files looked like when last seen; '' when gone. */
  readonly #pending = new Map<string, string>()
  #timer: NodeJS.Timeout | null = null
  #since = 0

  constructor(changed: (paths: readonly string[]) => void) {
    this.#changed = changed
  }

  /** Watches exactly these directories from now on. */
  use(directories: readonly string[]): void {
    for (const [directory, watcher] of this.#watchers) {
      if (directories.includes(directory)) continue
      watcher.close()
      this.#watchers.delete(directory)
    }
    for (const directory of directories) {
      if (this.#watchers.has(directory)) continue
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        if (name !== null && name.endsWith('.wasm') && !name.startsWith('.')) this.#note(join(directory, name))
      })
      watcher.on('error', () => watcher.close())
      this.#watchers.set(directory, watcher)
    }
  }

  close(): void {
    this.use([])
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #note(path: string): void {
    if (this.#pending.size === 0) this.#since = Date.now()
    this.#pending.set(path, look(path))
    this.#wait()
  }

  #wait(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#check(), settle)
  }

  #check(): void {
    let quiet = true
    for (const [path, before] of this.#pending) {
      const now = look(path)
      if (now === before) continue
      this.#pending.set(path, now)
      quiet = false
    }
    if (!quiet && Date.now() - this.#since < longest) return this.#wait()
    const ready = [...this.#pending.keys()].filter((path) => !existsSync(path) || isComplete(path))
    this.#pending.clear()
    if (ready.length > 0) this.#changed(ready)
  }
}

/** What tells one state of a file from another. */
function look(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
}

/** Whether the file begins as a WebAssembly file; one that is empty or begins otherwise is taken to be on its way. */
function isComplete(path: string): boolean {
  const head = Buffer.alloc(8)
  try {
    const fd = openSync(path, 'r')
    const length = readSync(fd, head, 0, 8, 0)
    closeSync(fd)
    return length === 8 && head.readUInt32BE(0) === 0x0061736d
  } catch {
    return false
  }
}
