/** `server{}`, `server_name` and `listen`. */
import { hostname } from 'node:os'
import type { Cf, HttpConfs } from '../../conf/cf.ts'
import type { Place } from '../../core/place.ts'
import type { Directive } from '../../module.ts'
import type { ListenOptions } from '../listen.ts'
import type { CoreMainConf, CoreSrvConf } from './conf.ts'
import { Where } from '../../module.ts'
import { bindRegex } from '../../expr/define.ts'
import { bytesOf } from '../../core/text.ts'
import { defaultListen, parseListen } from '../listen.ts'
import { addListen } from '../servers.ts'
import { coreLoc, coreMain, coreSrv } from './confs.ts'

/**
 * `server { … }`: makes the server's conf arrays, reads the block, and listens on nginx's default address when it names
 * none.
 */
export const setServer: Directive<CoreMainConf>['set'] = (cf, _directive, main) => {
  const http = cf.httpConfs('srv', cf.http!)
  const server = coreSrv(cf, http)
  server.ctx = http
  server.place = cf.place
  server.location = coreLoc(cf, http)
  main.servers.push(server)
  cf.block(Where.Server, http)
  if (!server.listen) addListen(cf, main, server, defaultListen())
}

/**
 * Adds a server that no text names, with its conf arrays, which are returned. Called by `addServers` of a module, before
 * confs are merged.
 */
export function addServer(cf: Cf, place: Place | null, listens: readonly ListenOptions[]): HttpConfs {
  const http = cf.httpConfs('srv', cf.http!)
  const server = coreSrv(cf, http)
  server.ctx = http
  server.place = place
  server.location = coreLoc(cf, http)
  server.listen = true
  const main = coreMain(cf)
  main.servers.push(server)
  for (const options of listens) addListen(cf, main, server, options)
  return http
}

/** `listen ADDRESS [OPTION…];` */
export const setListen: Directive<CoreSrvConf>['set'] = (cf, _directive, server) => {
  server.listen = true
  for (const options of parseListen(cf)) addListen(cf, coreMain(cf), server, options)
}

/**
 * `server_name NAME…;`: exact names, wildcards, `~regex`, `$hostname`, and the empty name for requests without a host.
 */
export const setServerName: Directive<CoreSrvConf>['set'] = (cf, _directive, server) => {
  for (let i = 1; i < cf.args.length; i++) {
    const word = cf.args[i]!
    if ((word.startsWith('*') && (word.length < 3 || word[1] !== '.')) || (word.startsWith('.') && word.length < 2)) {
      cf.fail(`server name "${word}" is invalid`, i)
    }
    if (word.includes('/')) cf.warn(`server name "${word}" has suspicious symbols`, i)
    if (!word.startsWith('~')) {
      const name = word.toLowerCase() === '$hostname' ? bytesOf(hostname()) : word
      server.serverNames.push({ name: name.toLowerCase(), regex: null, server })
      continue
    }
    if (word.length === 1) cf.fail(`empty regex in server name "${word}"`, i)
    const pattern = word.slice(1)
    // Hosts come in lower case: a pattern that has capitals can only be meant without regard to case.
    const regex = bindRegex(cf, pattern, /[A-Z]/.test(pattern), i)
    if (regex.captureCount > 0) server.captures = true
    server.serverNames.push({ name: pattern, regex, server })
  }
}
