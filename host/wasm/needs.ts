import type { Outline } from './binary.ts'
import type { GrantKind } from '../core/grants.ts'
import { grantKinds } from '../core/grants.ts'

/** What a plugin has to be allowed, as far as its file tells. */
export interface Need {
  readonly kind: GrantKind
  /** The host calls by which it asks. */
  readonly calls: readonly string[]
  /** What is known of what it asks for: the words behind `allow KIND`; empty when only the plugin knows. */
  readonly named: readonly string[]
}

/** Which host calls need which kind of grant; those of other kinds begin with the kind's name (`file_read`). */
const kindOf: Readonly<Record<string, GrantKind>> = { fetch: 'net', rpc_call: 'rpc', rpc_dispatch: 'rpc', rpc_reply: 'rpc', zone_open: 'zone', event_server: 'listen', transport: 'listen' }
/** The kinds that those calls need. */
const listed: ReadonlySet<string> = new Set(Object.values(kindOf))
/** Those that need to be allowed everything of their kind. */
const everything: ReadonlySet<string> = new Set(['rpc_dispatch', 'rpc_reply'])
/** Most servers that are listed. */
const mostServers = 32

/** The needs of a plugin: from what it imports, the zones that it opened when it registered itself, and the URLs in its data. */
export function needsOf(bytes: Uint8Array, outline: Outline, zones: readonly string[]): Need[] {
  const calls = outline.imports.filter(({ module }) => module === 'vespid').map(({ name }) => name)
  const needs: Need[] = []
  for (const kind of Object.keys(grantKinds) as GrantKind[]) {
    const asking = calls.filter((name) => (listed.has(kind) ? kindOf[name] === kind : name.startsWith(`${kind}_`))).sort()
    if (asking.length === 0) continue
    const named = kind === 'zone' ? zones : kind === 'net' ? servers(bytes, outline) : asking.some((name) => everything.has(name)) ? ['*'] : []
    needs.push({ kind, calls: asking, named })
  }
  return needs
}

/** The servers of URLs in a module's data segments, in either encoding of text, as `HOST:PORT`. */
function servers(bytes: Uint8Array, outline: Outline): string[] {
  const data = outline.sections.find(({ id }) => id === 11)
  if (data === undefined) return []
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + data.body, data.end - data.body).toString('latin1')
  const found = new Set<string>()
  const add = (url: string): void => {
    const [, scheme, host, port] = /^(https?):\/\/(\[[0-9a-f:]+\]|[a-z0-9][a-z0-9.-]*)(?::(\d{0,5}))?/i.exec(url) ?? []
    if (host === undefined || found.size >= mostServers) return
    // A text that ends behind the colon is put together with a port later.
    found.add(`${host.toLowerCase()}:${port === '' ? '*' : port ?? (scheme!.toLowerCase() === 'https' ? 443 : 80)}`)
  }
  for (const [url] of text.matchAll(/https?:\/\/[\w.:[\]-]+/gi)) add(url)
  for (const [url] of text.matchAll(/h\0t\0t\0p\0(?:s\0)?:\0\/\0\/\0(?:[\w.:[\]-]\0)+/gi)) add(url.replaceAll('\0', ''))
  return [...found]
}
