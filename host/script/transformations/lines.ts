import type { TransformationClass } from '../contract.ts'
import type { Operation } from './table.ts'
import { numberArgument, textArgument } from '../arguments.ts'
import { plain, transformationClass, withArguments } from './table.ts'

/** The lines of a text, each without its line end; a line end at the end of the text begins no further line. */
function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => line.endsWith('\r') ? line.slice(0, -1) : line)
}

/** `{line.…}`: lines of a text by number (from 0, below 0 from the end) or beginning; '' for what is missing. */
export const lineTransformations: TransformationClass = transformationClass('line', new Map<string, Operation>([
  ['count', plain((text) => linesOf(text).length)],
  ['at', withArguments(1, 1, ([number]) => {
    const at = numberArgument('line.at', number!)
    return (text, run) => {
      const lines = linesOf(text)
      const n = at(run)
      return lines[n < 0 ? lines.length + n : n] ?? ''
    }
  })],
  ['sw', withArguments(1, 1, ([start]) => {
    const beginning = textArgument(start!)
    return (text, run) => {
      const wanted = beginning(run)
      return linesOf(text).find((line) => line.startsWith(wanted)) ?? ''
    }
  })],
]))

/** `{url.…}`: an HTTP target, split at its first `?`, nothing decoded. */
export const urlTransformations: TransformationClass = transformationClass('url', new Map<string, Operation>([
  ['path', plain((text) => { const at = text.indexOf('?'); return at < 0 ? text : text.slice(0, at) })],
  ['querystring', plain((text) => { const at = text.indexOf('?'); return at < 0 ? '' : text.slice(at + 1) })],
]))
