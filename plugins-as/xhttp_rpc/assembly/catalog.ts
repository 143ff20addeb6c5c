import { rpc_call } from '@vespid/sdk'
import { Json } from '@vespid/sdk/json'

/** A parameter of a command, as the command declares it, or as its usage tells. */
export class Parameter {
  constructor(readonly name: string, readonly type: string, readonly optional: bool, readonly rest: bool) {}
}

/** One command. */
export class Command {
  readonly group: string
  /** The call's form, and what it does. */
  readonly form: string
  readonly about: string
  parameters: Parameter[] = []
  /** Neither its declaration nor its usage tells what it takes. */
  open: bool = false

  constructor(readonly name: string, usage: string, readonly writes: bool, readonly isArray: bool) {
    this.group = name.substring(0, name.indexOf('.'))
    const colon = usage.indexOf(': ')
    const told = colon >= 0 && usage.startsWith(name)
    this.form = told ? usage.substring(0, colon) : name
    this.about = told ? usage.substring(colon + 2) : usage
  }
}

/** All commands of the server, by name; null when it does not tell. */
export function commands(): Command[] | null {
  const answer = Json.parse(rpc_call('system.describe'))
  const list = member(answer, 'result')
  if (list === null || !list.isArray) return null
  const all: Command[] = []
  for (let i = 0; i < list.length; i++) {
    const one = list.at(i)!
    const name = textOf(one, 'name')
    if (name.indexOf('.') <= 0) continue
    const array = one.get('array')
    const command = new Command(name, textOf(one, 'usage'), textOf(one, 'effect') != 'read', array !== null && array.bool)
    const declared = one.get('parameters')
    if (declared !== null && declared.isArray) command.parameters = declaredOnes(declared)
    else fromUsage(command)
    all.push(command)
  }
  return all
}

/** An object's member; null when there is none, or no object. */
function member(object: Json | null, name: string): Json | null {
  return object === null || !object.isObject ? null : object.get(name)
}

/** An object's member as text; '' when it is none. */
export function textOf(object: Json | null, name: string): string {
  const value = member(object, name)
  return value === null ? '' : value.text
}

function declaredOnes(list: Json): Parameter[] {
  const parameters: Parameter[] = []
  for (let i = 0; i < list.length; i++) {
    const one = list.at(i)!
    const optional = one.get('optional')
    const rest = one.get('rest')
    const last = rest !== null && rest.bool
    const mayMiss = last || optional !== null && optional.bool
    parameters.push(new Parameter(textOf(one, 'name'), textOf(one, 'type'), mayMiss, last))
  }
  return parameters
}

/** `plugin.show NAME`, `core.shutdown [GRACEFUL]`, `stats.fetch NAME...`: capitals are parameters. */
function fromUsage(command: Command): void {
  const words = command.form.split(' ')
  for (let i = 1; i < words.length; i++) {
    const bare = words[i].replaceAll('[', '').replaceAll(']', '').replaceAll('…', '').replaceAll('...', '')
    if (bare.length == 0 || bare != bare.toUpperCase() || bare == bare.toLowerCase() || bare.includes('|')) {
      command.open = true
      command.parameters = []
      return
    }
    const rest = words[i].includes('…') || words[i].includes('...')
    command.parameters.push(new Parameter(bare.toLowerCase(), '', words[i].includes('['), rest))
  }
}

/** A command by name, or null. */
export function find(all: Command[], name: string): Command | null {
  for (let i = 0; i < all.length; i++) if (all[i].name == name) return all[i]
  return null
}

/** The groups in order. */
export function groupsOf(all: Command[]): string[] {
  const groups: string[] = []
  for (let i = 0; i < all.length; i++) if (!groups.includes(all[i].group)) groups.push(all[i].group)
  return groups.sort()
}

/** The commands of a group in order. */
export function ofGroup(all: Command[], group: string): Command[] {
  const some: Command[] = []
  for (let i = 0; i < all.length; i++) if (all[i].group == group) some.push(all[i])
  return some
}
