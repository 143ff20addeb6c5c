import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The directory of this installation, absolute, without a last slash: the checkout, or the package's directory. Whatever is shipped
 * (plugins, SDK, examples) is found from here, because the packaged host is one bundle in another directory than its sources.
 */
export const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)))

function findRoot(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json')) && existsSync(join(at, 'host/vespid'))) return at
    if (at === dirname(at)) return from
  }
}
