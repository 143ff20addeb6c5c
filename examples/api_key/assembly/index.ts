import { LogLevel, Phase, Request, Status, Where, counter, directive, phase } from '@vespid/sdk'

/** The keys of a place: `api_key KEY;`, any number of times. */
class Conf { keys: string[] = [] }

function add(conf: Conf, args: string[]): string | null {
  const key = args[1]
  if (key.length < 8) return `api key "${key}" is too short, it needs 8 characters`
  if (conf.keys.includes(key)) return `api key "${key}" is given twice`
  conf.keys.push(key)
  return null
}

/** A place with keys of its own does not take those of the place around it. */
function merge(parent: Conf, child: Conf): void {
  if (child.keys.length == 0) child.keys = parent.keys
}

directive<Conf>('api_key', Where.Http | Where.Server | Where.Location, 1, add, merge)

const refused = counter('refused', 'requests without a valid key')

/** Compares without telling by its time how much of the key was right. */
function same(a: string, b: string): bool {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ (i < b.length ? b.charCodeAt(i) : 0)
  return difference == 0
}

phase<Conf>(Phase.Access, (r: Request, conf: Conf): Status => {
  if (conf.keys.length == 0) return Status.Declined
  const key = r.header('x-api-key')
  if (key !== null) for (let i = 0; i < conf.keys.length; i++) if (same(key, conf.keys[i])) return Status.Ok
  refused.add()
  r.log(LogLevel.Error, key === null ? 'no api key' : 'unknown api key')
  return Status.Unauthorized
})
