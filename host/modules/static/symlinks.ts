import type { Stats } from 'node:fs'
import { lstatSync, statSync } from 'node:fs'
import type { Request } from '../../http/request.ts'
import { fsPath, statFile } from './files.ts'

/** What stat(2) says of a file of this request, as `statFile`; a path that disable_symlinks forbids is an error. */
export function statAllowed(r: Request, path: string): Stats | Error | null {
  if (r.location.disableSymlinks !== 'off') {
    const refused = linkFailure(r, path)
    if (refused !== null) return refused
  }
  return statFile(path)
}

/**
 * `disable_symlinks`: the error when a part of the path is a symbolic link (`on`: ELOOP for the last, ENOTDIR for
 * others), or one whose owner is not its target's (`if_not_owner`: ELOOP); null when the path may be used, or is not
 * there. Parts up to `from=` are not looked at. nginx walks down with openat(2), which Node does not have: who can
 * replace a directory between this check and the opening gets past it.
 */
export function linkFailure(r: Request, path: string): NodeJS.ErrnoException | null {
  const rule = r.location.disableSymlinks
  const from = r.location.disableSymlinksFrom?.evaluate(r) ?? ''
  if (rule === 'off' || path === from) return null
  const start = from !== '' && path.startsWith(from) ? from.length - (from.endsWith('/') ? 1 : 0) : 0
  if (start > 0 && path[start] !== '/') return checkParts(rule, path, 1)
  return checkParts(rule, path, start + 1)
}

function checkParts(rule: 'on' | 'if_not_owner', path: string, start: number): NodeJS.ErrnoException | null {
  for (let at = start; at <= path.length; at++) {
    if (at < path.length && path.charCodeAt(at) !== 47) continue
    const part = fsPath(path.slice(0, at))
    try {
      const link = lstatSync(part, { throwIfNoEntry: false })
      if (link === undefined) return null
      if (!link.isSymbolicLink()) continue
      if (rule === 'on') return at === path.length ? refused('ELOOP', -40) : refused('ENOTDIR', -20)
      if (statSync(part).uid !== link.uid) return refused('ELOOP', -40)
    } catch {
      // The opening itself tells what is wrong.
      return null
    }
  }
  return null
}

/** The errors that openat(2) gives for a link with O_NOFOLLOW, and with O_DIRECTORY besides. */
function refused(code: string, errno: number): NodeJS.ErrnoException {
  return Object.assign(new Error('symbolic link'), { code, errno })
}
