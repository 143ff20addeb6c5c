/** Reads a call's parameters as Kamailio's commands do (kamailio.md §2.8): in order, leniently by type. */
import type { Parameter } from './command.ts'

/** What a command has been given, parameter by parameter, up to the first that is missing or that its type does not take. */
export type Scanned = readonly (string | number)[]

/**
 * The values of an object, in the order of the parameters when all its names are names of parameters, else in the order in which they stand
 * (Kamailio knows no names).
 */
export function positional(params: unknown, parameters: readonly Parameter[]): readonly unknown[] {
  if (Array.isArray(params)) return params
  if (typeof params !== 'object' || params === null) return []
  const names = Object.keys(params)
  if (names.some((name) => !parameters.some((parameter) => parameter.name === name && parameter.rest !== true))) return Object.values(params)
  const values = parameters.map(({ name }) => (Object.hasOwn(params, name) ? (params as Record<string, unknown>)[name] : undefined))
  while (values.length > 0 && values.at(-1) === undefined) values.pop()
  return values
}

/** Reads the parameters; the caller looks at how many there are. */
export function scan(params: unknown, parameters: readonly Parameter[]): Scanned {
  const given = positional(params, parameters)
  const found: (string | number)[] = []
  for (let i = 0; i < given.length; i++) {
    const parameter = parameters[Math.min(i, parameters.length - 1)]
    if (parameter === undefined || (i >= parameters.length && parameter.rest !== true)) break
    const value = read(given[i], parameter.type)
    if (value === null) break
    found.push(value)
  }
  return found
}

function read(value: unknown, type: Parameter['type']): string | number | null {
  if (type === 'int') return int(numberOf(value))
  if (type === 'float') return numberOf(value)
  if (typeof value === 'string') return value
  return type === 'text' && typeof value === 'number' ? unsigned(value) : null
}

/** What is no number counts as 0, true as 1. */
function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : value === true ? 1 : 0
}

/** A number as an int of 32 bits; one that has no room in it is the smallest, as C's conversion has it. */
function int(value: number): number {
  const whole = Math.trunc(value)
  return whole >= -0x8000_0000 && whole <= 0x7fff_ffff ? whole | 0 : -0x8000_0000
}

/** A number as an unsigned integer of 64 bits; 0 when it has no room there. */
function unsigned(value: number): string {
  return BigInt.asUintN(64, BigInt(value < 2 ** 64 && value >= -(2 ** 63) ? Math.trunc(value) : 0)).toString()
}

/** A whole number as int, 0 when it is none (atoi). */
export function toInt(text: string | number): number {
  const n = typeof text === 'number' ? text : Number.parseInt(text, 10)
  return Number.isFinite(n) ? Math.trunc(n) : 0
}
