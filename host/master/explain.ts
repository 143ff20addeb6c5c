/** `http.explain`: where a request would go, read off the cycle without running anything. */
import type { Place } from '../core/place.ts'
import { textOf } from '../core/text.ts'
import type { Cycle } from '../cycle.ts'
import type { CoreLocConf, CoreSrvConf } from '../http/core/conf.ts'
import { parseHost } from '../http/framing/host.ts'
import { normaliseTarget } from '../http/framing/uri.ts'
import { allOfInner } from '../http/hooks/verdicts.ts'
import type { Step } from '../http/phases.ts'
import type { Request } from '../http/request.ts'
import type { ListenAddress } from '../http/servers.ts'
import { Phase } from '../module.ts'
import { RpcCode, RpcError } from '../rpc/command.ts'
import { explainFilters } from './explainfilters.ts'
import { explainHooks } from './explainhooks.ts'

const phaseNames = Object.entries(Phase).map(([name]) => name.replace(/\B[A-Z]/g, (c) => `_${c}`).toLowerCase())

/**
 * The listening address, server, location and steps of a request, and the filters of its response. `host` is the request's Host header
 * (without it, the default server's), `listen` the address as `listen` names it (without it, the first). Rewrites are not
 * carried out: their steps are listed. Throws RpcError when the request could not be made.
 */
export function explain(cycle: Cycle, method: string, target: string, options: { readonly host: string, readonly listen: string }): unknown {
  const address = chooseAddress(cycle, options.listen)
  const host = options.host === '' ? '' : parseHost(options.host)?.host
  if (host === undefined) throw new RpcError(RpcCode.Failed, `invalid host "${options.host}"`)
  const server = address.find(host, scratch())
  const uri = normaliseTarget(target, server.mergeSlashes)
  if (uri === null) throw new RpcError(RpcCode.Failed, `invalid target "${target}"`, { note: 'the request would be answered with 400' })
  const found = server.location.locations?.find(uri.path, scratch()) ?? null
  const location = found ?? server.location
  return {
    request: `${method} ${target}`,
    uri: textOf(uri.path),
    listen: address.name,
    server: { name: textOf(server.serverName), ...where(server.place), default: server === address.defaultServer },
    location: found === null ? 'none matches, the server itself' : { name: locationName(found), ...where(found.place) },
    ...outcome(found, uri.path),
    steps: steps(server, location),
    ...hooks(cycle, address.defaultServer.location, location),
    filters: explainFilters(cycle, location),
  }
}

/** What a search for a location needs of a request: a place for the captures of a regex. */
function scratch(): Request {
  return { captures: null } as unknown as Request
}

function chooseAddress(cycle: Cycle, wanted: string): ListenAddress {
  const addresses = cycle.servers?.addresses ?? []
  if (addresses.length === 0) throw new RpcError(RpcCode.Failed, 'the configuration serves no http')
  if (wanted === '') return addresses[0]!
  const found = addresses.find(({ name, port }) => name === wanted || String(port) === wanted)
  if (found !== undefined) return found
  throw new RpcError(RpcCode.Failed, `no server listens on "${wanted}"`, { note: `there is ${addresses.map(({ name }) => name).join(', ')}` })
}

function where(place: Place | null): { at?: string } {
  return place === null || place.file === null ? {} : { at: `${textOf(place.file)}:${place.line}` }
}

function locationName(location: CoreLocConf): string {
  const { name } = location
  if (location.regex !== null) return `~ ${textOf(name)}`
  return textOf(location.exact ? `= ${name}` : location.noregex ? `^~ ${name}` : name)
}

/** What is decided before any step of the location runs. */
function outcome(found: CoreLocConf | null, path: string): { answer?: string } {
  if (found === null) return {}
  if (found.internal) return { answer: '404: the location is internal' }
  if (found.autoRedirect && path.length + 1 === found.name.length) return { answer: `301 to ${textOf(found.name)}` }
  return {}
}

/** The hooks with handlers here, when there are any. */
function hooks(cycle: Cycle, server: CoreLocConf, location: CoreLocConf): { hooks?: Record<string, string[]> } {
  const told = explainHooks(cycle, server, location)
  return told === null ? {} : { hooks: told }
}

/** `phase: module`, of hooks `hook: module`, in the order in which they run: to FIND_CONFIG those of the server, then those of the location. */
function steps(server: CoreSrvConf, location: CoreLocConf): string[] {
  const own = (step: Step) => step.handler !== null && step.check !== allOfInner
  const name = (step: Step) => `${step.hook === '' ? phaseNames[step.phase] : step.hook}: ${step.module}`
  const before = server.location.steps.steps.filter((step) => own(step) && step.phase < Phase.FindConfig)
  const after = location.steps.steps.filter((step) => own(step) && step.phase > Phase.FindConfig)
  if (location.handler === null) return [...before, ...after].map(name)
  // A content handler bound by a directive runs alone in its phase.
  return [...[...before, ...after.filter((step) => step.phase < Phase.Content || step.hook !== '')].map(name), `content: ${location.boundHandler?.step.module ?? 'content handler'}`]
}
