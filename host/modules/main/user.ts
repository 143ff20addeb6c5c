import { readFileSync } from 'node:fs'
import type { Directive } from '../../module.ts'
import type { CoreConf } from './core.ts'

/**
 * The numeric id of a name in `/etc/passwd` or `/etc/group`, with the primary group of a user; null when it is not
 * there.
 */
function lookUp(file: string, name: string): { id: number, group: number } | null {
  let text = ''
  try {
    text = readFileSync(file, 'latin1')
  } catch {
    return null
  }
  const fields = text.split('\n').map((line) => line.split(':')).find((line) => line.length > 2 && line[0] === name)
  return fields === undefined ? null : { id: Number(fields[2]), group: Number(fields[3]) }
}

/** `user NAME [GROUP];`: looked up now when the process is root, ignored with nginx's warning when it is not. */
export const setUser: Directive['set'] = (cf, _directive, conf: CoreConf) => {
  if (conf.user !== null) return 'is duplicate'
  const [, name, group = name] = cf.args as [string, string, string?]
  if (process.geteuid?.() !== 0) {
    return cf.warn('the "user" directive makes sense only if the master process runs with super-user privileges, ' +
      'ignored')
  }
  const user = lookUp('/etc/passwd', name)
  if (user === null) return cf.fail(`getpwnam("${name}") failed`, 1)
  const found = lookUp('/etc/group', group)
  if (found === null) return cf.fail(`getgrnam("${group}") failed`, cf.args.length - 1)
  conf.user = { name, uid: user.id, gid: found.id }
}
