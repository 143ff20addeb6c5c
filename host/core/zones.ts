import { ConfigError } from './errors.ts'
import { SharedTable } from './sharedtable.ts'

/** The memory of a zone as it travels between threads and from one configuration to the next. */
export interface SharedZone {
  readonly name: string
  readonly kind: string
  readonly size: number
  readonly binding: string
  readonly memory: SharedArrayBuffer
}

/** A zone of a configuration: state that all workers share (ngx_shm_zone_t). */
export class Zone {
  readonly name: string
  /** Which module's: memory is not taken over by another. */
  readonly kind: string
  /** Bytes; 0 until the directive that says so was read. */
  size = 0
  /** What the entries depend on besides (the text of the key); a change of it on reload is refused with `rebound`. */
  binding = ''
  /** The complaint when the memory that would be taken over was bound to `previous`. */
  rebound: (previous: string) => string = (previous) =>
    `zone "${this.name}" uses "${this.binding}" while previously it used "${previous}"`
  /** What the module that defines the zone keeps with it; null while the zone is only used. */
  data: unknown = null
  /** The table; there once the configuration is complete. */
  table!: SharedTable
  memory: SharedArrayBuffer | null = null

  constructor(name: string, kind: string) {
    this.name = name
    this.kind = kind
  }
}

/** The zones of one configuration. */
export class Zones {
  private readonly zones = new Map<string, Zone>()

  /**
   * The zone of a name, made at its first mention: a definition gives its size in bytes, a use 0
   * (ngx_shared_memory_add). Throws ConfigError when it is of another kind or size.
   */
  add(name: string, size: number, kind: string): Zone {
    let zone = this.zones.get(name)
    if (zone === undefined) this.zones.set(name, zone = new Zone(name, kind))
    if (zone.kind !== kind) {
      throw new ConfigError(`the shared memory zone "${name}" is already declared for a different use`)
    }
    if (zone.size === 0) zone.size = size
    if (size !== 0 && size !== zone.size) {
      const declared = `conflicts with already declared size ${zone.size}`
      throw new ConfigError(`the size ${size} of shared memory zone "${name}" ${declared}`)
    }
    return zone
  }

  /** The zone of a name, or null. */
  get(name: string): Zone | null { return this.zones.get(name) ?? null }

  /**
   * Gives every zone its memory: that of `previous` where name, kind and size are the same, else new. Called once, when
   * the configuration is complete; in a worker `previous` is what the master's own configuration got. Returns what is
   * wrong (ngx_init_cycle's messages).
   */
  open(previous: readonly SharedZone[]): ConfigError[] {
    const errors: ConfigError[] = []
    for (const zone of this.zones.values()) {
      const complaint = openZone(zone, previous)
      if (complaint !== null) errors.push(new ConfigError(complaint))
    }
    return errors
  }

  /** The memory of all zones, to be given to workers and to the next configuration. */
  shared(): SharedZone[] {
    const list: SharedZone[] = []
    for (const { name, kind, size, binding, memory } of this.zones.values()) {
      if (memory !== null) list.push({ name, kind, size, binding, memory })
    }
    return list
  }
}

/** To be called when a thread has ended: gives back what it had locked. */
export function releaseZones(zones: readonly SharedZone[], thread: number): void {
  for (const { memory } of zones) new SharedTable(memory).threadEnded(thread)
}

function openZone(zone: Zone, previous: readonly SharedZone[]): string | null {
  if (zone.size === 0) return `zero size shared memory zone "${zone.name}"`
  const old = previous.find((other) => other.name === zone.name && other.kind === zone.kind && other.size === zone.size)
  if (old !== undefined && old.binding !== zone.binding) return zone.rebound(old.binding)
  try {
    zone.memory = old?.memory ?? SharedTable.format(zone.size)
  } catch {
    return `there is no memory for the shared memory zone "${zone.name}" of ${zone.size} bytes`
  }
  zone.table = new SharedTable(zone.memory)
  return null
}
