import { execFileSync } from 'node:child_process'
import { isIPv6, SocketAddress } from 'node:net'

/** One numeric address. */
export interface HostAddress { readonly family: 'inet' | 'inet6', readonly host: string }

/** How long a name may take to be looked up, in ms; the system's resolver gives up before. */
const lookupTimeout = 30_000

/** The address of four decimal numbers (`127.0.0.1`) in its plain form, or null when the text is none. */
export function inetAddress(text: string): string | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const numbers = parts.map((part) => (/^\d{1,10}$/.test(part) ? Number(part) : 256))
  return numbers.every((n) => n <= 255) ? numbers.join('.') : null
}

/**
 * An IPv6 address without brackets in its shortest form (RFC 5952), or null when the text is none; zones (`%eth0`) are
 * none.
 */
export function inet6Address(text: string): string | null {
  if (!isIPv6(text) || text.includes('%')) return null
  return new SocketAddress({ family: 'ipv6', address: text }).address
}

/**
 * The addresses of a host name as getaddrinfo(3) gives them, IPv4 before IPv6 as in nginx; empty when there are none.
 * Synchronous, because a configuration is read synchronously: Node only looks up names asynchronously, so a second Node
 * does it. Keep the answer: a call costs a process.
 */
export function lookUpHost(name: string): HostAddress[] {
  if (name === '' || /[\0\s]/.test(name)) return []
  const script = 'require("dns").lookup(process.argv[1], { all: true, hints: require("dns").ADDRCONFIG }, ' +
    '(e, found) => process.stdout.write(JSON.stringify(e ? [] : found)))'
  try {
    const answer = execFileSync(process.execPath, ['-e', script, '--', name],
      { encoding: 'utf8', timeout: lookupTimeout, stdio: ['ignore', 'pipe', 'ignore'], env: {} })
    const found = JSON.parse(answer) as { address: string, family: number }[]
    const all = found.map((a): HostAddress => ({ family: a.family === 6 ? 'inet6' : 'inet', host: a.address }))
    return [...all.filter((a) => a.family === 'inet'), ...all.filter((a) => a.family === 'inet6')]
  } catch {
    return []
  }
}
