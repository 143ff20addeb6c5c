import type { ScriptRunView, TransformationArgument, TransformationClass } from '../contract.ts'
import type { Operation } from './table.ts'
import { numberArgument, textArgument } from '../arguments.ts'
import { transformationClass, withArguments } from './table.ts'

/** One `name[=value]`. */
interface Parameter {
  readonly name: string
  readonly value: string
}

/** Parses a list of parameters: quotes of either kind around a value are taken off and hide separators in it. */
function parseParameters(text: string, separator: string): Parameter[] {
  const list: Parameter[] = []
  for (let at = 0; at < text.length;) {
    while (at < text.length && (isBlank(text[at]!) || text[at] === separator)) at++
    if (at >= text.length) break
    const start = at
    while (at < text.length && text[at] !== '=' && text[at] !== separator) at++
    const name = text.slice(start, at).trim()
    if (text[at] !== '=') {
      list.push({ name, value: '' })
      continue
    }
    at++
    while (at < text.length && isBlank(text[at]!)) at++
    const [value, end] = readValue(text, at, separator)
    list.push({ name, value })
    at = end
  }
  return list
}

function isBlank(c: string): boolean { return c === ' ' || c === '\t' || c === '\r' || c === '\n' }

function readValue(text: string, at: number, separator: string): readonly [string, number] {
  const quote = text[at]
  if (quote === '"' || quote === "'") {
    let end = at + 1
    while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1
    if (end < text.length) {
      const next = text.indexOf(separator, end)
      return [text.slice(at + 1, end), next < 0 ? text.length : next]
    }
  }
  const next = text.indexOf(separator, at)
  const end = next < 0 ? text.length : next
  return [text.slice(at, end).trim(), end]
}

/** The separator behind the other arguments: one character, `,` written as `,,`; `;` without. */
function separatorOf(args: readonly TransformationArgument[], own: number): string {
  const given = args[own]
  if (typeof given !== 'string') return ';'
  return given === '' ? args.length > own + 1 ? ',' : ';' : given.trim()[0] ?? ' '
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

function byName(apply: (found: Parameter | undefined) => string | number): Operation {
  return withArguments(1, 3, (args) => {
    const separator = separatorOf(args, 1)
    const wanted = textArgument(args[0]!)
    return (text, run) => {
      const name = wanted(run)
      // Of several the last one, as Kamailio has it.
      return text === '' ? null : apply(parseParameters(text, separator).findLast((parameter) => same(parameter.name, name)))
    }
  })
}

/** By number from 0; below 0 counts from the end. */
function byNumber(operation: string, apply: (found: Parameter) => string): Operation {
  return withArguments(1, 3, (args) => {
    const separator = separatorOf(args, 1)
    const wanted = numberArgument(operation, args[0]!)
    return (text: string, run: ScriptRunView) => {
      const list = parseParameters(text, separator)
      const n = wanted(run)
      const found = list[n < 0 ? list.length + n : n]
      return found === undefined ? '' : apply(found)
    }
  })
}

/** `{param.…}`: lists of `name=value;…` (kamailio.md §9.9). Names without regard to case, nothing decoded, '' for what is missing. */
export const parameterTransformations: TransformationClass = transformationClass('param', new Map<string, Operation>([
  ['value', byName((found) => found?.value ?? '')],
  ['in', byName((found) => found === undefined ? 0 : 1)],
  ['valueat', byNumber('param.valueat', ({ value }) => value)],
  ['name', byNumber('param.name', ({ name }) => name)],
  ['count', withArguments(0, 2, (args) => {
    const separator = separatorOf(args, 0)
    return (text) => text === '' ? null : parseParameters(text, separator).length
  })],
]))
