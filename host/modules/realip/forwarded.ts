/** The client behind trusted proxies, by what they wrote into a header (nginx's ngx_http_get_forwarded_addr). */
import type { Cidr } from '../geo/cidr.ts'
import { inNetworks, parseAddress, unmapped } from '../geo/cidr.ts'

/** An address in text and a port, 0 when none was named. */
export interface Forwarded { readonly address: string, readonly port: number }

/** Whose headers are believed. */
export interface Trusted { readonly networks: Cidr[], unix: boolean }

/** Whether an address in text (or `unix:`) is that of a trusted proxy. */
function isTrusted(trusted: Trusted, address: string): boolean {
  if (address === 'unix:') return trusted.unix
  const binary = parseAddress(address)
  return binary !== null && inNetworks(trusted.networks, unmapped(binary))
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`; null for anything else. */
export function parseForwarded(text: string): Forwarded | null {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text)
  const address = match?.[1] ?? match?.[2] ?? text
  const port = Number(match?.[3] ?? 0)
  return parseAddress(address) === null || port > 65535 ? null : { address, port }
}

/**
 * The last address of `value` when `from` is trusted; with `recursive` the last one that is not trusted itself, or the first. Null when `from`
 * is not trusted, or what stands last is no address.
 */
export function forwardedAddress(trusted: Trusted, from: string, value: string, recursive: boolean): Forwarded | null {
  let found: Forwarded | null = null
  let rest = value
  for (let at = from; isTrusted(trusted, at);) {
    rest = rest.replace(/[ ,]+$/, '')
    const cut = Math.max(rest.lastIndexOf(' '), rest.lastIndexOf(',')) + 1
    const next = parseForwarded(rest.slice(cut))
    if (next === null) break
    found = next
    if (!recursive || cut === 0) break
    at = next.address
    rest = rest.slice(0, cut)
  }
  return found
}
