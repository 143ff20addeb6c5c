import { isIP } from 'node:net'

/** The numeric address in `ADDRESS[:PORT]` without port and brackets, or null when there is none. */
export function bindAddress(text: string): string | null {
  const address = isIP(text) !== 0 ? text : text.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return isIP(address) !== 0 ? address : null
}
