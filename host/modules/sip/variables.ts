/** Pseudo-variables of a request's URI and destination that scripts may set on SIP; on HTTP the assignment fails. */
import type { PseudoVariable, ScriptValue } from '../../script/contract.ts'
import type { SipExchange } from '../../sip/exchange.ts'
import { sipVariables } from '../../script/variables/sip.ts'
import { targetOf } from '../../sip/target.ts'
import { uriOf } from '../../sip/uri.ts'
import { fits, withParts } from './uris.ts'
import type { UriParts } from './uris.ts'

type Set = (sip: SipExchange, text: string) => boolean

/** Sets the request URI. */
export const setUri: Set = (sip, text) => {
  if (!fits(text) || uriOf(text) === null) return false
  sip.uri = text
  return true
}

/** Sets one part of the request URI. */
export function setPart(sip: SipExchange, parts: UriParts): boolean {
  const uri = uriOf(sip.uri ?? sip.message.target)
  return uri !== null && setUri(sip, withParts(uri, parts))
}

/** Sets where the request is sent, whatever its URI says; '' for nowhere. */
export const setDestination: Set = (sip, text) => {
  if (text !== '') {
    const uri = fits(text) ? uriOf(text) : null
    if (uri === null || targetOf(uri) === null) return false
  }
  sip.destination = text
  return true
}

function settable(name: string, set: Set, clear: (sip: SipExchange) => boolean = () => false): PseudoVariable {
  const variable = sipVariables.find((one) => one.name === name)!
  return {
    name, inner: variable.inner, get: variable.get,
    set(run, inner, index, value: ScriptValue) {
      const { sip } = run.subject
      if (sip === undefined) return variable.set?.(run, inner, index, value) ?? false
      return value === null ? clear(sip) : set(sip, String(value))
    },
  }
}

export const sipPseudoVariables: readonly PseudoVariable[] = [
  settable('ru', setUri, (sip) => { sip.uri = null; return true }), settable('rU', (sip, user) => fits(user) && !/[@;?]/.test(user) && setPart(sip, { user }), (sip) => setPart(sip, { user: '' })),
  settable('rd', (sip, host) => fits(host) && setPart(sip, { host })),
  settable('rp', (sip, port) => /^\d{1,5}$/.test(port) && setPart(sip, { port }), (sip) => setPart(sip, { port: '' })),
  settable('du', setDestination, (sip) => setDestination(sip, '')),
]
