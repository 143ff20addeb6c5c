import { Bytes } from '@vespid/sdk'
import { fromBase64 } from '@vespid/sdk/base64'

/** Longest token that is read. */
const longest = 16384

/** The payload of a JSON Web Token (RFC 7519): the text of its second part, not verified. Null for what is no token. */
export function payload(token: string): string | null {
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first <= 0 || second <= first + 1 || token.length > longest || token.indexOf('.', second + 1) >= 0) return null
  const bytes = fromBase64(token.substring(first + 1, second), true)
  return bytes === null ? null : Bytes.of(bytes.buffer).toString()
}
