/** A module with filters of every kind for tests: which of them a location has, its directives say. */
import { Args, DECLINED, OK, Phase, Where } from '../../host/module.ts'
import type { BodyFilter, Buffered, Directive, InputFilter, Module, Verdict } from '../../host/module.ts'
import type { BodyPart, InputPart } from '../../host/http/response.ts'
import type { Request } from '../../host/http/request.ts'

/** What one filter does; `state` is a fresh object for each body. */
export interface Lab {
  readonly name: string
  readonly order?: number
  readonly type?: number
  readonly onDemand?: boolean
  readonly changes?: boolean
  readonly buffered?: Buffered
  body?(r: Request, part: BodyPart, state: { seen: number }): ReturnType<BodyFilter['filter']>
  input?(r: Request, part: InputPart, state: { seen: number }): ReturnType<InputFilter['filter']>
  start?(r: Request): { seen: number } | null
  /** Says that the body's length is not known; default for body filters. */
  readonly keepsLength?: boolean
}

/** A module per filter: the directive with its name puts it into a location. */
export function modules(labs: readonly Lab[]): Module[] {
  return labs.map((lab): Module => {
    const { name, onDemand, changes, buffered, type } = lab
    const active = (conf: { on?: boolean }): boolean => conf.on === true
    const start = (r: Request): { seen: number } | null => (lab.start === undefined ? { seen: 0 } : lab.start(r))
    const place = {
      ...(type === undefined ? {} : { type }), ...(onDemand === true ? { onDemand: name } : {}), ...(buffered === undefined ? {} : { buffered: () => buffered }),
    }
    return {
      name, ...(lab.order === undefined ? {} : { order: lab.order }),
      createLocConf: () => ({}),
      mergeLocConf: (_cf, parent, child) => { child.on ??= parent.on },
      directives: [{ name, where: Where.Http | Where.Server | Where.Location, args: Args.None, conf: 'loc', set: (_cf, _directive, conf) => { conf.on = true } }],
      headerFilters: lab.body === undefined || lab.keepsLength === true || onDemand === true ? [] : [{ active, filter: (r) => {
        r.headersOut.contentLength = -1
        return OK
      } }],
      bodyFilters: lab.body === undefined ? [] : [{ ...place, active, start, filter: lab.body, ...(changes === true ? { changes } : {}) }],
      inputFilters: lab.input === undefined ? [] : [{ ...place, active, start, filter: lab.input }],
    }
  })
}

/** Changes the bytes of a part. */
export function mapped(part: BodyPart, change: (text: string) => string): BodyPart {
  return { ...part, data: part.data === null ? null : Buffer.from(change(part.data.latin1Slice()), 'latin1') }
}

/** The same for a part of a request. */
export function mappedInput(part: InputPart, change: (text: string) => string): InputPart {
  return { ...part, data: part.data === null ? null : Buffer.from(change(part.data.latin1Slice()), 'latin1') }
}

export const part = (text: string, last = false): BodyPart => ({ data: Buffer.from(text, 'latin1'), file: null, last, flush: false })

function content(name: string, run: (r: Request, args: readonly string[]) => Verdict | Promise<Verdict>): Directive {
  return { name, where: Where.Location, args: Args.Any, conf: 'loc', set: (cf) => {
    const core = cf.http!.loc.find((conf: any) => conf !== undefined && 'handler' in (conf ?? {})) as any
    const args = cf.args.slice(1)
    core.handler = (r: Request) => run(r, args)
  } }
}

/** Handlers: `parts A B C` answers in these parts without a length, `echo` with the request body, `insert MODULE NAME` inserts a filter in access. */
export const handlers: Module = {
  name: 'lab',
  createLocConf: () => ({ inserts: undefined as string[][] | undefined }),
  mergeLocConf: (_cf, parent, child) => { child.inserts ??= parent.inserts },
  directives: [
    content('parts', async (r, args) => {
      r.headersOut.status = 200
      r.headersOut.contentType = 'text/plain'
      const rc = await r.sendHeader()
      if (rc !== OK) return rc
      for (let i = 0; i < args.length; i++) {
        const sent = await r.output(part(args[i]!, i === args.length - 1))
        if (sent !== OK) return sent
      }
      return OK
    }),
    content('echo', async (r) => {
      const rc = await r.readBody()
      if (rc !== OK) return rc
      const trailers = r.body.trailers.length === 0 ? '' : `|${r.body.trailers.join(',')}`
      const where = r.bodyFile === null ? 'memory' : 'file'
      return r.respond(200, 'text/plain', `${where} ${r.contentLength} ${r.header('content-length')}|${r.body.bytes().latin1Slice()}${trailers}`)
    }),
    { name: 'insert', where: Where.Location, args: Args.Take2, conf: 'loc', set: (cf, _directive, conf) => {
      (conf.inserts ??= []).push([cf.args[1]!, cf.args[2]!])
    } },
  ],
  phases: [{ phase: Phase.Access, active: (conf) => conf.inserts !== undefined, handler: (r, conf) => {
    for (const [module, name] of conf.inserts as string[][]) if (!r.insertFilter(module!, name!)) return 501
    return DECLINED
  } }],
}
