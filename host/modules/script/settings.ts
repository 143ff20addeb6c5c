/** Settings that may be changed at run time: `core.debug` and the file's own `group.name = value` (Kamailio's cfg_rpc, kamailio.md §3.2). */
import type { Command, Parameter } from '../../rpc/command.ts'
import type { Cycle } from '../../cycle.ts'
import type { SettingValue } from '../../core/settings.ts'
import { Level } from '../../core/log.ts'
import { runtimeSettings } from '../../core/settings.ts'
import { RpcError } from '../../rpc/command.ts'
import { positional, scan, toInt } from '../../rpc/scan.ts'
import { scriptModule } from './module.ts'
import type { ScriptMainConf } from './conf.ts'

/** What it is in the configuration, and whether it can be changed. */
interface Setting {
  readonly group: string
  readonly name: string
  readonly configured: SettingValue
  readonly fixed: boolean
}

/** Kamailio's default when nothing is said. */
const standardDebug = 0

function settingsOf(cycle: Cycle): Setting[] {
  const main = cycle.http!.main[cycle.indexOf(scriptModule)] as ScriptMainConf
  const debug = Number.isFinite(main.debug) ? main.debug : standardDebug
  const own = new Map<string, Setting>()
  for (const { group, name, value } of cycle.script?.variables ?? []) own.set(`${group}.${name}`, { group, name, configured: value, fixed: false })
  return [
    { group: 'core', name: 'debug', configured: debug, fixed: false }, { group: 'core', name: 'max_while_loops', configured: main.maxWhileLoops, fixed: true }, ...own.values(),
  ]
}

const groupOnly: readonly Parameter[] = [{ name: 'group', type: 'string', optional: true }]
const groupAndName: readonly Parameter[] = [{ name: 'group', type: 'string' }, { name: 'name', type: 'string', optional: true }]
const toSet = (type: Parameter['type']): readonly Parameter[] => [{ name: 'group', type: 'string' }, { name: 'name', type: 'string' }, { name: 'value', type }]
const level: readonly Parameter[] = [{ name: 'level', type: 'int', optional: true }]

/** The commands, for a cycle with scripts. */
export function settingCommands(cycle: Cycle): Command[] {
  const settings = settingsOf(cycle)
  const { number } = cycle
  const value = ({ group, name, configured }: Setting): SettingValue => runtimeSettings.get(number, `${group}.${name}`) ?? configured
  const find = (group: unknown, name: unknown): Setting | undefined => settings.find((one) => one.group === group && one.name === name)
  const change = (group: unknown, name: unknown, given: SettingValue, delayed: boolean): void => {
    const setting = find(group, name)
    if (setting === undefined || setting.fixed) throw new RpcError(400, 'Failed to set the variable')
    const fitting = typeof setting.configured === 'number' ? toInt(given) : String(given)
    if (!runtimeSettings.set(number, `${setting.group}.${setting.name}`, fitting, delayed)) throw new RpcError(400, 'Failed to set the variable')
    if (!delayed) cycle.log.write(Level.notice, `${setting.group}.${setting.name} has been changed to ${fitting}`)
  }
  const set = (name: string, type: Parameter['type'], delayed: boolean): Command => ({
    name, usage: `${name} GROUP NAME VALUE: ${delayed ? 'set a variable when cfg.commit is called' : 'set a variable'}`, effect: 'write', parameters: toSet(type),
    run(params) {
      const [group, of, given] = scan(params, setting(params, type))
      if (given === undefined) throw new RpcError(400, 'Failed to set the variable')
      change(group, of, given, delayed)
      return {}
    },
  })
  return [{
    name: 'cfg.list', usage: 'cfg.list [GROUP]: the variables as "group: name"', effect: 'read', array: true, parameters: groupOnly,
    run: (params) => {
      const [wanted] = scan(params, groupOnly)
      return settings.filter(({ group }) => wanted === undefined || group === wanted).map(({ group, name }) => `${group}: ${name}`)
    },
  }, {
    name: 'cfg.get', usage: 'cfg.get GROUP [NAME]: a variable, or those of a group', effect: 'read', parameters: groupAndName,
    run: (params) => {
      const [group, name] = scan(params, groupAndName)
      if (group === undefined || (name === undefined && positional(params, groupAndName).length > 1)) throw new RpcError(500, 'Failed to get the parameters')
      if (name === undefined) return Object.fromEntries(settings.filter((one) => one.group === group).map((one) => [one.name, value(one)]))
      const found = find(group, name)
      if (found === undefined) throw new RpcError(400, 'Failed to get the variable')
      return value(found)
    },
  }, {
    name: 'cfg.help', usage: 'cfg.help GROUP NAME: the type of a variable', effect: 'read', parameters: groupAndName,
    run: (params) => {
      const found = find(...(scan(params, groupAndName) as unknown as [unknown, unknown]))
      if (found === undefined) throw new RpcError(400, 'Failed to get the variable description')
      return `(parameter type is ${typeof found.configured === 'number' ? 'integer' : 'string'})`
    },
  },
  ...['cfg.seti', 'cfg.set_now_int'].map((name) => set(name, 'int', false)), ...['cfg.sets', 'cfg.set_now_string', 'cfg.set'].map((name) => set(name, 'text', false)),
  set('cfg.set_delayed_int', 'int', true), ...['cfg.set_delayed_string', 'cfg.set_delayed'].map((name) => set(name, 'text', true)),
  {
    name: 'cfg.commit', usage: 'cfg.commit: set what was put down by cfg.set_delayed', effect: 'write',
    run: () => {
      if (!runtimeSettings.commit(number)) throw new RpcError(400, 'Failed to commit the changes')
      return {}
    },
  }, {
    name: 'cfg.rollback', usage: 'cfg.rollback: drop what was put down by cfg.set_delayed', effect: 'write',
    run: () => {
      if (!runtimeSettings.rollback(number)) throw new RpcError(400, 'Failed to drop the changes')
      return {}
    },
  }, {
    name: 'cfg.diff', usage: 'cfg.diff: what cfg.commit would change', effect: 'read', array: true,
    run: () => runtimeSettings.delayed(number).map(([key, next]) => {
      const dot = key.indexOf('.')
      const found = find(key.slice(0, dot), key.slice(dot + 1))
      return { 'group name': key.slice(0, dot), 'variable name': key.slice(dot + 1), 'old value': found === undefined ? null : value(found), 'new value': next }
    }),
  }, {
    name: 'cfg.reset', usage: 'cfg.reset GROUP: back to what the configuration says; only where every variable can be set', effect: 'write', parameters: groupOnly,
    run: (params) => {
      const [group] = scan(params, groupOnly)
      const members = settings.filter((one) => one.group === group)
      if (members.length === 0 || members.some(({ fixed }) => fixed) || !runtimeSettings.reset(number, (key) => key.startsWith(`${group}.`))) throw new RpcError(500, 'Reset failed')
      return {}
    },
  },
  ...['cfg.del', 'cfg.del_delayed', 'cfg.add_group_inst', 'cfg.del_group_inst'].map((name): Command => ({
    name, usage: `${name} GROUP[ID]: not there, groups have no instances here`, effect: 'write', parameters: groupOnly,
    run: (params) => {
      const instance = /\[\d+\]$/.test(String(scan(params, groupOnly)[0] ?? ''))
      const failed = name.endsWith('_inst') ? `Failed to ${name.slice(4, 7) === 'add' ? 'add' : 'delete'} the group instance` : 'Failed to delete the value'
      throw new RpcError(400, instance ? failed : 'Wrong group syntax. Use "group[id]"')
    },
  })),
  {
    name: 'corex.debug', usage: 'corex.debug [LEVEL]: tell or set core.debug, the level of xlog', effect: 'write', parameters: level,
    run: (params) => {
      const [wanted] = scan(params, level)
      const old = value(find('core', 'debug')!)
      if (wanted === undefined) return { debug: old }
      change('core', 'debug', wanted, false)
      return { old, new: wanted }
    },
  }]
}

/** `cfg.set` of a number takes the number as it is, not as Kamailio's unsigned text. */
function setting(params: unknown, type: Parameter['type']): readonly Parameter[] {
  const values = Array.isArray(params) ? params : Object.values(params ?? {})
  return toSet(typeof values[2] === 'number' ? 'int' : type)
}
