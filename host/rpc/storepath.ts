/** `store_path` of a request: the answer is written to a file instead (kamailio.md §2.13), only beneath the directory that the configuration names. */
import { closeSync, constants, openSync, realpathSync, writeSync } from 'node:fs'
import { basename, dirname, resolve, sep } from 'node:path'

/** Stores an answer and gives the text for the caller, in Kamailio's layout. An empty `directory` stores nothing. */
export function stored(directory: string, path: string, answer: string, id: string | null): string {
  const done = directory !== '' && write(directory, path, answer)
  const tail = id === null ? '' : `,\n\t"id": ${id}`
  return done ? `{\n"jsonrpc": "2.0",\n\t"result": "Stored"${tail}\n}` :
    `{\n"jsonrpc": "2.0",\n\t"error": {\n\t\t"code": 500,\n\t\t"message": "Storing failed"\n\t}${tail}\n}`
}

/** Whether the file could be written: it must lie in the directory or below, and be no link and no device. */
function write(directory: string, path: string, answer: string): boolean {
  try {
    if (path.includes('\0')) return false
    const root = realpathSync(directory)
    const wished = resolve(directory, path)
    const folder = realpathSync(dirname(wished))
    if (folder !== root && !folder.startsWith(root.endsWith(sep) ? root : root + sep)) return false
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants
    const fd = openSync(`${folder}${sep}${basename(wished)}`, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o640)
    try {
      const bytes = Buffer.from(answer, 'utf8')
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
    } finally {
      closeSync(fd)
    }
    return true
  } catch {
    return false
  }
}
