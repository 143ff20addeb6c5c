/** `gzip_types` and its like: lists of content types (nginx's ngx_http_types_slot). */
import type { Directive } from '../../module.ts'

/** A setter that stores lower-case content types with `always` among them; `*` stands for all. */
export function setTypes(always: readonly string[]): Directive['set'] {
  return (cf, directive, conf) => {
    const types = new Set<string>(conf[directive.field!] ?? always)
    for (let i = 1; i < cf.args.length; i++) {
      const type = cf.args[i]!.toLowerCase()
      if (types.has(type)) cf.warn(`duplicate MIME type "${cf.args[i]}"`, i)
      types.add(type)
    }
    conf[directive.field!] = types
  }
}

/** Whether a response's content type, whose parameters do not count, is in the list. */
export function hasType(types: ReadonlySet<string>, contentType: string): boolean {
  if (contentType === '') return false
  if (types.has('*')) return true
  const semicolon = contentType.indexOf(';')
  return types.has((semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trimEnd().toLowerCase())
}
