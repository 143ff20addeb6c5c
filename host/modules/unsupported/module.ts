/**
 * The directives of nginx, and of modules that are often built into it, that vespid does not have. They are unknown directives; this module knows what
 * to say about each, so that who brings a configuration along learns what to do instead. A plugin that brings one of them takes its place.
 */
import type { Module } from '../../module.ts'
import { absent, families } from './table.ts'

/** The note that goes with `unknown directive "NAME"`, or null when the name means nothing to us. */
export function noteOfAbsent(name: string): string | null {
  const note = absent.get(name)
  if (note !== undefined) return note
  for (const [family, text] of families) if (family.test(name)) return text
  return null
}

/** The module without directives. */
export const unsupportedModule: Module = { name: 'unsupported', absent: noteOfAbsent }
