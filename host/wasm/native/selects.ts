/** Selects that a plugin brings, and selects that it reads. */
import type { Message } from '../../sip/message.ts'
import type { HttpMessage } from '../../sip/httpmessage.ts'
import type { Request } from '../../http/request.ts'
import type { SelectArguments, Selected } from '../../expr/select/table.ts'
import type { SelectDefinition } from '../../module.ts'
import type { SelectUse } from '../../expr/select/uses.ts'
import type { Cycle } from '../../cycle.ts'
import type { Frame } from '../frame.ts'
import type { Instance } from '../instance.ts'
import type { GuestFunction } from '../program.ts'
import type { Calls } from './calls.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import type { Registration } from './registration.ts'
import { Level } from '../../core/log.ts'
import { parsePattern } from '../../expr/select/pattern.ts'
import { messageOf } from '../../sip/httpmessage.ts'
import { Kind, withRequest } from '../frame.ts'
import { GuestFault, Trap } from '../trap.ts'
import { ABSENT, SelectAnswer, SelectNests, bounds } from './abi.ts'

/** A select as a plugin registered it. */
export interface SelectEntry {
  readonly pattern: string
  readonly nests: readonly string[]
  readonly get: GuestFunction
  readonly check: GuestFunction | null
}

const noValues: SelectArguments = []
const allNests = (1 << SelectNests.length) - 1
const reading = withRequest | Kind.Message | Kind.Peek

/** The function that registers a select. */
export function selectRegistration(instance: Instance, to: Registration): HostFunctions {
  return {
    select: (pointer, length, nests, get, getData, check, checkData) => {
      instance.expect(Kind.Register, 'select')
      to.add()
      const pattern = instance.text(pointer!, length!, bounds.name)
      if (parsePattern(pattern) === null) throw new GuestFault(`registered a select with pattern "${pattern}", which is none`)
      if ((nests! & ~allNests) !== 0) throw new GuestFault(`registered select "@${pattern}" with results ${nests}`)
      const label = `select @${pattern}`
      to.selects.push({
        pattern, nests: SelectNests.filter((_, bit) => (nests! & 1 << bit) !== 0), get: instance.required(get!, getData!, label),
        check: instance.function(check!, checkData!, label),
      })
    },
  }
}

/** The functions by which a plugin reads selects: resolved once, while it registers itself or is configured. */
export function selectImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  return {
    select_resolve: (pointer, length) => {
      instance.expect(Kind.Register | Kind.Configure | Kind.Life, 'select_resolve')
      return plugin.selects.add(instance.text(pointer!, length!, 1024))
    },
    select_get: (id, out, capacity) => {
      const value = plugin.selects.get(id!, messageIn(instance.expect(reading, 'select_get')))
      return typeof value === 'string' ? instance.give(value, out!, capacity!) : value === null ? ABSENT : SelectAnswer.Failed
    },
  }
}

/** The message that a call is about; null where there is none. */
function messageIn({ message, script, request }: Frame): Message | null {
  return message ?? script?.subject.message ?? (request === null ? null : messageOf(request))
}

/** The selects that one plugin reads, all instances together, by id. */
export class ReadSelects {
  private readonly texts: string[] = []
  private readonly uses: SelectUse[] = []
  private cycle: Cycle | null = null
  private readonly owner: string

  constructor(plugin: string) {
    this.owner = plugin
  }

  /** The id of a select; throws ConfigError, when the cycle is known, for one that is malformed. */
  add(text: string): number {
    const known = this.texts.indexOf(text)
    if (known >= 0) return known
    if (this.texts.length >= bounds.names) throw new GuestFault(`resolved more than ${bounds.names} selects`)
    const id = this.texts.push(text) - 1
    this.enter()
    return id
  }

  /** The plugin is part of a configuration: what it reads is resolved with everything else. */
  begin(cycle: Cycle): void {
    this.cycle = cycle
    this.enter()
  }

  private enter(): void {
    if (this.cycle === null) return
    for (let i = this.uses.length; i < this.texts.length; i++) this.uses.push(this.cycle.selects.reference(this.texts[i]!, null, `plugin "${this.owner}"`))
  }

  /** What a select says; an error without a message. */
  get(id: number, m: Message | null): Selected {
    if (this.texts[id] === undefined) throw new GuestFault(`read select ${id}, which it has not resolved`)
    return m === null ? undefined : this.uses[id]?.evaluate(m)
  }
}

/** The plugin's own selects as the server's table takes them. A trap is an error of the select and is logged. */
export function makeSelects(plugin: NativePlugin, calls: Calls): SelectDefinition[] {
  return plugin.registration.selects.map(({ pattern, nests, get, check }) => ({
    pattern, nests,
    get: (m, args) => evaluate(plugin, calls, get, m, args),
    ...(check === null ? {} : { check: (args: SelectArguments) => checked(plugin, check, args) }),
  }))
}

function evaluate(plugin: NativePlugin, calls: Calls, get: GuestFunction, m: Message, args: SelectArguments): Selected {
  const { instance } = plugin
  if (instance.faults.blocked) return undefined
  const request = m.kind === 'http' ? (m as HttpMessage).request as unknown as Request : null
  let frame: Frame | null = null
  try {
    frame = instance.enter(request === null ? Kind.Peek : Kind.Look, request)
    frame.message = m
    frame.values = args
    get.calls++
    const answer = get.call(get.data, request === null ? 0 : instance.handle(request), args.length)
    const value = answer === SelectAnswer.Value ? frame.answer ?? '' : answer === SelectAnswer.Null ? null : undefined
    frame.message = null
    frame.values = noValues
    instance.leave(frame)
    return value
  } catch (error) {
    const trap = frame === null && error instanceof Trap ? error : instance.trapped(error)
    if (frame !== null) {
      frame.clear()
      instance.leave(frame)
    }
    if (request !== null) calls.report(trap, get, request)
    else if (!trap.logged) {
      trap.logged = true
      plugin.services.log?.(Level.error, `plugin ${trap.plugin} trapped in ${get.label}: ${trap.text}`)
    }
    // An outer call of the same instance must unwind, too.
    if (instance.depth > 0) throw trap
    return undefined
  }
}

/** Asks the plugin whether it takes these arguments; a text says what is wrong. */
function checked(plugin: NativePlugin, check: GuestFunction, args: SelectArguments): string | undefined {
  try {
    return plugin.instance.run(Kind.Life, check.label, (frame) => {
      frame.values = args
      return check.call(check.data, args.length) === 0 ? undefined : frame.answer ?? 'an argument is not allowed'
    })
  } catch (error) {
    if (error instanceof Trap) return `plugin "${plugin.name}" trapped when it checked its arguments: ${error.text}`
    throw error
  }
}
