// Media types (RFC 9110 §8.3.1), as Content-Type names them and nginx's `…_types` directives list them.
import { warn } from './register'

/** The type that a Content-Type names, in lower case and without parameters; `''` for none. */
export function mediaType(value: string | null): string {
  if (value === null) return ''
  const semicolon = value.indexOf(';')
  return (semicolon < 0 ? value : value.substring(0, semicolon)).trim().toLowerCase()
}

/**
 * The list of a place with the words of one use of a `…_types` directive added; text/html is always in it. A word that
 * is there already is warned of.
 */
export function addTypes(types: string[] | null, args: string[]): string[] {
  const all: string[] = types === null ? ['text/html'] : types
  for (let i = 1; i < args.length; i++) {
    const type = args[i].toLowerCase()
    if (all.includes(type)) warn(`duplicate MIME type "${args[i]}"`)
    else all.push(type)
  }
  return all
}

/** Whether such a list names a type; `*` names all. */
export function hasType(types: string[], type: string): bool { return types.includes(type) || types.includes('*') }
