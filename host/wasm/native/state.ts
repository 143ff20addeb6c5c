import type { Frame } from '../frame.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import { Level } from '../../core/log.ts'
import { Kind } from '../frame.ts'
import { GuestFault, Trap } from '../trap.ts'
import { StateFlag, bounds } from './abi.ts'

const none = Buffer.alloc(0)

/** How a plugin hands its state over to the instance that takes its place: what it registered with `state`. */
export interface StateEntry {
  /** Of the form in which `save` gives the state. */
  readonly version: number
  readonly save: GuestFunction
  readonly restore: GuestFunction
  /** A configuration in which the state cannot be taken over is refused. */
  readonly required: boolean
}

/** The functions by which state is handed over. */
export function stateImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  return {
    state: (version, save, saveData, restore, restoreData, flags) => {
      instance.expect(Kind.Register, 'state')
      if (plugin.state !== null) throw new GuestFault('registered its state twice')
      if ((flags! & ~StateFlag.Required) !== 0) throw new GuestFault(`registered its state with flags ${flags}`)
      plugin.state = {
        version: version!, save: instance.required(save!, saveData!, 'save of its state'),
        restore: instance.required(restore!, restoreData!, 'restore of its state'), required: (flags! & StateFlag.Required) !== 0,
      }
    },
    state_put: (pointer, length) => {
      const frame = instance.expect(Kind.State, 'state_put')
      if (length! > bounds.state) throw new GuestFault(`saved a state of ${length} bytes; ${bounds.state} are allowed`)
      const at = instance.range(pointer!, length!)
      frame.partOut = Buffer.from(instance.bytes.subarray(at, at + length!))
    },
    state_read: (offset, out, capacity) => {
      const { result } = instance.expect(Kind.State, 'state_read')
      if (offset! < 0 || capacity! < 0) throw new GuestFault(`read its state from ${offset}, ${capacity} bytes`)
      const at = instance.range(out!, capacity!)
      const bytes = result === null ? none : result.body
      return offset! >= bytes.length ? 0 : bytes.copy(instance.bytes, at, offset, Math.min(bytes.length, offset! + capacity!))
    },
  }
}

/**
 * Hands the state of one instance over to the one that takes its place. `trial`: only to see whether that can be done, for plugins which
 * insist; the new instance is put back. Returns why a plugin that insists cannot go on; what becomes of the others is logged.
 */
export function takeOver(from: NativePlugin, to: NativePlugin, trial: boolean): string | null {
  const { state: old } = from
  const { state: entry } = to
  if (old === null || entry === null || (trial && !entry.required)) return null
  const { instance, services, name } = to
  let bytes: Buffer | null = null
  let reason: string | null
  try {
    bytes = save(from.instance, old)
    if (bytes === null) return null
    reason = restore(instance, entry, old.version, bytes) ? null : 'it was refused'
  } catch (error) {
    if (!(error instanceof Trap)) throw error
    reason = `${bytes === null ? 'saving' : 'restoring'} it trapped: ${error.text}`
  }
  if (trial || reason !== null) instance.reset()
  // Every request begins with the snapshot: what is not in it would be gone.
  else if (instance.program.settings.isolation === 'request') instance.freeze()
  const size = bytes === null ? '' : `, ${bytes.length} bytes`
  if (reason === null) {
    if (!trial) services.log?.(Level.info, `plugin ${name} took over its state (version ${old.version}${size})`)
    return null
  }
  const text = `the state of plugin "${name}" (version ${old.version}${size}) was not taken over: ${reason}`
  if (trial) return text
  services.log?.(Level.warn, `${text}; it starts afresh`)
  return null
}

function save(instance: Instance, { save }: StateEntry): Buffer | null {
  return instance.run(Kind.State, save.label, (frame: Frame) => {
    save.calls++
    save.call(save.data)
    return frame.partOut
  })
}

function restore(instance: Instance, { restore }: StateEntry, version: number, body: Buffer): boolean {
  return instance.run(Kind.State, restore.label, (frame: Frame) => {
    frame.result = { body, headers: none }
    restore.calls++
    return restore.call(restore.data, version, body.length) !== 0
  })
}
