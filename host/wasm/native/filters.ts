import type { BodyFilter, Buffered, FilterPlace, InputFilter, Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { BodyPart, InputPart } from '../../http/response.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { OpenBody } from './bodycalls.ts'
import type { Calls } from './calls.ts'
import type { NativePlugin } from './plugin.ts'
import type { Registration } from './registration.ts'
import type { Waiting } from './waiting.ts'
import { OK } from '../../module.ts'
import { refusedType } from '../../http/filters.ts'
import { Kind, withRequest } from '../frame.ts'
import { GuestFault, Trap } from '../trap.ts'
import { ABSENT, bounds } from './abi.ts'

/** How a filter of bodies stands and works, as `filter_options` says it. */
export interface FilterOptions {
  readonly type: number | undefined
  readonly buffered: Buffered | null
  /** '' for a filter that is in every chain of its places. */
  readonly name: string
  readonly changes: boolean
}

/** A filter of response or request bodies that a plugin registered. */
export interface FilterEntry {
  readonly conf: number
  readonly start: GuestFunction
  readonly filter: GuestFunction
  readonly end: GuestFunction | null
  options: FilterOptions
}

export const plainFilter: FilterOptions = { type: undefined, buffered: null, name: '', changes: false }

/** What `filter_options` and `filter_insert` mean by their numbers. */
const Over = { Refuse: 0, Pass: 1 } as const
const FilterFlag = { Changes: 1 } as const
const filterName = /^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$/

/** Reads the arguments of `filter_options`; a fault when one makes no sense. */
export function readOptions(input: boolean, type: number, limit: number, over: number, flags: number, name: string): FilterOptions {
  const what = input ? 'an input filter' : 'a body filter'
  const wrong = type === -1 ? null : refusedType(type)
  if (wrong !== null) throw new GuestFault(`registered ${what} of type ${wrong}`)
  if (limit < 0 || limit > bounds.body) throw new GuestFault(`registered ${what} that buffers ${limit} bytes; ${bounds.body} are allowed`)
  if (over !== Over.Refuse && over !== Over.Pass && (over < 400 || over > 599)) throw new GuestFault(`registered ${what} that answers ${over} to what is too long`)
  if ((flags & ~FilterFlag.Changes) !== 0) throw new GuestFault(`registered ${what} with flags ${flags}`)
  if (name !== '' && !filterName.test(name)) throw new GuestFault(`registered ${what} named "${name}"`)
  const status = over === Over.Refuse ? input ? 413 : 500 : over
  return {
    type: type === -1 ? undefined : type, name, changes: (flags & FilterFlag.Changes) !== 0,
    buffered: limit === 0 ? null : { limit, over: over === Over.Pass ? 'pass' : status },
  }
}

/** The members that the host's filters of both directions have in common. */
export function placeOf({ type, buffered, name }: FilterOptions): FilterPlace {
  return {
    ...(type === undefined ? {} : { type }), ...(name === '' ? {} : { onDemand: name }),
    ...(buffered === null ? {} : { buffered: (): Buffered => buffered }),
  }
}

/** The functions around filters that are not the SDK's part: insertion for one request, and what stands behind a request's body. */
export function filterImports(plugin: NativePlugin, instance: Instance): Record<string, (...args: number[]) => unknown> {
  return {
    filter_insert: (pointer, length) => {
      const { request } = instance.expect(Kind.Handle | Kind.HeaderFilter, 'filter_insert')
      const name = plugin.named(pointer!, length!, bounds.name)
      if (!declares(plugin.registration, name)) throw new GuestFault(`inserted filter "${name}", which it has not registered`)
      return request!.insertFilter(plugin.name, name) ? 0 : ABSENT
    },
    request_trailer: (pointer, length, out, capacity) => {
      const { trailers } = instance.expect(withRequest, 'request_trailer').request!.body
      const name = plugin.lowerNamed(pointer!, length!)
      for (let i = 0; i + 1 < trailers.length; i += 2) if (trailers[i]!.toLowerCase() === name) return instance.give(trailers[i + 1]!, out!, capacity!)
      return ABSENT
    },
    request_trailer_at: (i, part, out, capacity) => {
      const { trailers } = instance.expect(withRequest, 'request_trailer_at').request!.body
      const text = i! < 0 ? undefined : trailers[2 * i! + (part === 0 ? 0 : 1)]
      return text === undefined ? ABSENT : instance.give(text, out!, capacity!)
    },
  }
}

function declares({ bodyFilters, inputFilters }: Registration, name: string): boolean {
  const lower = name.toLowerCase()
  const has = ({ options }: FilterEntry): boolean => options.name !== '' && options.name.toLowerCase() === lower
  return bodyFilters.some(has) || inputFilters.some(has)
}

/** One request body that an input filter of a plugin works on. */
interface OpenInput {
  readonly conf: number
  body: OpenBody | null
  begun: boolean
  /** The status that its start was answered with when it failed, else 0. */
  refused: number
}

/** What the input filters of one plugin are made with. */
export interface InputMaker {
  readonly calls: Calls
  readonly waiting: Waiting | null
  readonly active: InputFilter['active']
  /** Whether the filter's state is in an instance that nobody else uses. */
  leases(f: GuestFunction): boolean
  handle(r: Request, conf: unknown, type: number): number
}

/** An input filter of a plugin as the server's modules have them. */
export function makeInputFilter(entry: FilterEntry, maker: InputMaker): InputFilter<unknown, OpenInput> {
  const { calls, waiting } = maker
  const { start, filter, end, conf: type } = entry
  const leased = maker.leases(filter)
  const begin = (r: Request, open: OpenInput, body: OpenBody | null): OpenBody | null => {
    open.begun = true
    if (body !== null && end !== null) r.onEnd(() => calls.bodies.end(end, r, body))
    return open.body = body
  }
  const whenLeased = async (r: Request, part: InputPart, open: OpenInput): Promise<InputPart | null | Verdict> => {
    const { serial } = r
    const rc = await waiting!.bodies.leaseForInput(r, filter)
    if (r.finished || r.serial !== serial) return null
    if (rc !== OK) return rc
    const body = open.begun ? open.body : begin(r, open, waiting!.bodies.start(start, r, open.conf, Kind.InputFilter))
    return body === null ? part : waiting!.bodies.filtered(filter, r, asBodyPart(part), body, Kind.InputFilter)
  }
  return {
    ...placeOf(entry.options), active: maker.active!,
    start: (r, conf) => {
      const open: OpenInput = { conf: maker.handle(r, conf, type), body: null, begun: false, refused: 0 }
      if (leased) return open
      try {
        return begin(r, open, calls.bodies.start(start, r, open.conf, calls.instance, Kind.InputFilter)) === null ? null : open
      } catch (error) {
        if (!(error instanceof Trap) || error.status === 0) throw error
        open.refused = error.status
        return open
      }
    },
    filter: (r, part, open) => {
      if (open.refused !== 0) return open.refused
      if (leased) return whenLeased(r, part, open)
      return guarded(calls, r, () => calls.bodies.part(filter, r, asBodyPart(part), open.body!, Kind.InputFilter))
    },
  }
}

function asBodyPart({ data, last }: InputPart): BodyPart {
  return { data, file: null, last, flush: false }
}

/** A filter's answer; where it trapped and there is no answer on its way yet, the status of `plugin_on_error`. Throws what it trapped with otherwise. */
export function guarded<T>(calls: Calls, r: Request, call: () => T): T | Verdict {
  try {
    return call()
  } catch (error) {
    return calls.bodies.statusFor(error, r)
  }
}

/** The members of a body filter that come from its options. */
export function bodyPlace(options: FilterOptions): Pick<BodyFilter, 'type' | 'onDemand' | 'buffered' | 'changes'> {
  return { ...placeOf(options), ...(options.changes ? { changes: true } : {}) }
}
