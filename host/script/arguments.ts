import type { ScriptRunView, TransformationArgument } from './contract.ts'
import { ConfigError } from '../core/errors.ts'
import { parseInteger, toIntQuietly, toText } from './values.ts'

/** Throws ConfigError unless there are as many arguments as that. */
export function takes(operation: string, args: readonly TransformationArgument[], minimum: number, maximum = minimum): void {
  if (args.length >= minimum && args.length <= maximum) return
  const wanted = minimum === maximum ? String(minimum) : `${minimum} to ${maximum}`
  throw new ConfigError(`the transformation "{${operation}}" takes ${wanted} argument${maximum === 1 ? '' : 's'}, not ${args.length}`)
}

/** An argument that is a number: constant ones are checked at start-up, from variables one that is none counts as 0. */
export function numberArgument(operation: string, arg: TransformationArgument): (run: ScriptRunView) => number {
  if (typeof arg !== 'string') return (run) => toIntQuietly(arg.variable(run))
  const value = parseInteger(arg.trim())
  if (value === null) throw new ConfigError(`invalid number "${arg}" in the transformation "{${operation}}"`)
  return () => value
}

/** An argument that is a text; white space around a constant one does not belong to it. */
export function textArgument(arg: TransformationArgument): (run: ScriptRunView) => string {
  if (typeof arg !== 'string') return (run) => toText(arg.variable(run))
  const value = arg.trim()
  return () => value
}
