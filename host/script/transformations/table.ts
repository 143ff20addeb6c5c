import type { ScriptRunView, ScriptValue, TransformationArgument, TransformationClass } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import { takes } from '../arguments.ts'
import { unknown } from '../library.ts'
import { LogLevel } from '../run.ts'

/** What a transformation does with a value in text. */
export type OnText = (text: string, run: ScriptRunView) => ScriptValue

/** One operation of a class: how many arguments it takes, and what it makes of them at start-up. */
export interface Operation {
  readonly minimum: number
  readonly maximum: number
  readonly make: (args: readonly TransformationArgument[], raw: string) => OnText
}

/** An operation without arguments. */
export function plain(apply: OnText): Operation {
  return { minimum: 0, maximum: 0, make: () => apply }
}

/** An operation with arguments. */
export function withArguments(minimum: number, maximum: number, make: Operation['make']): Operation {
  return { minimum, maximum, make }
}

/** A class of transformations from its table. Numbers are given as text; unknown operations and wrong argument counts fail the start. */
export function transformationClass(name: string, operations: ReadonlyMap<string, Operation>): TransformationClass {
  return {
    name,
    compile(operation, args, raw) {
      const found = operations.get(operation)
      if (found === undefined) throw unknown('transformation', `${name}.${operation}`, '', [...operations.keys()].map((known) => `${name}.${known}`))
      takes(`${name}.${operation}`, args, found.minimum, found.maximum)
      const apply = found.make(args, raw)
      return (value, run) => apply(typeof value === 'string' ? value : String(value), run)
    },
  }
}

/** Logs what a transformation cannot do and answers undefined. */
export function cannot(run: ScriptRunView, message: string): null {
  (run as ScriptRun).log(LogLevel.Error, message)
  return null
}
