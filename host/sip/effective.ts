import type { Message } from './message.ts'

/** The target of an HTTP request in absolute form, which stands in its first line only; null in any other form. */
function absoluteTarget(m: Message): string | null {
  return /^https?:\/\//i.test(m.target) ? m.target : null
}

/** The URI that an HTTP request asks for (RFC 9110 §7.1): absolute target, else scheme, Host and target; null without a host. */
export function effectiveUri(m: Message): string | null {
  const absolute = absoluteTarget(m)
  if (absolute !== null) return absolute
  const line = m.find(0, 'host', 0)
  const host = line < 0 ? '' : m.value(line)
  if (host === '') return null
  return `${m.tls === null ? 'http' : 'https'}://${host}${m.target === '*' ? '' : m.target}`
}
