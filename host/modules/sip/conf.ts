import type { Place } from '../../core/place.ts'
import type { SipListen } from '../../sip/listens.ts'
import type { ScriptLocConf } from '../script/conf.ts'

/** What `sip { … }` says. */
export class SipConf {
  place: Place | null = null
  readonly listens: SipListen[] = []
  /** Further names of this server (`alias`), lower case, `HOST` or `HOST:PORT`. */
  readonly aliases = new Set<string>()
  /** The routes that stand in the block. */
  routes: ScriptLocConf | null = null
  /** Undefined: not set. */
  maxMessage: number | undefined
  idleTimeout: number | undefined
  messageTimeout: number | undefined
}
