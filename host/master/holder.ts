import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** Who listens on a TCP port, as a note: `port 80 is held by pid 812 (nginx)`; null when the system does not tell (it takes Linux' /proc). */
export function holderOf(port: number): string | null {
  try {
    const inodes = listeningInodes(port)
    if (inodes.size === 0) return null
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid) || !holds(pid, inodes)) continue
      return `port ${port} is held by pid ${pid} (${readFileSync(`/proc/${pid}/comm`, 'latin1').trim()})`
    }
  } catch {
    // Not Linux, or not ours to see.
  }
  return null
}

/** `socket:[INODE]` of every socket that listens on the port (state 0A of /proc/net/tcp). */
function listeningInodes(port: number): Set<string> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const found = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const row of readFileSync(table, 'latin1').split('\n').slice(1)) {
      const fields = row.trim().split(/\s+/)
      if (fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A') found.add(`socket:[${fields[9]}]`)
    }
  }
  return found
}

function holds(pid: string, inodes: Set<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`))
      } catch {
        return false
      }
    })
  } catch {
    return false
  }
}
