import type { TransformationClass } from '../contract.ts'
import type { Operation } from './table.ts'
import { bracketAt, parseAddress } from '../../sip/address.ts'
import type { Address } from '../../sip/address.ts'
import { uriOf } from '../../sip/uri.ts'
import { cannot, plain, transformationClass } from './table.ts'

/** A name-addr without judging what stands behind it: name with its blanks, URI, length up to the bracket. Without brackets all is the URI. */
function nameAddress(text: string): { readonly name: string, readonly uri: string, readonly length: number } {
  const open = bracketAt(text)
  const close = open < 0 ? -1 : text.indexOf('>', open)
  if (close < 0) return { name: '', uri: text.trim(), length: text.length }
  return { name: text.slice(0, open), uri: text.slice(open + 1, close), length: close + 1 }
}

/** `{nameaddr.…}` */
export const nameAddressTransformations: TransformationClass = transformationClass('nameaddr', new Map<string, Operation>([
  ['name', plain((text) => nameAddress(text).name)],
  ['uri', plain((text) => nameAddress(text).uri)],
  ['len', plain((text) => nameAddress(text).length)],
]))

function body(get: (address: Address) => string): Operation {
  return plain((text, run) => {
    const address = parseAddress(text)
    return address === null ? cannot(run, `invalid address "${text.slice(0, 80)}"`) : get(address)
  })
}

/** `{tobody.…}`: the value of a From or To header. */
export const toBodyTransformations: TransformationClass = transformationClass('tobody', new Map<string, Operation>([
  ['uri', body(({ uri }) => uri)],
  ['user', body(({ uri }) => uriOf(uri)?.user ?? '')],
  ['host', body(({ uri }) => uriOf(uri)?.host ?? '')],
  ['display', body(({ name }) => name)],
  ['tag', body((address) => address.param('tag') ?? '')],
  ['params', body(({ params }) => params)],
]))
