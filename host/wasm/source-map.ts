import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'

/**
 * Reads a plugin's source map, if it has one beside it (`x.wasm.map`), and returns a function from a byte offset in
 * the file to a source place `assembly/index.ts:24:16`. In a WebAssembly source map the column is the byte offset and
 * the line is always 0.
 */
export function sourceLocator(file: string): (offset: number) => string | null {
  let map: SourceMap | null | undefined
  return (offset) => {
    if (map === undefined) map = load(`${file}.map`)
    if (map === null) return null
    const entry = map.findEntry(0, offset)
    // Code that the compiler made up has an entry without a source.
    if (!('originalSource' in entry) || typeof entry.originalSource !== 'string') return null
    return `${entry.originalSource.replace(/^file:\/\//, '')}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  }
}

function load(path: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
}
