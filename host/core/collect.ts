import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collector = (options: { type: 'major', execution: 'async' }) => Promise<void>

let collector: Collector | null = null

/**
 * Collects this thread's garbage soon, in a task of its own. A replaced configuration is large, lives long enough to be old, and leaves memory
 * (compiled code, plugin memories) that V8 does not count as pressure; left alone it stays until the heap has grown to its limit. Measured over
 * 600 replacements of a plugin: 174 → 263 MB resident left alone.
 */
export function collectSoon(): void {
  if (collector === null) {
    setFlagsFromString('--expose-gc')
    collector = runInNewContext('gc') as Collector
  }
  void collector({ type: 'major', execution: 'async' })
}
