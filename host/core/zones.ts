import { ConfigError } from './errors.ts'
import { SharedTable } from './sharedtable.ts'
import { formatSize } from './units.ts'
import { ZoneStore } from './zonestore.ts'

/** The memory of a zone as it travels between threads and from one configuration to the next. */
export interface SharedZone {
  readonly name: string
  readonly kind: string
  readonly size: number
  readonly binding: string
  readonly memory: SharedArrayBuffer
  /** Where changes wait for the file; null when the zone has none. */
  readonly journal: SharedArrayBuffer | null
}

/** What a `zone` directive says, besides name and size: what a full zone does, and the file. */
export interface StoreSettings {
  readonly evict: boolean
  /** Absolute path, or null. */
  readonly file: string | null
  /** Milliseconds between two times that the file is made safe. */
  readonly sync: number
}

/** The kind of zones that the `zone` directive defines. */
export const storeKind = 'zone'

/** The kind of zones that are checked and get no memory: those of `upstream{}`, whose state is each worker's own. */
export const memorylessKind = 'upstream'

/** How long the lock of a zone is waited for, in milliseconds: its holder may be another thread that has died, and then the zone is emptied soon. */
const releasePatience = 1000

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
  /** Takes out of the table, which is locked, what a thread that has died had put in for as long as it needs it; null: nobody does that. */
  release: ((table: SharedTable, thread: number) => void) | null = null
  /** The table; there once the configuration is complete. */
  table!: SharedTable
  memory: SharedArrayBuffer | null = null
  /** Of a zone of kind `zone`: its settings; null for any other. */
  settings: StoreSettings | null = null
  journal: SharedArrayBuffer | null = null
  /** The memory is new with this configuration. */
  fresh = false
  private made: ZoneStore | null = null

  constructor(name: string, kind: string) {
    this.name = name
    this.kind = kind
  }

  /** The key/value store of a zone of kind `zone`; there once the configuration is complete. */
  get store(): ZoneStore {
    return this.made ??= new ZoneStore(this.name, this.table, this.size, this.settings!.evict, this.journal)
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

  /** The key/value zones in the order of their directives. */
  stores(): Zone[] { return [...this.zones.values()].filter(({ settings }) => settings !== null) }

  /** The zone of a name, or null. */
  get(name: string): Zone | null { return this.zones.get(name) ?? null }

  /**
   * Gives every zone its memory: that of `previous` where name, kind and size are the same, else new. Called once, when
   * the configuration is complete; in a worker `previous` is what the master's own configuration got. Returns what is
   * wrong (ngx_init_cycle's messages); `warn` gets what is only worth telling.
   */
  open(previous: readonly SharedZone[], warn: (error: ConfigError) => void = () => {}): ConfigError[] {
    const errors: ConfigError[] = []
    for (const zone of this.zones.values()) {
      const complaint = openZone(zone, previous)
      if (complaint !== null) errors.push(new ConfigError(complaint))
      const other = zone.settings === null ? undefined : previous.find(({ name }) => name === zone.name)
      if (other?.kind === storeKind && other.size !== zone.size) warn(new ConfigError(resized(zone, other.size)))
    }
    return errors
  }

  /**
   * A thread has ended: gives back what it had locked and taken. A zone that it was changing is emptied, and `emptied` told, which may fill it
   * again before anybody else sees it.
   */
  threadEnded(thread: number, emptied: (zone: Zone) => void): void {
    for (const zone of this.zones.values()) {
      const { memory, table, release } = zone
      if (memory === null || table.threadEnded(thread, () => emptied(zone)) || release === null || !table.tryLock(releasePatience)) continue
      release(table, thread)
      table.unlock()
    }
  }

  /** The memory of all zones, to be given to workers and to the next configuration. */
  shared(): SharedZone[] {
    const list: SharedZone[] = []
    for (const { name, kind, size, binding, memory, journal } of this.zones.values()) {
      if (memory !== null) list.push({ name, kind, size, binding, memory, journal })
    }
    return list
  }
}

function openZone(zone: Zone, previous: readonly SharedZone[]): string | null {
  if (zone.size === 0) return `zero size shared memory zone "${zone.name}"`
  if (zone.kind === memorylessKind) return null
  const old = previous.find((other) => other.name === zone.name && other.kind === zone.kind && other.size === zone.size)
  if (old !== undefined && old.binding !== zone.binding) return zone.rebound(old.binding)
  try {
    zone.memory = old?.memory ?? SharedTable.format(zone.size)
    if (zone.settings !== null && zone.settings.file !== null) {
      zone.journal = old?.journal ?? new SharedArrayBuffer(journalSize(zone.size))
    }
  } catch {
    return `there is no memory for the shared memory zone "${zone.name}" of ${zone.size} bytes`
  }
  zone.fresh = old === undefined
  zone.table = new SharedTable(zone.memory)
  return null
}

/** Room for several of the zone's largest values, and for what a busy zone changes in a tenth of a second. */
function journalSize(size: number): number {
  return Math.max(65536, Math.min(size, 4 << 20))
}

function resized(zone: Zone, before: number): string {
  const becomes = zone.settings!.file === null ? 'it begins empty' : 'it is filled from its file'
  return `zone "${zone.name}" is ${formatSize(zone.size)} instead of ${formatSize(before)} now: ${becomes}`
}
