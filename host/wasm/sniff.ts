import type { Outline } from './binary.ts'

/** The calling conventions that vespid recognises by a module's outside; only `native` is served so far. */
export type Abi = 'native' | 'native-unknown' | 'proxy-wasm' | 'http-wasm' | 'extism' | 'wasi-command' | 'none'

/** What a module is, and in words how that was seen. */
export interface Sniffed {
  readonly abi: Abi
  readonly reason: string
}

/** The export that makes a module a vespid plugin and registers it; the number is the ABI's version. */
export const registrationExport = 'vespid_abi_1'

/** Tells a module's ABI from its imports and exports, without running it. The first test that fits decides. */
export function sniff(outline: Outline): Sniffed {
  const exported = (name: string, signature?: string): boolean =>
    outline.exports.some((e) => e.name === name && e.kind === 'func' && (signature === undefined || e.signature === signature))
  if (exported(registrationExport)) return { abi: 'native', reason: `exports ${registrationExport}` }
  const other = outline.exports.find((e) => /^vespid_abi_\d+$/.test(e.name))
  if (other !== undefined) return { abi: 'native-unknown', reason: `exports ${other.name}` }
  const proxy = outline.exports.find((e) => e.name.startsWith('proxy_abi_version_')) ??
    outline.exports.find((e) => e.kind === 'func' && e.name.startsWith('proxy_on_'))
  if (proxy !== undefined) return { abi: 'proxy-wasm', reason: `exports ${proxy.name}` }
  if (exported('handle_request', '>I') && exported('handle_response', 'ii>')) return { abi: 'http-wasm', reason: 'exports handle_request and handle_response' }
  const extism = outline.imports.find((i) => i.module.startsWith('extism:host/') || (i.module === 'env' && i.name.startsWith('extism_')))
  if (extism !== undefined) return { abi: 'extism', reason: `imports ${extism.module}.${extism.name}` }
  const wasi = outline.imports.length > 0 && outline.imports.every((i) => i.module === 'wasi_snapshot_preview1')
  if (exported('_start') && wasi) return { abi: 'wasi-command', reason: 'exports _start' }
  return { abi: 'none', reason: outlineInWords(outline) }
}

function outlineInWords(outline: Outline): string {
  const modules = [...new Set(outline.imports.map((i) => i.module))]
  const imports = modules.length === 0 ? 'imports nothing' : `imports from ${modules.map((m) => `"${m}"`).join(', ')}`
  const names = outline.exports.map((e) => e.name)
  if (names.length === 0) return `it ${imports} and exports nothing`
  return `it ${imports} and exports ${names.slice(0, 6).map((n) => `"${n}"`).join(', ')}${names.length > 6 ? ', …' : ''}`
}
