import { RpcCode, RpcError } from './command.ts'

/** One parameter of a call, by its position in an array or its name in an object; undefined when it is not given. */
export function param(params: unknown, index: number, name: string): unknown {
  if (Array.isArray(params)) return params[index]
  if (typeof params !== 'object' || params === null || !Object.hasOwn(params, name)) return undefined
  return (params as Record<string, unknown>)[name]
}

/** A parameter that must be a non-empty text; a number is taken as its digits. Throws −32602, to which the usage is added. */
export function textParam(params: unknown, index: number, name: string): string {
  const value = optionalText(params, index, name)
  if (value === undefined) throw new RpcError(RpcCode.InvalidParams, `parameter "${name}" is missing`)
  return value
}

/** As `textParam`, but undefined when the parameter is not given, null or empty. */
export function optionalText(params: unknown, index: number, name: string): string | undefined {
  const value = param(params, index, name)
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') {
    throw new RpcError(RpcCode.InvalidParams, `parameter "${name}" must be a text, not ${JSON.stringify(value).slice(0, 60)}`)
  }
  return value
}

/** A flag that may be given as a boolean or as `true`/`false`/`on`/`off`; undefined when absent. */
export function optionalFlag(params: unknown, index: number, name: string): boolean | undefined {
  const value = param(params, index, name)
  if (value === undefined || value === null) return undefined
  if (value === true || value === 'true' || value === 'on') return true
  if (value === false || value === 'false' || value === 'off') return false
  throw new RpcError(RpcCode.InvalidParams, `parameter "${name}" must be true or false, not ${JSON.stringify(value).slice(0, 60)}`)
}
