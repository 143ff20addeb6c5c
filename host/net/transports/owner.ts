import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import type { Owner } from './spec.ts'

/** The id of a user or group: a number, or a name that is looked up in the system's table; throws when it is not there. */
function idOf(name: string, table: '/etc/passwd' | '/etc/group'): number {
  if (/^\d+$/.test(name)) return Number(name)
  const line = readFileSync(table, 'latin1').split('\n').map((l) => l.split(':')).find((fields) => fields.length > 2 && fields[0] === name)
  if (line === undefined) throw new Error(`there is no ${table === '/etc/group' ? 'group' : 'user'} "${name}"`)
  return Number(line[2])
}

/** Gives a file its owner and mode; the owner first, because chown takes bits away. */
export function applyOwner(path: string, { mode, user, group }: Owner): void {
  const uid = user === null ? -1 : idOf(user, '/etc/passwd')
  const gid = group === null ? -1 : idOf(group, '/etc/group')
  if (uid !== -1 || gid !== -1) {
    const now = lstatSync(path)
    chownSync(path, uid === -1 ? now.uid : uid, gid === -1 ? now.gid : gid)
  }
  chmodSync(path, mode)
}

/** Removes what an earlier server left at a path; throws when another kind of file has the name. */
export function clearPath(path: string, kind: 'fifo' | 'socket'): void {
  const found = statOf(path)
  if (found === null) return
  if (!(kind === 'fifo' ? found.isFIFO() : found.isSocket())) throw new Error(`another file has the name "${path}", which is no ${kind}`)
  unlinkSync(path)
}

/** What is at a path, links not followed; null when nothing is. */
export function statOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null
}

/** Removes a file when it is still the one that was made. */
export function removeOwn(path: string, made: Stats | null): void {
  try {
    const found = statOf(path)
    if (found !== null && made !== null && found.ino === made.ino && found.dev === made.dev) unlinkSync(path)
  } catch {
    // Whoever may not remove it leaves it; the next start clears it.
  }
}
