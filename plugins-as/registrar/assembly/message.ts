// The message that a script runs on.
import { Pv } from '@vespid/sdk'

export const method = Pv.resolve('$rm')
export const toUri = Pv.resolve('$tu')
export const requestUri = Pv.resolve('$ru')
export const destination = Pv.resolve('$du')
export const contactHeader = Pv.resolve('$(hdr(Contact)[*])')
export const expiresHeader = Pv.resolve('$hdr(Expires)')
export const callId = Pv.resolve('$ci')
export const cseq = Pv.resolve('$cs')
export const agent = Pv.resolve('$ua')
export const allow = Pv.resolve('$hdr(Allow)')
export const protocol = Pv.resolve('$pr')
export const localAddress = Pv.resolve('$Ri')
export const localPort = Pv.resolve('$Rp')

/** A part's text, `''` for none. */
export function textOf(pv: Pv): string {
  const value = pv.text
  return value === null ? '' : value
}
